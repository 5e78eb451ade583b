"""Commands of language models over a copy of a tree, in the jail's agent profile."""

from collections.abc import Mapping

import pytest

from rsi.bridges.carrier import Listener
from rsi.bridges.places import Place
from rsi.bridges.shell import MOST_OUTPUT, run_shell
from rsi.cli.outsiders import shell_for
from rsi.config.model import from_json
from rsi.core.records import Json
from rsi.kernel.sandbox import unreachable

FILES = {"solution.py": b"N = 1\n", "lib/tips.md": b"Big ones first.\n"}
WHY = unreachable("S3", "agent")
needs_jail = pytest.mark.skipif(WHY is not None, reason=f"no agent profile here: {WHY}")


PLACE = Place(wall_s=20.0, memory_bytes=1_000_000_000, processes=64)


def shell(commands: str) -> dict[str, Json]:
    return run_shell(PLACE, lambda: 0.0, FILES, commands)


@needs_jail
def test_commands_see_the_tree_and_what_they_say_and_change_comes_back() -> None:
    said = shell("cat lib/tips.md; echo wrong >&2; echo '{prompt}' > new.md; sed -i s/1/2/ solution.py; rm lib/tips.md; exit 3")
    assert said["code"] == 3 and str(said["output"]).split("\n") == ["Big ones first.", "wrong"]
    assert said["changed"] == {"solution.py": "N = 2\n", "new.md": "{prompt}\n", "lib/tips.md": None}


@needs_jail
def test_commands_have_no_network_and_nothing_of_the_machine_and_leave_nothing_for_the_next() -> None:
    commands = "test -e /etc/passwd -o -e /home && echo machine; ls ..; test -e /tmp/x && echo left; touch /tmp/x; grep -c : /proc/net/dev"
    for _ in range(2):
        said = str(shell(commands)["output"]).split()
        assert said[-1] == "1" and not {"machine", "left", "evaluate.py", "BRIEF.md"} & set(said), said


@needs_jail
def test_commands_that_hang_are_ended_and_much_output_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [0.0]

    class Late(Listener):
        """Has heard something: much time is over."""

        def take(self, said: Mapping[str, Json]) -> dict[str, Json]:
            times.extend([99.0] if said["lines"] else [])
            return super().take(said)

    monkeypatch.setattr("rsi.bridges.shell.Listener", Late)
    hung = run_shell(PLACE, lambda: times[-1], FILES, "echo 9 > solution.py; echo begun; sleep 600")
    assert hung == {"code": None, "output": "begun\nended after 20 s", "changed": {"solution.py": "9\n"}}
    monkeypatch.undo()
    many = shell("seq 100000000 100003000")
    assert len(str(many["output"])) == MOST_OUTPUT and str(many["output"]).endswith("100003000")


@needs_jail
@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ("printf '\\377' > solution.py", "solution.py is not UTF-8 text"),
        ("head -c 2000000 /dev/zero | tr '\\0' a > big.txt", "more than 1000000 characters"),
    ],
)
def test_changes_that_cannot_be_taken_are_said(commands: str, words: str) -> None:
    said = shell(commands)
    assert set(said) == {"error"} and words in str(said["error"])


def test_where_no_jail_may_start_programs_it_is_told_and_the_run_has_no_shell() -> None:
    models = {"model": "openai:x"}
    assert shell_for(from_json({"models": {**models, "shell_s": 0.0}})) is None and shell_for(from_json({})) is None
    found = shell_for(from_json({"models": models}))
    assert (found is None) == (WHY is not None)
    if WHY is not None:
        assert "agent profile" in str(shell("true")["error"])
    else:
        assert found is not None and found.wall_s == 20.0
