"""The kernel's side of the jail: what bytes mean, what is said of a machine, folders of any shape, ordinary users."""

import json
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsi.core.errors import JailError, UserError
from rsi.core.protocols import Limits
from rsi.core.records import Outcome
from rsi.kernel.sandbox import TIERS, ZygoteJail, capabilities, open_jail, unreachable
from rsi.kernel.sandbox.clear import clear
from rsi.kernel.sandbox.reading import Ending, legible, plain_reason, understand
from rsi.testing.conformance.jail import ask

SOURCE = Path(__file__).parents[2] / "src"


def framed(data: object) -> bytes:
    body = json.dumps(data).encode()
    return struct.pack(">Q", len(body)) + body


def ending(result: bytes = b"", *, status: int | None = 0, told: bool = False, full: bool = False, cpu_s: float = 0.0) -> Ending:
    return Ending(status=status, told=told, full=full, result=result, cpu_s=cpu_s)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (ending(framed({"nonce": "n", "value": 1})), Outcome.ANSWERED),
        (ending(framed({"nonce": "n", "value": 1}), told=True), Outcome.TIMED_OUT),
        (ending(framed({"nonce": "n", "value": 1}) + b"x"), Outcome.VIOLATION),
        (ending(framed({"nonce": "m", "value": 1})), Outcome.VIOLATION),
        (ending(framed({"nonce": "n", "value": 1, "more": 1})), Outcome.VIOLATION),
        (ending(framed({"nonce": "n", "error": "fine", "text": ""})), Outcome.VIOLATION),
        (ending(framed([1])), Outcome.VIOLATION),
        (ending(framed({"nonce": "n", "error": "memory", "text": "x"})), Outcome.OUT_OF_MEMORY),
        (ending(framed({"nonce": "n", "value": 1})[:-1]), Outcome.CRASHED),
        (ending(struct.pack(">Q", 2**60)), Outcome.MALFORMED),
        (ending(struct.pack(">Q", 3) + b"NaN"), Outcome.MALFORMED),
        (ending(), Outcome.CRASHED),
        (ending(status=None), Outcome.CRASHED),
        (ending(status=24), Outcome.TIMED_OUT),
        (ending(status=11), Outcome.CRASHED),
        (ending(status=35), Outcome.CRASHED),
        (ending(status=31), Outcome.VIOLATION),
        (ending(status=31, told=True), Outcome.VIOLATION),
        (ending(framed({"nonce": "n", "value": 1}), status=31), Outcome.VIOLATION),
        (ending(framed({"nonce": "n", "value": 1}), full=True), Outcome.OUT_OF_MEMORY),
        (ending(status=9), Outcome.OUT_OF_MEMORY),
        (ending(status=9, cpu_s=500), Outcome.TIMED_OUT),
    ],
)
def test_the_end_of_a_call_has_one_meaning(end: Ending, outcome: Outcome) -> None:
    found = understand(end, "n", Limits())
    assert found.outcome is outcome
    assert (found.value is None) == (outcome is not Outcome.ANSWERED)
    assert bool(found.reason) == (outcome is not Outcome.ANSWERED)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ([{"value": 1}, {"error": "x"}], True),
        ([{"value": None}, {"value": []}], True),
        ([{"value": 1}], False),
        ([{"value": 1}, {"value": 1}, {"value": 1}], False),
        ([{"value": 1}, {"value": 1, "error": ""}], False),
        ([{"value": 1}, {}], False),
        ([{"value": 1}, {"error": 3}], False),
        ([{"value": 1}, [1]], False),
        ({"value": 1, "error": 2}, False),
        (2, False),
    ],
)
def test_a_call_for_each_item_is_answered_by_one_value_or_error_for_each(value: object, *, good: bool) -> None:
    found = understand(ending(framed({"nonce": "n", "value": value})), "n", Limits(), 2)
    assert found.outcome is (Outcome.ANSWERED if good else Outcome.VIOLATION)
    assert good or found.reason.startswith("message of unknown shape: not one value or error for each of 2 items")


def test_a_reason_names_no_folder_and_no_address_of_this_machine() -> None:
    text = 'File "/dev/shm/j-1/a.py", line 1; <X object at 0x7f0011223344>'
    assert plain_reason(text, {"/dev/shm/j-1": ""}) == 'File "a.py", line 1; <X object at 0x…>'


def test_what_cannot_be_seen_becomes_visible_and_the_rest_stays() -> None:
    assert legible("naïve 🐍\n\tx") == "naïve 🐍\n\tx"
    assert legible("\x1b[31m\u202e\r\x00\x9b") == "\\x1b[31m\\u202e\\r\\x00\\x9b"


