"""Whatever stands in an rsi.toml, it is read or refused in one line; never a traceback."""

import json
import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rsi.cli.main import main
from rsi.core.errors import UserError
from rsi.targets import load_target
from tests.unit.targets.support import SPEC, write

LINES = SPEC.splitlines()
VALUES = st.one_of(
    st.text(max_size=20).map(lambda text: json.dumps(text)),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["true", "[]", "{}", "[1, 'a']", "nan", "inf", "[[]]", "{a = 1}", "1979-05-27", "[''.'']", "''", '["../x"]', '"a:b"']),
)
KEYS = st.sampled_from(
    [*(line.partition(" =")[0] for line in LINES), "metric", "low", "high", "tier", "case", "score", "", "a.b.c", '"\\u0000"']
)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """The text of a good file with some lines changed, dropped, doubled or shuffled, or with bytes of chance in it."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.integers(0, 4))
        if kind == 0:
            del lines[place]
        elif kind == 1:
            lines.insert(place, lines[draw(st.integers(0, len(lines) - 1))])
        elif kind == 2:
            lines[place] = f"{lines[place].partition(' =')[0]} = {draw(VALUES)}"
        elif kind == 3:
            lines.insert(place, f"{draw(KEYS)} = {draw(VALUES)}")
        else:
            random.Random(draw(st.integers(0, 99))).shuffle(lines)
        lines = lines or [""]
    text = "\n".join(lines).encode("utf-8", "replace")
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from([b"", b"", b"\xff", b"\0", b"\r", b"[" * 3_000])) + text[at:]


@given(raw=broken())
def test_a_broken_spec_is_one_line_that_names_the_file(tmp_path: Path, raw: bytes) -> None:
    write(tmp_path)
    (tmp_path / "rsi.toml").write_bytes(raw)
    try:
        load_target(tmp_path)
    except UserError as error:
        assert str(tmp_path) in str(error) or "rsi-agent.toml" in str(error)
        assert "\n" not in str(error)


def test_the_command_line_says_it_in_one_line_and_ends_with_code_2(tmp_path: Path, capsys: object) -> None:
    write(tmp_path, SPEC.replace("timeout_s", "timeout"))
    assert main(["check", str(tmp_path)]) == 2
    assert main(["check", str(tmp_path / "absent")]) == 2
    assert main(["init", str(tmp_path)]) == 2
