"""Controls of a finished run on a target, measured once: its release beside what plain methods find for as many trials."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from rsi.cli.folders import open_run
from rsi.config.model import from_json
from rsi.core.codec import encode
from rsi.core.protocols import Entry
from rsi.core.records import Json
from rsi.loop.aim import Aim, target_as_it_was
from rsi.loop.controls import CONTROLS, Contest, compare, control_tree

__all__ = ["CONTROLS_FILE", "measure_controls"]

CONTROLS_FILE = "controls.json"
"""In the folder of a run: what came of its controls."""


def measure_controls(folder: Path) -> list[str]:
    """Measure the controls of a finished run, unless they stand in its folder already; gives them as lines of a table.

    Raises:
        UserError: the target is not what it was when the run began.
    """
    path = folder / CONTROLS_FILE
    if not path.is_file():
        path.write_text(json.dumps(_measured(folder), sort_keys=True, indent=1) + "\n", "utf-8")
    return _table(json.loads(path.read_text("utf-8")))


def _measured(folder: Path) -> dict[str, Json]:
    with open_run(folder) as run:
        started = run.view.started
        config, told = from_json(started["config"]), started["target"]
        start, release = (dict(run.archive.files(run.candidate(name))) for name in ("start", "release"))
        budget = _spent_before_the_certificate(run.log.entries())
    target = target_as_it_was(folder, config.target, told)
    aim = Aim(target=target, agents={"control": control_tree(CONTROLS[0])})
    contest = Contest(start=start, release=release, manifest=target.manifest, told=told, budget=budget)
    with aim.parts(config) as parts:
        found = compare(contest, config, parts, _tell)
    return {"budget": budget, "alpha": config.certificate.alpha, "compared": [encode(one) for one in found]}


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def _spent_before_the_certificate(entries: Iterable[Entry]) -> int:
    """Trials of the whole run but those on sealed cases."""
    spent = 0
    for entry in entries:
        body = entry.body if isinstance(entry.body, dict) else {}
        programs = body.get("programs")
        if entry.kind in ("job.done", "trials.done", "calibration.done") and isinstance(programs, int):
            spent += 0 if body.get("purpose") in ("certificate", "calibration") else programs
    return spent


def _table(data: dict[str, Json]) -> list[str]:
    rows = data["compared"]
    assert isinstance(rows, list) and isinstance(data["alpha"], float)
    lines = [
        f"Controls: the same edits, no model and no judge, at most {data['budget']} trials each; then the same sealed cases for all.",
        f"  {'':<10}  {'tried':>6}  {'score':>6}  release is ahead by ({1 - data['alpha']:.0%} interval, each for itself)",
    ]
    return lines + [_row(row) for row in rows if isinstance(row, dict)]


def _row(row: dict[str, Json]) -> str:
    ahead, mean = row["ahead"], row["mean"]
    assert isinstance(ahead, dict) and isinstance(mean, float)
    numbers = [float(str(ahead[name])) for name in ("mean", "low", "high")]
    note = f"  ({row['note']})" if row["note"] else ""
    tried = str(row["tried"]) if row["tried"] else "–"
    return f"  {row['name']:<10}  {tried:>6}  {mean:>6.3f}  {numbers[0]:+.3f} [{numbers[1]:+.3f}, {numbers[2]:+.3f}]{note}"
