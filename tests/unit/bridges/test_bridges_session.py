"""Sessions with outside agents: what they change is proposed, and whatever they do otherwise is one clear line."""

import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rsi.bridges.places import Place
from rsi.bridges.session import Agent, agent_named, propose_with
from rsi.config.model import is_outside
from rsi.core.codec import canonical
from rsi.core.errors import UserError
from rsi.core.protocols import Reply
from rsi.core.records import Json, Outcome
from rsi.kernel.sandbox import unreachable
from rsi.testing.toy import toy_agent

FAKE = Path(__file__).parents[2] / "fake_acp_agent.py"
needs_acp = pytest.mark.skipif(find_spec("acp") is None, reason="the extra `agents` is not installed: pip install 'rsi[agents]'")
needs_jail = pytest.mark.skipif(unreachable("S3", "agent") is not None, reason=f"no agent profile here: {unreachable('S3', 'agent')}")


def message() -> dict[str, Json]:
    files: dict[str, Json] = {path: content.decode() for path, content in toy_agent().items()}
    surfaces: dict[str, Json] = {"parameters": ["skill.json"], "code": ["bonus.py"], "training": ["notes/*.txt"]}
    target: dict[str, Json] = {
        "name": "toy",
        "kind": "agent",
        "brief": "b",
        "surfaces": surfaces,
        "protected": [],
        "files": files,
        "omitted": [],
    }
    return {"target": target, "limitations": [], "memory": {"kept": 1}, "count": 3, "history": [], "findings": [], "budget": {}}


def nobody(question: Json) -> Json:
    raise AssertionError(f"nothing was to be asked: {question}")


def run(
    *command: str,
    speaks: bool = False,
    wall_s: float = 60.0,
    serve: Callable[[Json], Json] = nobody,
    most_dollars: float | None = None,
    grants: tuple[str, ...] = ("machine",),
) -> Reply:
    place = Place(wall_s=wall_s, grants=grants, environment={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "A": "a", "B": "b"})
    agent = Agent(command=command, speaks=speaks, place=place, most_dollars=most_dollars)
    return propose_with(agent, message(), serve, now=time.monotonic)


def session(act: str, *, wall_s: float = 60.0, serve: Callable[[Json], Json] = nobody, most_dollars: float | None = None) -> Reply:
    return run(sys.executable, str(FAKE), act, speaks=True, wall_s=wall_s, serve=serve, most_dollars=most_dollars)


def answer(reply: Reply) -> dict[str, Any]:
    assert reply.outcome is Outcome.ANSWERED, reply.reason
    assert isinstance(reply.value, dict) and canonical(reply.value)
    return reply.value


@needs_acp
def test_what_an_agent_changed_becomes_one_proposal_for_each_surface_with_its_reason_prediction_and_cost() -> None:
    told = answer(session("good"))
    assert {one["surface"]: [edit["path"] for edit in one["edits"]] for one in told["proposals"]} == {
        "parameters": ["skill.json"],
        "code": ["bonus.py"],
    }
    assert all(one["reason"] == "more skill and a bonus." for one in told["proposals"])
    assert told["proposals"][0]["prediction"] == {"p_better": 0.8, "low": -0.01, "high": 0.2}
    assert told["memory"] == {"kept": 1} and told["programs"] == 0 and told["left_out"] == []
    assert told["usage"]["tokens"] == 1234 and told["usage"]["dollars"] == 0.25


@needs_acp
def test_writes_outside_the_tree_or_its_surfaces_are_refused_and_what_was_changed_there_all_the_same_is_not_taken() -> None:
    told = answer(session("steal"))
    assert told["proposals"] == [] and told["left_out"] == ["main.py"]
    assert told["usage"]["refused"] == 6
    assert not Path("/etc/rsi-was-here").exists()


@needs_acp
def test_an_agent_may_have_its_tree_tried_on_practice_cases_through_the_tool_beside_it() -> None:
    asked: list[Json] = []

    def serve(question: Json) -> Json:
        asked.append(question)
        return {"results": [{"score": 1.0}, {"score": 0.0}], "left": 8}

    told = answer(session("tries", serve=serve))
    assert asked == [{"evaluate": {"files": {"skill.json": '{"skill": 0.5}\n'}, "cases": [0, 2]}}]
    assert json.loads(told["proposals"][0]["reason"])["results"][0] == {"score": 1.0}
    assert told["usage"]["tried"] == 2


@needs_acp
@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("crash", "ended with code 3 before its turn did: ValueError: no key"),
        ("auth", "log in with its own command first"),
        ("future", "speaks version 9"),
        ("refuse", "refusal"),
        ("vanish", "is gone"),
        ("dear", "it cost 99.00 dollars, more than the 1.00"),
    ],
)
def test_an_agent_that_fails_is_one_line_and_no_proposal(act: str, words: str) -> None:
    reply = session(act, most_dollars=1.0)
    assert reply.outcome is Outcome.CRASHED and words in reply.reason and "\n" not in reply.reason and reply.value is None


@needs_acp
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'ValueError: no key' >&2; exit 3", "ended with code 3 before its turn did: ValueError: no key"),
        ("echo 'Welcome! This is no protocol.'", "ended with code 0 before its turn did: Welcome! This is no protocol."),
        ('echo "[1]"; echo nonsense; echo \'{"method": "session/update", "params": 7}\'; exit 1', "before its turn did"),
    ],
)
def test_what_does_not_speak_the_protocol_is_one_line(script: str, words: str) -> None:
    reply = run("sh", "-c", script, speaks=True)
    assert reply.outcome is Outcome.CRASHED and words in reply.reason and "\n" not in reply.reason and reply.value is None


