"""Ours beside OpenEvolve, ShinkaEvolve and GEPA: the same task, the same mock model, the same number of evaluations, in one run.

    python -m benchmarks.peers --peerbench DIR [--openevolve PYTHON] [--shinka PYTHON] [--gepa PYTHON] [--only PART…]

`DIR` is the folder of the peer bench; its files are read and run there. A peer is measured where a Python is named that has it
installed; what is not measured is called so. Parts: `best` (what 200 evaluations bring, over five seeds), `null` (how often a gain is
claimed where there is none), `same` (the same seed twice), `flat` (CPU of the loop for each candidate, from 100 to 10,000), `disk` (1,000
candidates of 8 kB).
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers_flat import overhead
from benchmarks.peers_ours import budget_file, play, target_at
from benchmarks.peers_theirs import PEERS, mock, play_peer

__all__ = ["main"]

_NOT_MEASURED = "not measured"


def main() -> int:
    """Measure what is asked for and print it."""
    options = _options()
    peers = {name: Path(path) for name in PEERS if (path := getattr(options, name)) is not None}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=options.out) as folder:
        for part in options.only or PARTS:
            found[part] = PARTS[part](options, peers, Path(folder))
            print(f"\n{part}\n" + "\n".join(f"  {name}: {told}" for name, told in found[part].items()), flush=True)
    if options.json:
        print(json.dumps(found, sort_keys=True))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.peers", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peerbench", type=Path, required=True, help="folder of the peer bench")
    for name in PEERS:
        parser.add_argument(f"--{name}", help=f"Python of an environment with {name}")
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--null-seeds", type=int, default=40)
    parser.add_argument("--candidates", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--only", nargs="+", choices=list(PARTS))
    parser.add_argument("--out", type=Path, help="where temporary folders are made")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.peerbench / "mock_llm.py").is_file():
        parser.error(f"{options.peerbench} has no mock_llm.py: name the folder of the peer bench")
    return options


def _ours(options: argparse.Namespace, folder: Path, name: str, seed: int, *, is_null: bool = False, hash_seeded: bool = False) -> Any:
    peerbench = options.peerbench.resolve()
    place = folder / name
    target = target_at(place / "target", peerbench, is_null=is_null)
    with mock(peerbench, seed, hash_seeded=hash_seeded) as port:
        settings = budget_file(place / "settings.toml", options.evaluations, port)
        return play(target, place / "run", settings, seed, peerbench)


def _best(options: argparse.Namespace, peers: Mapping[str, Path], folder: Path) -> dict[str, str]:
    found = {"ours": _spread([_ours(options, folder, f"best-{seed}", seed).best for seed in _seeds(options)])}
    for name in PEERS:
        found[name] = _spread(_peer(options, peers, folder, name)) if name in peers else _NOT_MEASURED
    return found


def _peer(options: argparse.Namespace, peers: Mapping[str, Path], folder: Path, name: str, *, is_null: bool = False) -> list[float | None]:
    bests = []
    for seed in _seeds(options):
        with mock(options.peerbench.resolve(), seed) as port:
            out = folder / f"{name}-{'null' if is_null else 'best'}-{seed}"
            done = play_peer(name, peers[name], options.peerbench.resolve(), out, port, options.evaluations, seed, is_null=is_null)
        if done.note:
            sys.stderr.write(f"{name}, seed {seed}: {done.note}\n")
        bests.append(done.best)
    return bests


def _null(options: argparse.Namespace, peers: Mapping[str, Path], folder: Path) -> dict[str, str]:
    claimed = [_ours(options, folder, f"null-{seed}", seed, is_null=True).claimed for seed in range(1, options.null_seeds + 1)]
    none = sum(claim is None for claim in claimed)
    found = {"ours": f"no improvement claimed in {none} of {len(claimed)} seeds ({none / len(claimed):.0%})"}
    for name in PEERS:
        if name in peers:
            bests = [best for best in _peer(options, peers, folder, name, is_null=True) if best is not None]
            told = ", ".join(f"{best - 0.5:+.3f}" for best in bests)
            found[name] = f"claims over the truth of 0.5: {told or 'no result'}"
        else:
            found[name] = _NOT_MEASURED
    return found


def _same(options: argparse.Namespace, peers: Mapping[str, Path], folder: Path) -> dict[str, str]:
    pairs = [[_ours(options, folder, f"same-{seed}-{turn}", seed, hash_seeded=True).digest for turn in range(2)] for seed in (1, 2)]
    equal = sum(one == other for one, other in pairs)
    return {"ours": f"identical decisions in {equal} of {len(pairs)} pairs of runs", **dict.fromkeys(PEERS, _NOT_MEASURED)}


def _flat(options: argparse.Namespace, peers: Mapping[str, Path], folder: Path) -> dict[str, str]:
    found = {}
    for count in options.candidates:
        done = overhead(count, folder / f"flat-{count}")
        found[f"ours, {done.candidates} candidates"] = f"{done.ms_each:.1f} ms of CPU each, {done.disk_mb:.1f} MB in all"
    return {**found, **dict.fromkeys(PEERS, _NOT_MEASURED)}


def _disk(options: argparse.Namespace, peers: Mapping[str, Path], folder: Path) -> dict[str, str]:
    done = overhead(1_000, folder / "disk")
    return {"ours": f"{done.disk_mb:.1f} MB for {done.candidates} candidates of 8 kB", **dict.fromkeys(PEERS, _NOT_MEASURED)}


def _seeds(options: argparse.Namespace) -> range:
    return range(1, options.seeds + 1)


def _spread(values: list[float | None] | list[float]) -> str:
    given = [value for value in values if value is not None]
    if not given:
        return "no result"
    return f"best score {statistics.fmean(given):.3f} on average ({', '.join(f'{value:.3f}' for value in given)})"


PARTS: Mapping[str, Callable[[argparse.Namespace, Mapping[str, Path], Path], dict[str, str]]] = {
    "best": _best,
    "null": _null,
    "same": _same,
    "flat": _flat,
    "disk": _disk,
}
"""What can be measured."""

if __name__ == "__main__":
    sys.exit(main())
