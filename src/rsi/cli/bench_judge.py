"""`rsi bench judge`: the judge and the rules that loops use today, in simulated worlds."""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rsi.bench.judge import RULES, Goal, Result, Summary, goals, play, summarise, table
from rsi.bench.plot import figure
from rsi.bench.worlds import WORLDS
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.config.load import nearest
from rsi.core.codec import decode, encode, loads
from rsi.core.errors import InfrastructureError, UserError
from rsi.core.records import Json

__all__ = ["judge"]

_CHUNK = 5
_DEFAULT = "ours,ours-fast,ours-tree,keep-if-higher,dgm,hgm,gepa,mcnemar,e-process"
_ANSWER = 64_000_000


def judge(
    *,
    worlds: str = "main,null",
    replicates: int = 40,
    first: int = 0,
    seed: int = 1,
    rules: str = _DEFAULT,
    workers: int = 2,
    out: Path | None = None,
    as_json: JsonFlag = False,
) -> int:
    """The judge and the rules that loops use today, in simulated worlds where the truth is known.

    Args:
        worlds: Names of worlds with commas between, or all.
        replicates: Drawings of each world.
        first: Number of the first drawing.
        seed: Seed of every random choice.
        rules: Names of rules with commas between, or all.
        workers: Processes that work at the same time; changes no number.
        out: Folder for judge.json, judge.txt and judge.svg.
    """
    names, chosen = _names(worlds, list(WORLDS), "world"), _names(rules, list(RULES), "rule")
    if replicates < 1 or workers < 1:
        raise UserError("--replicates and --workers must be at least 1")
    numbers = range(first, first + replicates)
    results = _alone(names, chosen, seed, numbers) if workers == 1 else _shared(names, chosen, seed, numbers, workers)
    summaries = summarise(results)
    reached = goals(summaries)
    data = {"seed": seed, "summaries": encode(summaries), "goals": encode(reached), "results": encode(results)}
    lines = [*table(summaries), "", *(_goal(goal) for goal in reached)]
    if out is not None:
        _write(out, data, lines, summaries)
    if as_json:
        print_json(data)
    else:
        say("\n".join(lines))
    return 0


def _names(text: str, known: list[str], kind: str) -> list[str]:
    names = list(known) if text == "all" else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise UserError(f"there is no {kind} {name!r}{nearest(name, known)}")
    return names


def _alone(names: Sequence[str], chosen: Sequence[str], seed: int, numbers: range) -> list[Result]:
    return [result for world in names for result in play(world, chosen, seed, numbers)]


def _shared(names: Sequence[str], chosen: Sequence[str], seed: int, numbers: range, workers: int) -> list[Result]:
    """The same results from several processes, each of which plays a few drawings of one world."""
    jobs = [(world, numbers[place : place + _CHUNK]) for world in names for place in range(0, len(numbers), _CHUNK)]
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_process, world, chosen, seed, part) for world, part in jobs]
        found: list[Result] = []
        for done, ((world, part), future) in enumerate(zip(jobs, futures, strict=True), start=1):
            found += future.result()
            sys.stderr.write(f"{world} {part[0]} … {part[-1]} played ({done} of {len(jobs)})\n")
    return found


def _process(world: str, chosen: Sequence[str], seed: int, part: range) -> list[Result]:
    options = ["--worlds", world, "--rules", ",".join(chosen), "--seed", str(seed), "--first", str(part[0]), "--replicates", str(len(part))]
    command = [sys.executable, "-m", "rsi", "bench", "judge", *options, "--workers", "1", "--json"]
    ended = subprocess.run(command, capture_output=True, check=False)
    if ended.returncode != 0:
        raise InfrastructureError(f"a process of the benchmark failed: {ended.stderr.decode('utf-8', 'replace').strip()[-400:]}")
    data = loads(ended.stdout, max_bytes=_ANSWER)
    assert isinstance(data, dict)
    return decode(list[Result], data["results"])


def _goal(goal: Goal) -> str:
    return f"{'met   ' if goal.met else 'MISSED'}  {goal.what}: {goal.measured:.3g}"


def _write(out: Path, data: Json, lines: Sequence[str], summaries: Sequence[Summary]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "judge.svg").write_text(figure(summaries), "utf-8")
    (out / "judge.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (out / "judge.json").write_text(json.dumps(data, sort_keys=True, indent=1) + "\n", "utf-8")
