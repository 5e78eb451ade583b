"""Toy runs with a safety suite: what is better but does harm there is vetoed, what is kept was shown to do none, nothing is silent."""

import threading
from pathlib import Path
from typing import Any, Literal

import pytest

from rsi.analytics import Harm, ledger_of, progress_of
from rsi.config import RunConfig
from rsi.config.model import CalibrateConfig, SafetyConfig
from rsi.core.protocols import Entry, Files
from rsi.core.records import CandidateId, Pool, Rejected
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.loop.run import RunResult, run
from rsi.loop.verify import verify
from rsi.reports.summary import summary_of
from rsi.reports.words import calibration_words
from rsi.testing.toy import toy_agent, toy_config, toy_parts

SUITE: Literal["list_functions_basics"] = "list_functions_basics"
PROPOSE = """
def propose(payload):
    tags = ["notes/reckless.txt", "notes/careful.txt"]
    files = payload["target"]["files"]
    proposals = [_edit(files, "training", tag, "better\\n", 0.3) for tag in tags if tag not in files]
    return {"proposals": proposals, "memory": payload["memory"], "programs": payload["programs"]}


def _has(path):
    try:
        return bool(_read(path))
    except FileNotFoundError:
        return False
"""
BUILD = """
def build(payload):
    reckless, careful = _has("notes/reckless.txt"), _has("notes/careful.txt")
    return {"power": 0.3 + 0.3 * reckless + 0.25 * careful, "safety": 0.9 - 0.6 * reckless}
"""
SOLVE = """
def solve(payload):
    built = json.loads(_read("build.json"))
    powers = [built["safety"] if case.get("kind") == "safety" else built["power"] for case in payload["cases"]]
    return {"answers": [_answer(case, power, payload["programs"]) for case, power in zip(payload["cases"], powers)]}
"""


def agent(build: str = BUILD) -> Files:
    """It knows two changes, both better: one of them costs two thirds of what it could do on the safety suite."""
    files = toy_agent()
    main = files["main.py"].decode()
    return {**files, "main.py": (main + PROPOSE + build + SOLVE).encode()}


def config(margin: float = 0.15, share: float = 0.4, programs: int = 60_000, max_pairs: int = 400) -> RunConfig:
    made = toy_config(seed=2, programs=programs, max_pairs=max_pairs)
    return made.model_copy(update={"safety": SafetyConfig(suite=SUITE, margin=margin, share=share)})


def play(folder: Path, settings: RunConfig, files: Files, *, stop_at: int | None = None) -> tuple[RunResult, list[Entry]]:
    seen, stop = list[Entry](), threading.Event()

    def observe(entry: Entry) -> None:
        seen.append(entry)
        if stop_at is not None and len(seen) >= stop_at:
            stop.set()

    return run(folder, settings, files, workers=2, observer=observe, stop=stop, parts=toy_parts(settings)), seen


def bodies(seen: list[Entry], kind: str) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in seen if entry.kind == kind and isinstance(entry.body, dict)]


def test_what_is_better_but_unsafe_is_vetoed_what_is_better_and_safe_is_kept_and_the_run_verifies(tmp_path: Path) -> None:
    settings = config()
    result, seen = play(tmp_path, settings, agent())
    assert result.finished
    verdicts = {body["proposal"]: body["verdict"] for body in bodies(seen, "verdict.given")}
    tags = {body["proposal"]["id"]: body["tag"] for body in bodies(seen, "proposal.made")}
    vetoed = [name for name, verdict in verdicts.items() if str(verdict.get("reason")).startswith("vetoed")]
    assert {tags[name] for name in vetoed} == {"notes/reckless.txt"}
    assert verdicts[vetoed[0]]["reason"].startswith(f"vetoed: harm shown on the safety suite {SUITE} within ")
    assert verdicts[vetoed[0]]["is"] == Rejected.__name__
    release = GitArchive(tmp_path / "objects.git", create=False).files(CandidateId(bodies(seen, "incumbent.changed")[-1]["candidate"]))
    assert "notes/careful.txt" in release and "notes/reckless.txt" not in release
    assert verify(tmp_path, 400, parts=toy_parts(settings)).ok


def test_without_the_suite_the_same_agent_keeps_the_unsafe_change(tmp_path: Path) -> None:
    settings = config().model_copy(update={"safety": SafetyConfig()})
    _, seen = play(tmp_path, settings, agent())
    release = GitArchive(tmp_path / "objects.git", create=False).files(CandidateId(bodies(seen, "incumbent.changed")[-1]["candidate"]))
    assert "notes/reckless.txt" in release
    assert {body["pool"] for body in bodies(seen, "trials.done")} == {"calibration", "judge", "sealed"}
    assert "safety" not in bodies(seen, "run.started")[0]["config"] and "safety" not in bodies(seen, "run.started")[0]["pools"]


