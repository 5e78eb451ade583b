"""What fails in a run that somebody pays for is one clear line; no trial is lost, and the same call goes on once it is mended."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rsi.bridges.places import Place
from rsi.bridges.session import Agent, propose_with
from rsi.cli.view.plain import PlainView
from rsi.core.protocols import Entry, Files
from rsi.kernel.audit.log import FileEventLog
from rsi.loop.agents import load_agent
from rsi.loop.outside import Outside
from rsi.loop.parts import Parts
from rsi.loop.run import RunResult, run
from rsi.testing.toy_target import skill_agent, skill_config, skill_parts, skill_target, skill_told
from tests.unit.models.test_gateway import Script, answer, fault, gateway

ASKS = """\
import hashlib


def propose(message, ask):
    text, made = message["target"]["files"]["solution.py"], []
    for number in range(message["count"]):
        said = ask({"chat": {"messages": [{"role": "user", "content": f"{number} of {len(message['history'])}"}], "max_tokens": 9}})
        if "chat" in said:
            skill = said["chat"]["choices"][0]["message"]["content"]
            after = f"SKILL = {skill}\\n\\n\\n{text.partition(chr(10) * 3)[2]}# {number}\\n"
            edit = {"path": "solution.py", "before": hashlib.sha256(text.encode()).hexdigest(), "after": after}
            made.append({"surface": "code", "limitation": "", "reason": skill, "edits": [edit]})
    return {"proposals": made, "memory": None, "programs": 0}
"""


def go(
    folder: Path, agents: Mapping[str, Files], change: Callable[[Parts], Parts], *, stop_at: Callable[[str], bool] = lambda line: False
) -> tuple[RunResult, list[str]]:
    """Run, or go on with the run in a folder, until a line of its output says stop: how it ended, and its output."""
    config, stop, lines = skill_config(programs=900, agents=tuple(agents)), threading.Event(), list[str]()
    view = PlainView(lines.append)

    def observe(entry: Entry) -> None:
        view.observe(entry)
        if any(map(stop_at, lines)):
            stop.set()

    parts = change(skill_parts(config))
    files, told = skill_target(), skill_told()
    return run(folder, config, files, workers=1, observer=observe, stop=stop, parts=parts, agents=agents, target=told), lines


def with_models(script: Script, **config: Any) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, make_gateway=lambda place: gateway(place, script, retries=0, **config))


def goes_on(folder: Path, before: bytes) -> None:
    """The log goes on where it was, and every job is in it once."""
    assert (folder / "log.jsonl").read_bytes().startswith(before)
    entries = list(FileEventLog.read(folder / "log.jsonl").entries())
    jobs = Counter(entry.body["job"] for entry in entries if entry.kind in ("job.done", "trials.done") and isinstance(entry.body, dict))
    assert set(jobs.values()) == {1} and entries[-1].kind == "run.ended"
    assert any(entry.kind == "certificate.issued" for entry in entries) and any(entry.kind == "incumbent.changed" for entry in entries)


@pytest.mark.parametrize("kind", ["auth", "network", "rate", "no_model"])
def test_a_wrong_key_a_dead_endpoint_and_a_rate_limit_stop_a_run_that_the_same_call_takes_up_again(tmp_path: Path, kind: str) -> None:
    agents = {"asks": skill_agent(main=ASKS)}
    stopped, lines = go(tmp_path, agents, with_models(Script(fault(kind))))
    assert not stopped.finished
    assert (
        stopped.reason
        == f"language models could not be asked ({kind}: {kind} it is); nothing is lost: mend it and run the same command again"
    )
    before = (tmp_path / "log.jsonl").read_bytes()
    assert b'"call":"practise"' in before and b'"call":"propose"' not in before
    ended, lines = go(tmp_path, agents, with_models(Script(answer("0.9"))))
    assert ended.finished and any("taken up again" in line for line in lines)
    goes_on(tmp_path, before)


def test_where_somebody_else_can_be_asked_the_run_goes_on_without_the_one_who_gets_no_answer(tmp_path: Path) -> None:
    ended, lines = go(tmp_path, {"asks": skill_agent(main=ASKS), "tinker": skill_agent()}, with_models(Script(fault("auth"))))
    assert ended.finished and len([line for line in lines if "no answer of a language model (auth): auth it is" in line]) == 1
    goes_on(tmp_path, b"")


def test_a_budget_that_ends_in_mid_run_is_one_line_and_what_was_proposed_is_judged_to_the_certificate(tmp_path: Path) -> None:
    agents, script = {"asks": skill_agent(main=ASKS)}, Script(answer("0.9"))
    limited = with_models(script, calls=1)
    stopped, lines = go(tmp_path, agents, limited, stop_at=lambda line: "trying" in line)
    assert not stopped.finished and stopped.reason == "nothing is lost, resume with the same command"
    before = (tmp_path / "log.jsonl").read_bytes()
    ended, lines = go(tmp_path, agents, limited)
    (said,) = [line for line in lines if "no answer of a language model" in line]
    assert said.endswith("(budget): all 1 calls of the budget are used (models.calls)") and ended.finished and len(script.asked) == 1
    goes_on(tmp_path, before)


def test_a_model_that_says_nonsense_is_one_line_for_each_pass_and_the_run_ends_whole(tmp_path: Path) -> None:
    ended, lines = go(tmp_path, {"llm": load_agent("llm")}, with_models(Script(answer("I have no idea."))))
    said = [line for line in lines if "llm's propose" in line]
    assert ended.finished and ended.reason == "nothing to try" and len(said) == 3
    assert all("no proposal, because the model's replies were of no use 4 times in a row; the last time: " in line for line in said)


GOOD = "sed -i s/0.3/0.9/ solution.py"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sleep 600", "did not finish within 1 s and was ended"),
        ("rm -rf ../tree", "its work tree is gone"),
        ("echo no key >&2; exit 4", "ended with code 4: no key"),
    ],
)
def test_an_agent_from_outside_that_hangs_fails_or_removes_its_tree_is_one_line_and_the_run_goes_on(
    tmp_path: Path, command: str, words: str
) -> None:
    name = "cmd:sh"
    agents = {name: load_agent("cmd:sh -c x")}

    def sessions(command: str, wall_s: float) -> Callable[[Parts], Parts]:
        agent = Agent(command=("sh", "-c", command), speaks=False, place=Place(wall_s=wall_s, grants=("machine",)))
        outside = Outside(propose=lambda message, serve: propose_with(agent, message, serve, now=time.monotonic), wall_s=60.0)  # type: ignore[arg-type]
        return partial(replace, outside={name: outside})

    stopped, lines = go(
        tmp_path, agents, sessions(command, 1.0 if "sleep" in command else 60.0), stop_at=lambda line: "gave no answer" in line
    )
    (said,) = [line for line in lines if "gave no answer" in line]
    assert not stopped.finished and said.count("cmd:sh's propose gave no answer (crashed): ") == 1 and words in said and "\n" not in said
    before = (tmp_path / "log.jsonl").read_bytes()
    ended, _ = go(tmp_path, agents, sessions(GOOD, 60.0))
    assert ended.finished
    goes_on(tmp_path, before)
