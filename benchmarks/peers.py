"""Ours beside OpenEvolve, ShinkaEvolve and GEPA: the same task, the same mock model, the same number of evaluations, in one run.

    python -m benchmarks.peers --peerbench DIR [--openevolve PYTHON] [--shinka PYTHON] [--gepa PYTHON] [--only PART…]

`DIR` is the folder of the peer bench; its files are read and run there. A peer is measured where a Python is named that has it
installed; what is not measured is called so. Parts: `best` (what 200 evaluations bring, over five seeds, or fewer of the peers), `null`
(how often a gain is claimed where there is none), `same` (the same seed twice, with a model whose answer depends on the question alone),
`flat` (CPU of the loop for each candidate of 8 kB, from 100 to 10,000; of a peer the CPU of its whole run), `disk` (1,000 candidates of
8 kB).
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers_flat import overhead
from benchmarks.peers_ours import Ours, budget_file, play, target_at
from benchmarks.peers_theirs import PEERS, Theirs, mock, play_peer

__all__ = ["main"]

Peers = Mapping[str, Path]
"""Peer → a Python that has it installed."""
_NULL_WORTH = 0.5
_BIG = "initial_big.py"


def main() -> int:
    """Measure what is asked for and print it."""
    options = _options()
    peers = {name: Path(path) for name in PEERS if (path := getattr(options, name)) is not None}
    found: dict[str, Any] = {}
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out) as folder:
        for part in options.only or PARTS:
            missing = {name: "not measured: no Python with it was named" for name in PEERS if name not in peers}
            found[part] = {**PARTS[part](options, peers, Path(folder)), **missing}
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
    parser.add_argument("--peer-seeds", type=int, help="seeds of the peers, where these are fewer")
    parser.add_argument("--null-seeds", type=int, default=40)
    parser.add_argument("--candidates", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--peer-candidates", type=int, nargs="+", default=[100, 1_000])
    parser.add_argument("--only", nargs="+", choices=list(PARTS))
    parser.add_argument("--out", type=Path, help="where temporary folders are made")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.peerbench / "mock_llm.py").is_file():
        parser.error(f"{options.peerbench} has no mock_llm.py: name the folder of the peer bench")
    options.peer_seeds = min(options.seeds, options.peer_seeds or options.seeds)
    return options


def _ours(options: argparse.Namespace, folder: Path, name: str, seed: int, *, is_null: bool = False, hash_seeded: bool = False) -> Ours:
    peerbench = options.peerbench.resolve()
    place = folder / name
    target = target_at(place / "target", peerbench, is_null=is_null)
    with mock(peerbench, seed, hash_seeded=hash_seeded) as port:
        settings = budget_file(place / "settings.toml", options.evaluations, port)
        return play(target, place / "run", settings, seed, peerbench)


def _peer(options: argparse.Namespace, python: Path, out: Path, seed: int, *, hash_seeded: bool = False, **more: Any) -> Theirs:
    """A run of the peer that the folder is named after."""
    name, peerbench = out.name.partition("-")[0], options.peerbench.resolve()
    with mock(peerbench, seed, hash_seeded=hash_seeded) as port:
        done = play_peer(name, python, peerbench, out, port, more.pop("evaluations", options.evaluations), seed, **more)
    if done.note:
        sys.stderr.write(f"{out.name}: {done.note}\n")
    return done


def _best(options: argparse.Namespace, peers: Peers, folder: Path) -> dict[str, str]:
    ours = [_ours(options, folder, f"best-{seed}", seed) for seed in range(1, options.seeds + 1)]
    certified = sum(one.claimed is not None for one in ours)
    told = (
        f"{_spread([one.best for one in ours])}, which is what the run released; certified in {certified} of {len(ours)}; the best that it "
        f"tried {_mean([one.found for one in ours]):.3f}; trials {_mean([one.programs for one in ours]):.0f}, "
        f"calls of the model {_mean([one.calls for one in ours]):.0f}, CPU {_mean([one.cpu_s for one in ours]):.1f} s"
    )
    found = {"ours": told}
    for name, python in peers.items():
        theirs = [_peer(options, python, folder / f"{name}-best-{seed}", seed) for seed in range(1, options.peer_seeds + 1)]
        cost = f"calls of the model {_mean([one.calls for one in theirs]):.0f}, CPU {_mean([one.cpu_s for one in theirs]):.1f} s"
        found[name] = f"{_spread([one.best for one in theirs])}, as it reports; {cost}"
    return found


def _null(options: argparse.Namespace, peers: Peers, folder: Path) -> dict[str, str]:
    ours = [_ours(options, folder, f"null-{seed}", seed, is_null=True) for seed in range(1, options.null_seeds + 1)]
    none, kept = sum(one.claimed is None for one in ours), sum(one.kept > 0 for one in ours)
    found = {"ours": f"no improvement claimed in {none} of {len(ours)} seeds ({none / len(ours):.0%}); anything kept in {kept}"}
    for name, python in peers.items():
        theirs = [_peer(options, python, folder / f"{name}-null-{seed}", seed, is_null=True) for seed in range(1, options.peer_seeds + 1)]
        told = ", ".join(f"{one.best - _NULL_WORTH:+.3f}" for one in theirs if one.best is not None)
        found[name] = f"claims over the truth of {_NULL_WORTH}: {told or 'no result'}"
    return found


def _same(options: argparse.Namespace, peers: Peers, folder: Path) -> dict[str, str]:
    seeds = (1, 2)
    pairs = [[_ours(options, folder, f"same-{seed}-{turn}", seed, hash_seeded=True).digest for turn in "ab"] for seed in seeds]
    found = {"ours": f"identical decisions in {sum(one == other for one, other in pairs)} of {len(pairs)} pairs of runs"}
    for name, python in peers.items():
        names = [[folder / f"{name}-same-{seed}-{turn}" for turn in "ab"] for seed in seeds]
        theirs = [
            [_peer(options, python, out, seed, hash_seeded=True).best for out in outs] for seed, outs in zip(seeds, names, strict=True)
        ]
        told = ", ".join(f"{one} and {other}" for one, other in theirs)
        found[name] = f"the same best score in {sum(one == other for one, other in theirs)} of {len(theirs)} pairs of runs: {told}"
    return found


def _flat(options: argparse.Namespace, peers: Peers, folder: Path) -> dict[str, str]:
    found = {}
    for count in options.candidates:
        done = overhead(count, folder / f"flat-{count}")
        git = 1000 * done.children_s / max(1, done.candidates)
        cost = f"{done.ms_each:.1f} ms of CPU each without the jails, {git:.1f} of it git's at the end"
        found[f"ours, {done.candidates} candidates"] = f"{cost}; {done.disk_mb:.1f} MB in all"
    for name, python in peers.items():
        for count in options.peer_candidates:
            theirs = _peer(options, python, folder / f"{name}-flat-{count}", 1, evaluations=count, initial=_BIG)
            found[f"{name}, {count} candidates"] = (
                f"{1000 * theirs.cpu_s / count:.1f} ms of CPU each with evaluations and start, {theirs.disk_mb:.1f} MB in all"
            )
    return found


def _disk(options: argparse.Namespace, peers: Peers, folder: Path) -> dict[str, str]:
    done = overhead(1_000, folder / "disk")
    found = {"ours": f"{done.disk_mb:.1f} MB for {done.candidates} candidates of 8 kB"}
    for name, python in peers.items():
        theirs = _peer(options, python, folder / f"{name}-disk", 1, evaluations=1_000, initial=_BIG)
        found[name] = f"{theirs.disk_mb:.1f} MB"
    return found


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)


def _spread(values: Iterable[float | None]) -> str:
    given = [value for value in values if value is not None]
    if not given:
        return "no result"
    return f"best score {_mean(given):.3f} on average ({', '.join(f'{value:.3f}' for value in given)})"


PARTS: Mapping[str, Callable[[argparse.Namespace, Peers, Path], dict[str, str]]] = {
    "best": _best,
    "null": _null,
    "same": _same,
    "flat": _flat,
    "disk": _disk,
}
"""What can be measured."""

if __name__ == "__main__":
    sys.exit(main())
