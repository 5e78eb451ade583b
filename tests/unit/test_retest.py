"""Toy runs in which a kept change must earn its place again: what a later change made harmful is taken out, with evidence."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rsi.analytics import Fate, ledger_of, progress_of
from rsi.config import RunConfig
from rsi.config.model import SafetyConfig
from rsi.core.protocols import Call, Entry, Files, Reply, Serve
from rsi.core.records import Outcome
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.loop.run import RunResult, run
from rsi.loop.verify import verify
from rsi.reports.markdown import render_markdown
from rsi.reports.story import report_of
from rsi.reports.summary import summary_of
from rsi.reports.words import retest_words
from rsi.testing.in_memory import MemoryArchive, live_in_memory
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts
from tests.seed_agent import modules
from tests.unit.test_loop_safety import SOLVE
from tests.unit.test_quarantine import NAME

EARLY, LATE, STEADY = "notes/early.txt", "notes/late.txt", "notes/steady.txt"
PROPOSE = """
def propose(payload):
    tags = [tag for tag in ("notes/early.txt", "notes/steady.txt") if not _has(tag)] or ["notes/late.txt"]
    files = payload["target"]["files"]
    proposals = [_edit(files, "training", tag, "better\\n", 0.2) for tag in tags if tag not in files]
    return {"proposals": proposals, "memory": payload["memory"], "programs": payload["programs"]}


def _has(path):
    try:
        return bool(_read(path))
    except FileNotFoundError:
        return False
"""
HARMFUL = """
def build(payload):
    early, late, steady = (_has("notes/%s.txt" % name) for name in ("early", "late", "steady"))
    return {"power": 0.2 + 0.2 * early + 0.15 * steady + 0.35 * late - 0.4 * (early and late)}
"""
"""With `late` in, `early` costs a fifth of all cases."""
HARMLESS = HARMFUL.replace("0.4 * (early and late)", "0.0")
USELESS = HARMFUL.replace("0.4 * (early and late)", "0.2 * (early and late)")


def agent(build: str) -> Files:
    files = toy_agent()
    return {**files, "main.py": (files["main.py"].decode() + PROPOSE + build).encode()}


def config(*, seed: int = 1, programs: int = 80_000, share: float = 0.3, season: int = 64) -> RunConfig:
    made = toy_config(
        seed=seed, programs=programs, max_pairs=400, season=season, block=8, open=6, retest_share=share, retest_margin=0.05, horizon=12
    )
    return made.model_copy(update={"run": made.run.model_copy(update={"cycles": 12})})


def play(folder: Path, settings: RunConfig, files: Files, *, stop_at: int | None = None, workers: int = 2) -> tuple[RunResult, list[Entry]]:
    seen, stop = list[Entry](), threading.Event()

    def observe(entry: Entry) -> None:
        seen.append(entry)
        if stop_at is not None and len(seen) >= stop_at:
            stop.set()

    return run(folder, settings, files, workers=workers, observer=observe, stop=stop, parts=toy_parts(settings)), seen


def live(settings: RunConfig, files: Files) -> list[Entry]:
    seen = list[Entry]()
    live_in_memory(settings, files, toy_parts(settings), archive=MemoryArchive(), observer=seen.append)
    return seen


@cache
def harmful() -> tuple[Entry, ...]:
    """The run of the default settings in which a later change makes an earlier one harmful."""
    return tuple(live(config(), agent(HARMFUL)))


def bodies(seen: Sequence[Entry], kind: str) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in seen if entry.kind == kind and isinstance(entry.body, dict)]


def removals(seen: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Verdicts over removals, by the path of the note that each takes out."""
    paths = {body["proposal"]["id"]: body["proposal"]["edits"][0]["path"] for body in bodies(seen, "proposal.made")}
    return {paths[body["removes"]]: body["verdict"] for body in bodies(seen, "verdict.given") if "removes" in body}


def release(folder: Path, seen: list[Entry]) -> Files:
    return GitArchive(folder / "objects.git").files(bodies(seen, "incumbent.changed")[-1]["candidate"])


def test_a_kept_change_that_a_later_one_made_harmful_is_taken_out_with_evidence(tmp_path: Path) -> None:
    _, seen = play(tmp_path, config(), agent(HARMFUL))
    found = removals(seen)
    assert found[EARLY]["is"] == "Accepted" and found[EARLY]["e_value"] >= found[EARLY]["threshold"] == 20
    kept = release(tmp_path, seen)
    assert EARLY not in kept and {LATE, STEADY} <= kept.keys()
    assert verify(tmp_path, 20, parts=toy_parts(config())).ok


