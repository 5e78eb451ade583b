"""How an outside agent takes part in a run: the tree that stands for it, the session it asks for, what it is granted."""

import os
import shutil
import time
from pathlib import Path

import pytest

from rsi.bridges.places import Place
from rsi.bridges.session import Agent, propose_with
from rsi.cli.outsiders import outside_agents
from rsi.config.model import from_json, to_json
from rsi.core.errors import UserError
from rsi.core.protocols import Files, Limits, Reply, Serve
from rsi.core.records import Clock, Json, Outcome
from rsi.kernel.evaluate import agent_call, load_manifest
from rsi.kernel.sandbox.granted import check_grants, granted_command, lost_by
from rsi.loop.agents import load_agent
from rsi.loop.asks import Asks, Trying
from rsi.loop.outside import Outside
from rsi.testing.fake_jail import InProcessJail
from rsi.testing.toy import toy_agent

NAME = "cmd:sh -c 'echo 1 > skill.json'"


def reply(outcome: Outcome, value: Json, reason: str = "") -> Reply:
    return Reply(outcome=outcome, value=value, reason=reason, stdout="", stderr="", clock=Clock())


def asked(outside: Outside) -> tuple[Reply, list[tuple[Files, list[int]]]]:
    """What the tree that stands for an outside agent answers, and what was tried for it."""
    tried: list[tuple[Files, list[int]]] = []

    def run(files: Files, cases: object) -> list[Json]:
        tried.append((files, list(cases)))  # type: ignore[call-overload]  # a sequence of numbers
        return [{"score": 1.0}]

    message: Json = {"memory": {"m": 1}, "count": 1, "target": {}}
    files = load_agent(NAME)
    trying = Trying(run=run, files=toy_agent(), manifest=load_manifest(toy_agent()), cases=3, budget=2)
    asks = Asks(trying=trying, session=outside.session(message))
    return agent_call(InProcessJail(), files, load_manifest(files), "propose", message, Limits(), asks.serving), tried


def test_the_tree_that_stands_for_an_agent_hands_on_what_its_session_gave_and_the_session_may_try_cases() -> None:
    heard: list[Json] = []

    def propose(message: Json, serve: Serve) -> Reply:
        heard.extend([message, serve({"evaluate": {"files": {"skill.json": "{}"}, "cases": [2]}})])
        return reply(
            Outcome.ANSWERED, {"proposals": [{"reason": "a"}, {"reason": "b"}], "memory": None, "programs": 0, "usage": {"dollars": 1.5}}
        )

    answer, tried = asked(Outside(propose=propose, wall_s=5.0))
    assert answer.value == {"proposals": [{"reason": "a"}], "memory": {"m": 1}, "programs": 0, "usage": {"dollars": 1.5}}
    assert heard == [{"memory": {"m": 1}, "count": 1, "target": {}}, {"results": [{"score": 1.0}], "left": 1}]
    assert [cases for _, cases in tried] == [[2]] and tried[0][0]["skill.json"] == b"{}"


def test_a_session_that_failed_is_a_failed_call_whose_reason_is_one_line() -> None:
    answer, _ = asked(Outside(propose=lambda message, serve: reply(Outcome.TIMED_OUT, None, "sh: it did not finish"), wall_s=5.0))
    assert answer.outcome is Outcome.CRASHED and "sh: it did not finish" in answer.reason.splitlines()[-1]


def test_a_call_that_waits_for_a_session_may_take_longer_than_it() -> None:
    outside = Outside(propose=lambda message, serve: reply(Outcome.ANSWERED, {}), wall_s=1_000.0)
    assert outside.limits(Limits(wall_s=300.0)).wall_s > 1_000 and outside.limits(Limits(wall_s=5_000.0)).wall_s == 5_000


def test_agents_of_a_run_that_come_from_outside_are_found_with_their_limits_and_their_grants_stand_in_the_log() -> None:
    config = from_json({"target": "t", "agents": ["seed", NAME], "outside": {"grants": ["machine"], "wall_s": 9.0}})
    found = outside_agents(config, {"cmd:sh": NAME}, Path("runs/x"))
    assert list(found) == ["cmd:sh"] and found["cmd:sh"].wall_s == 9.0
    logged = to_json(config)
    assert isinstance(logged, dict) and isinstance(logged["outside"], dict) and logged["outside"]["grants"] == ["machine"]
    assert "outside" not in str(to_json(from_json({"target": "t"}))) and outside_agents(config, {}, Path()) == {}


def test_a_grant_that_there_is_not_or_that_cannot_be_had_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for grants, words in ((["everything"], "there is no grant"), (["env:RSI_NOT_SET"], "there is no variable")):
        config = from_json({"target": "t", "agents": [NAME], "outside": {"grants": [*grants, "machine"]}})
        with pytest.raises(UserError, match=words):
            outside_agents(config, {"cmd:sh": NAME}, Path("runs/x"))


def test_each_grant_has_a_sentence_on_what_it_costs() -> None:
    sentences = lost_by(check_grants(["network", "home", "machine", "env:KEY"]))
    assert len(sentences) == 4 and "KEY" in sentences[3] and lost_by(()) == ()


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_bubblewrap_does_hold_an_agent_with_the_network_to_its_tree(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "log.jsonl").write_text("secret")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KEY": "k", "OTHER": "o"}
    place = Place(wall_s=60.0, grants=("network", "env:KEY"), hidden=(run,), environment=environment)
    script = f'touch ~/x 2>/dev/null && echo wrote; echo 1 > skill.json; echo "REASON: $(ls {run} | wc -l) $KEY-$OTHER"'
    target: Json = {"name": "toy", "surfaces": {"parameters": ["skill.json"]}, "files": {"skill.json": "0\n"}}
    agent = Agent(command=("sh", "-c", script), speaks=False, place=place)
    told = propose_with(agent, {"target": target}, lambda question: None, now=time.monotonic).value
    assert isinstance(told, dict) and isinstance(told["proposals"], list)
    (made,) = told["proposals"]
    assert isinstance(made, dict) and made["reason"] == "0 k-"
    assert not (tmp_path / "x").exists()


def test_an_agent_with_the_network_sees_the_machine_read_only_and_the_folder_of_the_run_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    work, run = tmp_path / "work", tmp_path / "run"
    run.mkdir()
    words = " ".join(granted_command(("agent", "--x"), work, [run], ["network"]))
    assert words.endswith(f"--tmpfs {run} --bind {work} {work} --chdir {work}/tree -- agent --x")
    assert "--ro-bind / /" in words and f"--bind {tmp_path} {tmp_path}" not in words
    assert f"--bind {tmp_path} {tmp_path}" in " ".join(granted_command(("agent",), work, [run], ["network", "home"]))
    assert granted_command(("agent",), work, [run], ["machine", "network"]) == ("agent",)
