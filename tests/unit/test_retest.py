"""Toy runs in which a kept change must earn its place again: what a later change made harmful is taken out, with evidence."""

import threading
from pathlib import Path
from typing import Any

import pytest

from rsi.config import RunConfig
from rsi.core.protocols import Entry, Files
from rsi.kernel.archive.git import GitArchive
from rsi.loop.run import RunResult, run
from rsi.loop.verify import verify
from rsi.testing.in_memory import MemoryArchive, live_in_memory
from rsi.testing.toy import toy_agent, toy_config, toy_parts

EARLY, LATE, STEADY = "notes/early.txt", "notes/late.txt", "notes/steady.txt"
PROPOSE = """
def propose(payload):
    tags = [tag for tag in ("notes/early.txt", "notes/steady.txt") if not _has(tag)] or ["notes/late.txt"]
    proposals = [_edit("training", tag, "better\\n", 0.2) for tag in tags if not _has(tag)]
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


def bodies(seen: list[Entry], kind: str) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in seen if entry.kind == kind and isinstance(entry.body, dict)]


def removals(seen: list[Entry]) -> dict[str, dict[str, Any]]:
    """Verdicts over removals, by the path of the note that each takes out."""
    paths = {body["proposal"]["id"]: body["proposal"]["edits"][0]["path"] for body in bodies(seen, "proposal.made")}
    return {paths[body["removes"]]: body["verdict"] for body in bodies(seen, "verdict.given") if "removes" in body}


def release(folder: Path, seen: list[Entry]) -> Files:
    return GitArchive(folder / "objects.git").files(bodies(seen, "incumbent.changed")[-1]["candidate"])


def test_a_kept_change_that_a_later_one_made_harmful_is_taken_out_with_evidence(tmp_path: Path) -> None:
    _, seen = play(tmp_path, config(), agent(HARMFUL))
    for body in bodies(seen, "verdict.given"): print(body["proposal"], body.get("removes"), body["verdict"]["is"], body["verdict"].get("reason"), body["verdict"]["effect"])
    print([b for b in bodies(seen, "proposal.refused")], len(seen))
    found = removals(seen)
    assert found[EARLY]["is"] == "Accepted" and found[EARLY]["e_value"] >= found[EARLY]["threshold"] == 20
    kept = release(tmp_path, seen)
    assert EARLY not in kept and {LATE, STEADY} <= kept.keys()
    assert verify(tmp_path, 20, parts=toy_parts(config())).ok