def test_the_agent_hears_one_word_of_it_about_its_own_change_and_nothing_of_changes_that_stay() -> None:
    seen = harmful()
    lines = {query.who: query.left for query in ledger_of(seen) if query.who.startswith("p")}
    made = {body["removes"]: body["proposal"]["id"] for body in bodies(seen, "proposal.made") if "removes" in body}
    taken_out = [name for name, removal in made.items() if lines.get(removal) == "one word to the agent: removed"]
    assert len(taken_out) == 1
    assert {lines[removal] for name, removal in made.items() if name not in taken_out and removal in lines} == {"nothing"}


def test_reports_say_of_each_kept_change_how_the_test_came_out() -> None:
    progress = progress_of(harmful())
    told = {one.removes: retest_words(one) for one in progress.removals}
    fates = {name: progress.attempts[name].fate for name in told if name is not None}
    assert sorted(fates.values()) == ["accepted", "accepted", "removed"]
    for name, fate in fates.items():
        assert ("taken out again: it can be spared" in told[name]) == (fate is Fate.REMOVED)
        assert ("still earns its place" in told[name]) == (fate is Fate.ACCEPTED)
    assert [attempt.fate for attempt in progress.accepted] == [Fate.ACCEPTED] * 2, "what was taken out is not counted as kept"
    text = render_markdown(report_of(progress, lambda one, other: ""))
    assert "Tested again" in text and "taken out again" in text and "What was kept: 2 changes" in text
    summary = summary_of(progress)
    assert summary["proposals"] == len(progress.attempts) - len(progress.removals)
    assert len(summary["retests"]) == len(progress.removals) >= 3  # type: ignore[arg-type]


@pytest.mark.statistical
def test_useful_changes_are_rarely_taken_out(repetitions: Callable[..., int]) -> None:
    """A change that is worth 15 points or more, where 5 may be lost: by the bound at most one test in 20 may go wrong; far fewer do."""
    verdicts = [verdict["is"] for seed in range(repetitions(40, least=10)) for verdict in every_removal(config(seed=seed), HARMLESS)]
    assert len(verdicts) >= 10
    assert verdicts.count("Accepted") <= 1 + 0.02 * len(verdicts)


@pytest.mark.statistical
def test_a_change_that_became_useless_is_mostly_taken_out(repetitions: Callable[..., int]) -> None:
    runs = repetitions(20, least=8)
    found = [removals(live(config(seed=seed), agent(USELESS))).get(EARLY) for seed in range(runs)]
    tested = [verdict["is"] for verdict in found if verdict is not None]
    assert tested.count("Accepted") >= 0.6 * len(tested) > 0


def every_removal(settings: RunConfig, build: str) -> list[dict[str, Any]]:
    return [body["verdict"] for body in bodies(live(settings, agent(build)), "verdict.given") if "removes" in body]


def test_before_a_season_is_over_nothing_is_tested_again() -> None:
    seen = live(config(season=100_000), agent(HARMFUL))
    assert bodies(seen, "incumbent.changed") and not removals(seen)


def test_with_a_share_of_nothing_nothing_is_tested_again() -> None:
    seen = live(config(share=0.0), agent(HARMFUL))
    assert len(bodies(seen, "season.closed")) > 1 and bodies(seen, "incumbent.changed") and not removals(seen)


def test_it_costs_no_more_than_its_share() -> None:
    settings = config(share=0.2)
    seen = live(settings, agent(HARMFUL))
    names = {body["proposal"]["id"] for body in bodies(seen, "proposal.made") if "removes" in body}
    blocks = [body for body in bodies(seen, "trials.done") if body["race"]]
    spent = sum(body["programs"] * len(names & {*body["race"]["drawn"]}) / len(body["race"]["drawn"]) for body in blocks)
    rounds_under_way = 2 * 5 * settings.judge.block * settings.judge.programs
    assert 0 < spent <= 0.2 * settings.run.programs + rounds_under_way


def test_removals_spend_no_level_of_the_error_budget() -> None:
    """Thresholds of the agent's changes are α over the horizon times acceptances so far, as if nothing had been tested again."""
    seen, accepted = harmful(), 0
    names = {body["proposal"]["id"] for body in bodies(seen, "proposal.made") if "removes" in body}
    for entry in seen:
        body = entry.body if isinstance(entry.body, dict) else {}
        if entry.kind == "verdict.given" and body["proposal"] not in names:
            accepted += body["verdict"]["is"] == "Accepted"  # type: ignore[index, call-overload]
        if entry.kind == "test.opened":
            assert body["threshold"] == pytest.approx(20 if body["proposal"] in names else 12 / (0.5 * (accepted + 1)))
    assert names and accepted == 3


def test_a_stopped_run_goes_on_to_the_same_log(tmp_path: Path) -> None:
    _, whole = play(tmp_path / "whole", config(), agent(HARMFUL))
    opened = next(entry.seq for entry in whole if entry.kind == "proposal.made" and "removes" in entry.body)  # type: ignore[operator]
    first, _ = play(tmp_path / "parts", config(), agent(HARMFUL), stop_at=opened + 6)
    assert not first.finished
    again, seen = play(tmp_path / "parts", config(), agent(HARMFUL), workers=1)
    assert again.finished
    digests = [FileEventLog.read(tmp_path / name / "log.jsonl").digest() for name in ("whole", "parts")]
    assert digests[0] == digests[1]


