"""How many programs the seed agent tries per CPU-second, at the start and with a grown library, and where the time goes.

    python benchmarks/search.py [programs]

Start: the shipped tree, trained on nothing. Grown: three rounds of two practice batches (500,000 programs each), trained on all that
was found, with functions mined from it. Each measures `solve_batch` on a fresh practice batch, as in a run: one enumeration for 300
tasks, hits included. Medians of 3, CPU seconds of this process. The shares come from a search that was recorded and replayed in parts
(a quarter of the programs): *evaluating* is running operations on the values of arguments; *telling apart* is hashing values and looking
them up among those seen; the rest is bookkeeping: levels, slots, loops, new entries.
"""

import argparse
import importlib
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from rsi.suites import ListFunctions, secret_seeds

__all__ = ["main"]

SEED = Path(__file__).parents[1] / "src" / "rsi" / "agents" / "seed"
NAMES = ("main", "abstraction", "experience", "expressions", "functions", "grammar", "model", "practice", "search", "solve")
ROUNDS = 3


def agent() -> dict[str, ModuleType]:
    """The agent's modules, imported as a jail imports them."""
    sys.path.insert(0, str(SEED))
    return {name: importlib.import_module(name) for name in NAMES}


def batch(number: int) -> Any:
    """A practice batch of 300 tasks."""
    return json.loads(json.dumps(ListFunctions(secret_seeds(11)).practice_batch(number, 300)))


def grow(parts: dict[str, ModuleType], grammar: Any) -> tuple[Any, Any]:
    """Grammar and weights after some practice and mining."""
    corpus: Any = {"inputs": {}, "solutions": []}
    source = (SEED / "library.py").read_text()
    weights = parts["model"].train(corpus, grammar, [], random.Random(1))
    base = dict(grammar)
    for number in range(2 * ROUNDS):
        given = batch(number)
        found, _, _ = parts["solve"].solve_batch(given, grammar, weights, 500_000)
        solved = [parts["practice"].solution(given["tasks"][n], program, grammar, given["shown"]) for n, program, right in found if right]
        corpus = parts["experience"].merge(corpus, solved, f"b{number}", given["inputs"][: given["shown"]])
        if number % 2:
            functions = [p for p in grammar.values() if p.function][::-1]
            known = [parts["expressions"].from_lists(entry["program"]) for entry in corpus["solutions"]]
            programs = [parts["expressions"].rewrite(p, functions) for p in known if parts["expressions"].is_known(p, grammar)]
            weights = parts["model"].train(corpus, grammar, functions, random.Random(1))
            source, _ = parts["abstraction"].mine(programs, grammar, weights["costs"], source)
            grammar = parts["functions"].load(source, base)
            functions = [p for p in grammar.values() if p.function][::-1]
            weights = parts["model"].train(corpus, grammar, functions, random.Random(1))
    return grammar, weights


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of `work`."""
    before = time.process_time()
    work()
    return time.process_time() - before


def speed(parts: dict[str, ModuleType], grammar: Any, weights: Any, programs: int) -> tuple[float, int]:
    """Programs per CPU-second (median of 3) and tasks solved."""
    given = batch(100)
    results: list[Any] = []
    seconds = [cpu(lambda: results.append(parts["solve"].solve_batch(given, grammar, weights, programs))) for _ in range(3)]
    found, tried, _ = results[0]
    return tried / statistics.median(seconds), sum(right for *_, right in found)


class Recorder:
    """Listens to a search: keeps what is evaluated item by item and every value, and times what crosses kinds."""

    def __init__(self, search: Any) -> None:
        """Listen to this search from now on."""
        self.items: list[tuple[Any, Any]] = []
        self.values: dict[str, list[Any]] = {kind: [] for kind in search.seen}
        self.crossing = 0.0
        self._inner = search._crossing
        search._crossing = self._timed
        search.seen = {kind: Listening(values) for kind, values in self.values.items()}

    def map(self, op: Any, *columns: Any) -> Any:
        """Stands for the built-in `map` in the module of the search."""
        self.items.append((op, columns))
        return map(op, *columns)

    def _timed(self, production: Any) -> Any:
        cross = self._inner(production)

        def call(*entries: Any) -> Any:
            before = time.process_time()
            try:
                return cross(*entries)
            finally:
                self.crossing += time.process_time() - before - TICK

        return cross and call


class Listening(set[Any]):
    """A set that keeps everything it was asked for."""

    def __init__(self, asked: list[Any]) -> None:
        """Keep it in `asked`."""
        super().__init__()
        self.asked = asked

    def __contains__(self, value: object) -> bool:
        """Look up."""
        self.asked.append(value)
        return super().__contains__(value)


TICK = cpu(lambda: [time.process_time() for _ in range(50_000)]) / 50_000
"""CPU seconds of asking for the CPU time once."""


def shares(parts: dict[str, ModuleType], grammar: Any, weights: Any, programs: int) -> dict[str, float]:
    """Shares of evaluating, telling apart and the rest."""
    whole = statistics.median(cpu(lambda: enumeration(parts, grammar, weights).run(programs)) for _ in range(3))
    search = enumeration(parts, grammar, weights)
    recorder = Recorder(search)
    parts["search"].map = recorder.map  # type: ignore[attr-defined]  # a module's own name goes before the built-in
    search.run(programs)
    del parts["search"].map  # type: ignore[attr-defined]
    evaluating = recorder.crossing + statistics.median(cpu(lambda: evaluate(recorder.items, parts["search"].REFUSED)) for _ in range(3))
    apart = statistics.median(cpu(lambda: tell_apart(recorder.values)) for _ in range(3))
    return {"evaluating": evaluating / whole, "telling apart": apart / whole, "the rest": 1 - (evaluating + apart) / whole}


def enumeration(parts: dict[str, ModuleType], grammar: Any, weights: Any) -> Any:
    """A search on a fresh batch that never finds what it looks for."""
    given = batch(100)
    scope = parts["grammar"].Scope(given["inputs"][: given["shown"]], "list-of-int")
    return parts["search"].Enumeration(grammar, weights["costs"], scope, {"L": {"never": [0]}}, list("BILM"))


def evaluate(items: list[tuple[Any, Any]], refused: Any) -> None:
    """Run every operation again."""
    for op, columns in items:
        try:
            tuple(map(op, *columns))
        except refused:
            continue


def tell_apart(values: dict[str, list[Any]]) -> None:
    """Look every value up among those before it, and keep the new ones."""
    for asked in values.values():
        seen: set[Any] = set()
        for value in asked:
            if value not in seen:
                seen.add(value)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="?", type=int, default=400_000)
    programs = parser.parse_args().programs
    parts = agent()
    base = {production.name: production for production in parts["grammar"].base()}
    start = base, parts["model"].train({"inputs": {}, "solutions": []}, base, [], random.Random(1))
    grown = grow(parts, base)
    for name, (grammar, weights) in {"start": start, "grown": grown}.items():
        rate, solved = speed(parts, grammar, weights, programs)
        functions = sum(1 for production in grammar.values() if production.function)
        print(f"{name}: {rate:,.0f} programs per CPU-second ({functions} library functions, {solved} tasks of a batch solved)")
        print("  " + ", ".join(f"{what} {share:.0%}" for what, share in shares(parts, grammar, weights, programs // 4).items()))
    print(f"largest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