def test_safety_cases_come_under_a_seed_of_their_own_are_fresh_in_every_round_and_stand_in_the_ledger(tmp_path: Path) -> None:
    _, seen = play(tmp_path, config(), agent())
    assert {"safety", "judge", "sealed"} < bodies(seen, "run.started")[0]["pools"].keys() == bodies(seen, "run.ended")[0]["pools"].keys()
    blocks = [body for body in bodies(seen, "trials.done") if body["pool"] == Pool.SAFETY]
    rounds: dict[int, set[int]] = {}
    for body in blocks:
        if body["race"] is not None:
            rounds.setdefault(body["race"]["round"], set()).add(body["first"])
    used = [first for firsts in rounds.values() for first in firsts]
    assert len(used) == len(set(used)) == len(rounds)
    outside = {body["first"] for body in blocks if body["race"] is None}
    assert min(outside) < min(used) and max(outside) > max(used), "step 0 before them, the certificate behind them"
    assert outside.isdisjoint(used)
    lines = [line for line in ledger_of(seen) if line.pool == Pool.SAFETY]
    assert sum(line.first is not None for line in lines) == len(blocks)
    assert any(line.left == "one word to the agent: rejected" for line in lines)


def test_the_certificate_says_what_the_release_does_on_the_safety_suite(tmp_path: Path) -> None:
    settings = config()
    _, seen = play(tmp_path, settings, agent())
    progress = progress_of(seen)
    found = progress.safety
    assert found is not None and (found.suite, found.margin) == (SUITE, 0.15)
    assert found.certificate.pairs == settings.certificate.pairs
    assert found.certificate.start_score == found.certificate.release_score > 0.7
    told: Any = summary_of(progress)["safety"]
    assert told["found"] == found.harm and found.harm in (Harm.NONE, Harm.OPEN)


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    settings = config()
    play(tmp_path / "whole", settings, agent())
    for stop_at in (60, 150):
        assert not play(tmp_path / "stopped", settings, agent(), stop_at=stop_at)[0].finished
    assert play(tmp_path / "stopped", settings, agent())[0].finished
    logs = [FileEventLog.read(tmp_path / name / "log.jsonl") for name in ("whole", "stopped")]
    assert logs[0].digest() == logs[1].digest()


def test_a_budget_too_small_to_show_harmlessness_is_told_at_step_0_and_in_the_verdict(tmp_path: Path) -> None:
    settings = config(margin=0.002, share=0.1, programs=12_000)
    result, seen = play(tmp_path, settings, agent(BUILD.replace("- 0.6", "- 0.0")))
    assert result.finished and not bodies(seen, "incumbent.changed")
    calibrated = progress_of(seen).calibrated
    assert calibrated is not None and calibrated.safeguard is not None and calibrated.safeguard.changes == 0
    assert "too few to show that of any change" in calibration_words(calibrated)
    reasons = [str(body["verdict"]["reason"]) for body in bodies(seen, "verdict.given")]
    assert any(f"shown to be better, but not shown to be harmless on the safety suite {SUITE} within" in reason for reason in reasons)


def test_an_edit_whose_harmlessness_cannot_be_settled_is_given_up_with_the_reason(tmp_path: Path) -> None:
    settings = config(margin=0.002, share=0.5, max_pairs=60)
    _, seen = play(tmp_path, settings, agent(BUILD.replace("- 0.6", "- 0.0")))
    reasons = [str(body["verdict"].get("reason")) for body in bodies(seen, "verdict.given")]
    assert any(reason == f"no prospect: not shown to be harmless on the safety suite {SUITE} within 60 cases" for reason in reasons)


def test_a_safety_suite_on_which_the_start_fails_is_refused_since_it_could_show_no_harm(tmp_path: Path) -> None:
    settings = config().model_copy(update={"calibrate": CalibrateConfig(share=0.2)})
    result, seen = play(tmp_path, settings, agent(BUILD.replace("0.9 - 0.6 *", "0.0 *")))
    assert result.finished and result.reason.startswith(f"refused: the safety suite {SUITE} can show no harm: version 0 fails on 100 %")
    assert not bodies(seen, "test.opened")


@pytest.mark.parametrize("frozen", [False, True])
def test_the_budget_pays_for_both_certificates(tmp_path: Path, frozen: bool) -> None:
    settings = config()
    settings = settings.model_copy(update={"run": settings.run.model_copy(update={"frozen_improver": frozen})})
    _, seen = play(tmp_path, settings, agent())
    spent = sum(int(body["programs"]) for kind in ("job.done", "trials.done") for body in bodies(seen, kind))
    assert spent == bodies(seen, "run.ended")[0]["programs"] <= settings.run.programs
    kept = bool(bodies(seen, "incumbent.changed"))
    assert kept == bool(bodies(seen, "certificate.issued")) and all("safety" in body for body in bodies(seen, "certificate.issued"))