@needs_acp
def test_a_hanging_agent_is_ended_at_its_time_and_what_it_had_begun_is_not_taken() -> None:
    began = time.monotonic()
    reply = session("hang", wall_s=2.5)
    assert reply.outcome is Outcome.TIMED_OUT and "did not finish within 2.5 s" in reply.reason and reply.value is None
    assert time.monotonic() - began < 15


def test_any_command_works_on_the_tree_and_its_last_words_are_read() -> None:
    script = "grep -q toy {brief} && echo '{\"skill\": 0.75}' > skill.json; echo REASON: by a script"
    told = answer(run("sh", "-c", script))
    assert [one["reason"] for one in told["proposals"]] == ["by a script"]
    assert told["proposals"][0]["edits"][0]["after"] == '{"skill": 0.75}\n'
    assert told["proposals"][0]["prediction"] is None
    assert answer(run("true"))["proposals"] == []


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("PREDICTION: 0.6 -0.01 0.05", {"p_better": 0.6, "low": -0.01, "high": 0.05}),
        ("PREDICTION: 1.6 0 0.1", None),
        ("PREDICTION: 0.6 0.1 0", None),
        ("PREDICTION: likely", None),
    ],
)
def test_what_an_agent_foretells_is_taken_and_nothing_is_made_up_in_its_place(words: str, wanted: Json) -> None:
    told = answer(run("sh", "-c", f"echo '{{\"skill\": 0.75}}' > skill.json; echo '{words}'"))
    assert told["proposals"][0]["prediction"] == wanted


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("sh", "-c", "echo broken >&2; exit 4"), "ended with code 4: broken"),
        (("no-such-program-at-all",), "cannot start no-such-program-at-all"),
        (("sh", "-c", "printf '\\377' > bonus.py"), "bonus.py is not UTF-8 text"),
        (("sh", "-c", "rm -rf ../tree"), "is gone"),
        (("sh", "-c", "ln -s /etc notes"), "notes is a link"),
        (("sh", "-c", "yes | head -c 9000000 | tr -d '\\n'; exit 5"), "ended with code 5"),
    ],
)
def test_a_command_that_fails_is_one_line(command: tuple[str, ...], words: str) -> None:
    reply = run(*command)
    assert reply.outcome in (Outcome.CRASHED, Outcome.MALFORMED) and words in reply.reason and "\n" not in reply.reason


def test_the_processes_of_a_session_end_with_it(tmp_path: Path) -> None:
    script = f"(while :; do date > {tmp_path}/alive; sleep 0.05; done) & sleep 60"
    assert run("sh", "-c", script, wall_s=1.0).outcome is Outcome.TIMED_OUT
    (tmp_path / "alive").unlink()
    time.sleep(0.3)
    assert not (tmp_path / "alive").exists()


def test_no_more_of_the_environment_is_passed_than_was_granted() -> None:
    script = 'echo "REASON: $A-$B-$HOME"; echo 1 > skill.json'
    told = answer(run("sh", "-c", script, grants=("machine", "env:A")))
    assert told["proposals"][0]["reason"] == "a--/nowhere"
    with pytest.raises(UserError, match="there is no variable C"):
        run("sh", "-c", script, grants=("machine", "env:C"))


def test_agents_from_outside_are_named_by_their_road() -> None:
    place = Place(wall_s=1.0)
    assert agent_named("cmd:aider --message {prompt}", place).command == ("aider", "--message", "{prompt}")
    assert is_outside("bridge:claude-code-acp") and not is_outside("seed") and not is_outside("improver:12ab")
    for wrong in ("cmd:", "cmd:a 'b", "other:x"):
        with pytest.raises(UserError, match="--agent"):
            agent_named(wrong, place)


@needs_jail
def test_in_the_jail_a_command_sees_its_tree_and_nothing_of_the_machine() -> None:
    script = (
        "test -e /etc/passwd -o -e /home && exit 9; grep -q toy {brief} || exit 8; echo '{\"skill\": 0.75}' > skill.json; echo REASON: ok"
    )
    told = answer(run("sh", "-c", script, grants=()))
    assert [one["reason"] for one in told["proposals"]] == ["ok"]


@needs_jail
def test_in_the_jail_a_hanging_command_is_ended_and_one_that_removes_its_tree_is_told() -> None:
    assert "did not finish within 1 s" in run("sh", "-c", "sleep 60", wall_s=1.0, grants=()).reason
    assert "its work tree is gone" in run("sh", "-c", "rm -rf ../tree", grants=()).reason


@needs_jail
def test_in_the_jail_a_command_that_lies_elsewhere_is_told_with_the_grant_that_would_show_it() -> None:
    reason = run("no-such-program-at-all", grants=()).reason
    assert "cannot start no-such-program-at-all" in reason and "--grant network" in reason


def test_without_a_jail_that_may_start_processes_a_session_is_refused_with_the_next_step() -> None:
    if unreachable("S3", "agent") is None:
        pytest.skip("this machine has the agent profile")
    with pytest.raises(UserError, match="--grant network"):
        run("true", grants=())