def test_the_strongest_tier_that_works_is_taken() -> None:
    with open_jail() as jail:
        assert jail.tier == next(tier for tier in TIERS if unreachable(tier) is None)


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(UserError, match="choose one of auto, S3, S2, S1"):
        open_jail(tier="S9")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("numpie", "not installed here; install it with: pip install numpie"),
        ("numpie.linalg", "pip install numpie"),
        ("rsi", "not installed"),
        ("rsi.kernel", "not installed"),
        ("../numpy", "no name of a module"),
        ("", "no name of a module"),
        ("antigravity", "no name of a module"),
    ],
)
def test_a_package_that_cannot_be_preloaded_is_named_with_what_to_do(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        open_jail(preload=("math", name))
    assert name.partition(".")[0] in str(caught.value)


def test_a_package_that_is_not_installed_but_only_lies_on_the_path_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lying_about.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="lying_about cannot be preloaded: only packages that are installed"):
        open_jail(preload=("lying_about",))


def test_preloaded_modules_are_there_and_cost_nothing_again() -> None:
    with open_jail(preload=("fractions",)) as jail:
        assert ask(jail, "import sys\ndef f(x):\n    return 'fractions' in sys.modules").value is True


def test_without_bubblewrap_people_are_told_what_is_missing_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(JailError, match="apt install bubblewrap"):
        ZygoteJail(tier="S3")


def test_what_is_enforced_is_said_and_what_is_not_is_never_claimed() -> None:
    with ZygoteJail(tier="S1") as jail:
        said = {item.name: item for item in capabilities(jail)}
    assert not said["network"].enforced and "not at this tier" in said["network"].how
    assert said["answers and results"].enforced
    for tier in ("S2", "S3"):
        if unreachable(tier) is None:
            with ZygoteJail(tier=tier) as jail:
                assert all(item.enforced for item in capabilities(jail) if item.name in ("network", "starting processes and threads"))


def test_a_folder_of_any_depth_and_rights_is_emptied_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "shut").mkdir(mode=0o000)
    place = os.open(folder, os.O_RDONLY)
    for index in range(1500):
        os.mkdir("d", dir_fd=place)
        deeper = os.open("d", os.O_RDONLY, dir_fd=place)
        os.symlink(outside, "link", dir_fd=deeper)
        if index % 100 == 0:
            os.mkdir("shut", mode=0o000, dir_fd=deeper)
        os.close(place)
        place = deeper
    os.close(place)
    assert clear(str(folder))
    assert list(folder.iterdir()) == [] and (outside / "kept").read_text() == "kept"


AS_NOBODY = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.path.insert(0, {source!r})
from rsi.core.protocols import Call
from rsi.kernel.sandbox import ZygoteJail, unreachable
files = {{"guest.py": b"import os, tempfile\\ndef f(x):\\n    open('note', 'w').close()\\n    return [x, os.listdir('.')]"}}
for tier in ("S3", "S2", "S1"):
    if unreachable(tier) is None:
        with ZygoteJail(tier=tier) as jail:
            reply = jail.call(Call(files=files, module="guest", function="f", payload=5))
            print(tier, reply.value and reply.value[0], jail.enforced["uid"], reply.reason)
"""


@pytest.fixture
def shared_copy() -> Iterator[Path]:
    """The jail's source where everybody can read it."""
    folder = Path(tempfile.mkdtemp(prefix="rsi-copy-"))
    folder.chmod(0o755)
    for part in ("core", "kernel/sandbox"):
        shutil.copytree(SOURCE / "rsi" / part, folder / "rsi" / part, ignore=shutil.ignore_patterns("__pycache__"))
    for package in ("rsi", "rsi/kernel"):
        (folder / package / "__init__.py").write_text("")
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_user_gets_a_jail_too(shared_copy: Path) -> None:
    python = next((path for path in ("/usr/bin/python3", "/usr/local/bin/python3") if os.access(path, os.X_OK)), "")
    if os.getuid() != 0 or not python:
        pytest.skip("needs root, to become somebody else, and an interpreter that everybody can read")
    version = subprocess.run([python, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, text=True, check=True)
    if version.stdout.strip() != "True":
        pytest.skip("the interpreter that everybody can read is too old")
    script = AS_NOBODY.format(source=str(shared_copy))
    done = subprocess.run([python, "-B", "-c", script], capture_output=True, text=True, cwd="/", check=False)
    lines = done.stdout.splitlines()
    assert "S1 5 65534 " in lines, done.stderr
    assert all(line.endswith(" 5 65534 ") for line in lines)


AS_ROOT = AS_NOBODY.replace("os.setgroups([]); os.setgid(65534); os.setuid(65534)", "")


def test_root_runs_limits_only_jails_as_nobody_where_the_interpreter_is_for_everybody(shared_copy: Path) -> None:
    python = "/usr/bin/python3"
    if os.getuid() != 0 or not os.access(python, os.X_OK):
        pytest.skip("needs root and an interpreter that everybody can read")
    script = AS_ROOT.format(source=str(shared_copy))
    done = subprocess.run([python, "-B", "-c", script], capture_output=True, text=True, cwd="/", check=False)
    assert "S1 5 65534 " in done.stdout.splitlines(), done.stderr
