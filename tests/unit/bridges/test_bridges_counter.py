"""What outsiders can do at the counter of a run, and over the real protocol."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rsi.bridges.counter import Counter, Look
from rsi.bridges.practice import Practice
from rsi.bridges.usage import Allowance, Usage
from rsi.cli.mcp import look_into
from rsi.core.codec import sha256_hex
from rsi.core.errors import UserError
from rsi.core.protocols import Limits
from rsi.core.records import FileEdit, Json, Pool, Prediction, Proposal, ProposalId, Surface
from rsi.kernel.archive.views import ProposalView
from rsi.reports import write_report
from rsi.testing.toy import ToyJail, ToySuite, toy_agent
from tests.unit.bridges.test_bridges_hand import BETTER, begin

PERFECT: dict[str, str | None] = {"skill.json": '{"skill": 1.0}\n'}


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def going(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("counter") / "run", 60)


@pytest.fixture
def make(going: Path, tmp_path: Path) -> Callable[..., Counter]:
    def counter(
        cases: int = 10, per_minute: int = 100, now: Callable[[], float] | None = None, look: Callable[[], Look] | None = None
    ) -> Counter:
        clock = now or Time()
        suite = ToySuite({pool: 1 for pool in Pool})
        practice = Practice(suite=suite, make_jail=ToyJail, programs=20, seed=1, limits=Limits())
        usage = Usage(tmp_path, "mcp:bot", Allowance(cases=cases, per_minute=per_minute), clock)
        return Counter(going, "mcp:bot", look=look or partial(look_into, going), practice=practice, usage=usage, now=clock)

    return counter


def told(value: Json) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def test_the_context_has_names_of_files_but_no_seed_salt_or_hidden_case(make: Callable[..., Counter], going: Path) -> None:
    context = told(make().context())
    assert "skill.json" in context["target"]["files"] and context["target"]["surfaces"]["parameters"] == ["skill.json"]
    assert context["history"][0]["proposal"] == "p0000" and context["findings"] and context["evaluations_left"] == 10
    first = json.loads((going / "log.jsonl").read_text().splitlines()[0])["body"]
    assert first["canary"] not in json.dumps(context) and "config" not in context


def test_files_and_questions_of_practice_cases_can_be_read_and_nothing_else(make: Callable[..., Counter]) -> None:
    counter = make()
    assert counter.read("bonus.py") == "BONUS = 0.0\n"
    assert json.loads(counter.read("case:3"))["examples"]
    for path in ("../log.jsonl", "/etc/passwd", "nothing", "case:-1", "case:x"):
        with pytest.raises(UserError, match="there is no"):
            counter.read(path)


def test_a_change_is_tried_on_practice_cases_and_counted_until_the_budget_is_used_up(make: Callable[..., Counter], tmp_path: Path) -> None:
    counter = make(cases=5)
    tried = told(counter.evaluate(PERFECT, [0, 1, 2]))
    assert [one["case"] for one in tried["results"]] == [0, 1, 2] and all(one["outcome"] == "answered" for one in tried["results"])
    assert tried["left"] == 2 and json.loads((tmp_path / "inbox/usage.json").read_text())["cases"] == {"mcp:bot": 3}
    assert "used up" in told(counter.evaluate(PERFECT, [0, 1, 2]))["error"]
    broken = told(make(cases=9).evaluate({"bonus.py": "BONUS = 1 / 0\n"}, [0]))
    assert broken["results"][0]["score"] is None and "does not build" in broken["results"][0]["error"]


def test_no_more_cases_a_minute_are_run_than_allowed(make: Callable[..., Counter]) -> None:
    clock = Time()
    counter = make(cases=100, per_minute=2, now=clock)
    assert "results" in told(counter.evaluate({}, [0, 1]))
    assert "a minute" in told(counter.evaluate({}, [0]))["error"]
    clock.now += 61
    assert "results" in told(counter.evaluate({}, [0]))


@pytest.mark.parametrize(
    ("files", "cases", "words"),
    [
        ({"main.py": "x"}, [0], "main.py may not be edited"),
        ({"../x": "x"}, [0], "may not be edited"),
        ({}, [], "name 1 to 32 cases"),
        ({}, [-1], "no practice case -1"),
    ],
)
def test_what_may_not_be_tried_costs_nothing(
    make: Callable[..., Counter], files: dict[str, str | None], cases: list[int], words: str
) -> None:
    refused = told(make().evaluate(files, cases))
    assert words in refused["error"] and refused["left"] == 10


def judged(look: Look, guess: Prediction) -> Look:
    """The same after a pass has taken the change in and a test has closed."""
    edits = (FileEdit(path="skill.json", before=sha256_hex(toy_agent()["skill.json"]), after=sha256_hex(BETTER.encode())),)
    base, history = look.standing.base, [{"proposal": "p9", "verdict": "rejected", "why": "no prospect"}]
    proposal = Proposal(
        id=ProposalId("p9"),
        improver=base,
        parent=base,
        surface=Surface.PARAMETERS,
        limitation="",
        reason="more skill",
        edits=edits,
        prediction=guess,
    )
    view = ProposalView(proposal=proposal, cycle=1, patch="", refused=None, seq=9)
    return replace(look, proposals=[view], message={**look.message, "history": history})


def test_a_change_is_handed_in_with_its_prediction_and_its_fate_is_told(make: Callable[..., Counter], going: Path) -> None:
    counter = make()
    guess = Prediction(p_better=0.75, low=0.0, high=0.5)
    handed = told(counter.submit({"skill.json": BETTER}, "more skill", None, guess))
    assert handed["surface"] == "parameters" and handed["new"]
    (mine,) = told(counter.status())["submitted"]
    assert mine["id"] == handed["id"] and mine["verdict"] == "waiting"
    (same,) = told(make(look=lambda: judged(look_into(going), guess)).status())["submitted"]
    assert (same["proposal"], same["verdict"], same["why"]) == ("p9", "rejected", "no prospect")
    for files, words in (({}, "nothing would change"), ({"main.py": "x"}, "may not be edited")):
        with pytest.raises(UserError, match=words):
            counter.submit(dict(files), "why")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="prediction"):
        counter.submit({"skill.json": "{}"}, "why", None, Prediction(p_better=7, low=0, high=0))


def test_a_reported_defect_stands_in_the_report(make: Callable[..., Counter], going: Path) -> None:
    counter = make()
    counter.report_judge_defect("the scorer takes <b>any</b> answer")
    for wrong in (" ", "x" * 5_000):
        with pytest.raises(UserError, match="1 to 4000"):
            counter.report_judge_defect(wrong)
    summary = write_report(going)
    assert told(summary["outside"])["defects"] == [{"at": 1_000.0, "by": "mcp:bot", "text": "the scorer takes <b>any</b> answer"}]
    assert "the scorer takes" in (going / "report.md").read_text() and "<b>any" not in (going / "report.html").read_text()


@pytest.mark.skipif(find_spec("mcp") is None, reason="the extra `mcp` is not installed: pip install 'rsi[mcp]'")
def test_a_real_client_reads_tries_submits_and_asks_over_stdio(tmp_path: Path) -> None:
    going = begin(tmp_path / "run", 60)
    said = asyncio.run(_talk(going))
    assert said["tools"] == ["context", "evaluate", "read", "report_judge_defect", "status", "submit"]
    assert said["read"] == (False, "BONUS = 0.0\n")
    assert said["missing"][0] and "there is no file" in said["missing"][1]
    tried = json.loads(said["evaluate"][1])
    assert len(tried["results"]) == 1 and tried["left"] == 4
    assert json.loads(said["submit"][1])["surface"] == "parameters"
    assert said["malformed"][0]
    status = json.loads(said["status"][1])
    assert status["submitted"][0]["verdict"] == "waiting" and status["evaluations_left"] == 4


async def _talk(going: Path) -> dict[str, Any]:
    mcp = import_module("mcp")
    command = ["-m", "rsi", "mcp", str(going), "--by", "bot", "--evaluations", "5"]
    environment = {name: os.environ[name] for name in ("PYTHONPATH", "RSI_STATE", "PATH") if name in os.environ}
    said: dict[str, Any] = {}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("read", "read", {"path": "bonus.py"}),
        ("missing", "read", {"path": "nothing"}),
        ("evaluate", "evaluate", {"files": PERFECT, "cases": [0]}),
        ("submit", "submit", {"files": PERFECT, "reason": "all of it", "prediction": {"p_better": 0.9, "low": 0.0, "high": 0.5}}),
        ("malformed", "submit", {"files": {"skill.json": 3}, "reason": "no text"}),
        ("status", "status", {}),
    ]
    async with mcp.Client(mcp.stdio_client(mcp.StdioServerParameters(command=sys.executable, args=command, env=environment))) as client:
        said["tools"] = sorted(tool.name for tool in (await client.list_tools()).tools)
        for name, tool, arguments in calls:
            result = await client.call_tool(tool, arguments)
            said[name] = (result.is_error, result.content[0].text)
    return said