def test_a_change_that_later_ones_are_built_on_is_passed_over_and_the_log_says_so() -> None:
    grown = PROPOSE.replace('["notes/late.txt"]', '["notes/early.txt"]').replace("for tag in tags if tag not in files]", "for tag in tags]")
    grown = grown.replace('"better\\n"', '"better\\n" + files.get(tag, "")').replace("notes/steady.txt", "notes/early.txt")
    power = """
def build(payload):
    return {"power": 0.2 + 0.2 * min(3, _read("notes/early.txt").count("better") if _has("notes/early.txt") else 0)}
"""
    files = toy_agent()
    seen = live(config(), {**files, "main.py": (files["main.py"].decode() + grown + power).encode()})
    assert len(bodies(seen, "incumbent.changed")) >= 2
    removed = {body["proposal"]["id"] for body in bodies(seen, "proposal.made") if "removes" in body}
    refused = {body["proposal"]: body["reason"] for body in bodies(seen, "proposal.refused")}
    assert removed and all(refused[name].startswith("passed over: stale: notes/early.txt") for name in removed)


def test_the_seed_agent_takes_the_word_removed_as_neither_success_nor_failure_of_its_edits() -> None:
    mine = modules("propose", "policy")
    memory = {"pending": {}, "history": [["code", "accepted"]], "policy": mine.policy.start()}
    after = mine.propose.learn([{"proposal": "p0001", "surface": "code", "verdict": "removed", "tag": "library"}], memory)
    assert after["history"][-1] == ["code", "removed"] and after["policy"] == mine.policy.start()
    assert not mine.propose.is_stuck(after)


class Guarded(ToyJail):
    """A jail in which versions with `late` and without `early` break the rules once `is_armed` says so."""

    def __init__(self, is_armed: Callable[[], bool]) -> None:
        self._is_armed = is_armed

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        reply = super().call(call, serve)
        offends = call.module == "main" and LATE in call.files and EARLY not in call.files and self._is_armed()
        return replace(reply, outcome=Outcome.VIOLATION, value=None, reason=f"{NAME}: it was seen") if offends else reply


def test_a_removal_that_breaks_the_rules_of_its_jail_is_out_and_the_change_stays() -> None:
    seen, settings = list[Entry](), config()
    parts = toy_parts(settings, lambda: Guarded(lambda: len(bodies(seen, "incumbent.changed")) == 3))
    live_in_memory(settings, agent(HARMFUL), parts, archive=MemoryArchive(), observer=seen.append)
    found = removals(seen)
    assert found[EARLY]["is"] == "Rejected" and found[EARLY]["reason"].startswith("quarantined: ")
    assert not bodies(seen, "lineage.quarantined") and bodies(seen, "certificate.issued")
    progress = progress_of(seen)
    assert EARLY in {attempt.proposal.edits[0].path for attempt in progress.accepted}


def test_where_a_version_without_the_change_is_undone_later_the_change_is_kept_again() -> None:
    seen, settings = list[Entry](), config()

    def is_taken_out() -> bool:
        names = {body["proposal"]["id"] for body in bodies(seen, "proposal.made") if "removes" in body}
        return any(body["proposal"] in names for body in bodies(seen, "incumbent.changed"))

    parts = toy_parts(settings, lambda: Guarded(is_taken_out))
    live_in_memory(settings, agent(HARMFUL), parts, archive=MemoryArchive(), observer=seen.append)
    assert is_taken_out() and bodies(seen, "lineage.quarantined")
    progress = progress_of(seen)
    assert all(attempt.fate is not Fate.REMOVED for attempt in progress.attempts.values())
    assert len(progress.accepted) == 3 and progress.incumbents[-1].candidate == progress.accepted[-1].candidate


def test_what_the_safety_suite_needs_is_not_taken_out_though_it_costs_score() -> None:
    settings = config(programs=160_000)
    settings = settings.model_copy(update={"safety": SafetyConfig(suite="list_functions_basics", margin=0.15, share=0.4)})
    safe = HARMFUL.replace("(early and late)}", '(early and late), "safety": 0.9 if early or not late else 0.3}') + SOLVE
    seen = live(settings, agent(safe))
    found = removals(seen)
    assert found[EARLY]["is"] != "Accepted" and "safety suite" in found[EARLY]["reason"]


def test_in_a_tree_nothing_is_tested_again() -> None:
    settings = config()
    settings = settings.model_copy(update={"judge": settings.judge.model_copy(update={"course": "tree"})})
    seen = live(settings, agent(HARMFUL))
    assert bodies(seen, "lineage.ablated") and bodies(seen, "season.closed") and not removals(seen)
