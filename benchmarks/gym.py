"""What the problems of the gym are like: what start and expert score, what an evaluation costs, how far blind edits get.

    python benchmarks/gym.py [cases] [--climb] [--json]

For each problem some cases from fresh seeds: the mean score of their start programs and of the expert on the hidden instances, and the CPU
time of one evaluation (compiling included once for each program, as in an episode of several instances). `luck` is the spread (standard
deviation) of the start's score between the hidden instances of a case, `of rounds` that between their rounds. `--climb` adds a blind hill
climber: 60 candidate programs for each case, each one random edit of the best so far (a constant, an operator, a comparison, a name, a
term), kept if its mean over 6 practice instances is higher; what counts is the gain on the hidden instances. `one edit` is the same
with all 60 made from the start: what the best single edit gains.
"""

import argparse
import ast
import json
import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

from rsi.core.records import Case, Json, Pool
from rsi.suites.gym import Gym
from rsi.suites.gym.catalogue import PROBLEMS, problems_of
from rsi.suites.gym.guest.evaluator import transcripts
from rsi.suites.gym.problem import score
from rsi.suites.seeds import secret_seeds

__all__ = ["climb", "edited", "main"]

CANDIDATES = 60
SEEN = 6
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
COMPARISONS = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)


def cases_of(gym: Gym, name: str, count: int) -> list[Case]:
    """So many cases of one problem."""
    pool = PROBLEMS[name].group
    among = [problem.name for problem in problems_of(pool)]
    return [gym.cases(pool, among.index(name) + k * len(among), 1)[0] for k in range(count)]


def hidden_score(gym: Gym, case: Case, source: str) -> float:
    """A program's mean score on the hidden instances."""
    return gym.score(case, source, transcripts(plain(gym.hidden_job(case, source)))).value or 0.0


def luck(gym: Gym, case: Case) -> tuple[float, float]:
    """The spread of the start's score between hidden instances, and between their rounds."""
    problem, found = PROBLEMS[case.family], plain(transcripts(plain(gym.hidden_job(case, start_of(case)))))
    probes: Any = case.probes
    instances = list(zip(probes, found, strict=True))
    rounds = [([drawn], [given]) for instance, played in instances for drawn, given in zip(instance, played, strict=True)]
    of_instances, of_rounds = ([score(problem, *pair) or 0.0 for pair in pairs] for pairs in (instances, rounds))
    return statistics.stdev(of_instances), statistics.stdev(of_rounds)


def start_of(case: Case) -> str:
    """The start program of a case."""
    question: Any = case.question
    return str(question["source"])


def plain(data: Json) -> Any:
    """As it comes out of a pipe."""
    return json.loads(json.dumps(data))


def edited(source: str, rng: random.Random) -> str:
    """The program with one random edit."""
    tree = ast.parse(source)
    changes = list(_changes(tree, rng))
    rng.choice(changes)()
    return ast.unparse(tree)


def _changes(tree: ast.Module, rng: random.Random) -> Iterator[Any]:
    parents = [(parent, field, node) for parent in ast.walk(tree) for field, node in _fields(parent)]
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        names = [argument.arg for argument in function.args.args]
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
                yield lambda n=node, names=names: setattr(n, "id", rng.choice(names))
    for parent, field, node in parents:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield lambda n=node: setattr(n, "value", _other(n.value, rng))
            yield lambda n=node: setattr(n, "value", _other(n.value, rng))
        elif isinstance(node, ast.BinOp):
            yield lambda n=node: setattr(n, "op", rng.choice(OPERATORS)())
            yield lambda p=parent, f=field, n=node: _put(p, f, n, rng.choice((n.left, n.right)))
        elif isinstance(node, ast.Compare):
            yield lambda n=node: setattr(n, "ops", [rng.choice(COMPARISONS)()])


def _fields(parent: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for field, value in ast.iter_fields(parent):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield field, item


def _put(parent: ast.AST, field: str, old: ast.AST, new: ast.AST) -> None:
    value = getattr(parent, field)
    setattr(parent, field, [new if item is old else item for item in value] if isinstance(value, list) else new)


def _other(value: float, rng: random.Random) -> float:
    changed = rng.choice((value * 2, value / 2, value * 1.3, value / 1.3, value + 1, value - 1, -value, 0))
    return round(changed) if isinstance(value, int) and rng.random() < 0.7 else round(changed, 4)


def climb(gym: Gym, case: Case, rng: random.Random, *, steps: bool = True) -> float:
    """The gain on hidden instances after so many blind edits, each of the best so far or (without `steps`) of the start."""
    rehearsal = gym.rehearsal(case)
    indices, instances = list(range(SEEN)), list(rehearsal.instances[:SEEN])

    def practised(source: str) -> float:
        job = {"problem": case.family, "source": source, "instances": instances}
        scores = rehearsal.scores(indices, plain(transcripts(plain(job))))
        return sum(s or 0.0 for s in scores) / SEEN

    best = start = start_of(case)
    highest = practised(best)
    for _ in range(CANDIDATES):
        candidate = edited(best if steps else start, rng)
        if (found := practised(candidate)) > highest:
            best, highest = candidate, found
    return hidden_score(gym, case, best) - hidden_score(gym, case, start)


def measured(gym: Gym, name: str, count: int, climbs: bool) -> dict[str, Any]:
    """One row of the table."""
    cases = cases_of(gym, name, count)
    starts = [hidden_score(gym, case, start_of(case)) for case in cases]
    experts = [hidden_score(gym, case, PROBLEMS[name].expert) for case in cases]
    before, runs = time.process_time(), 0
    for case in cases:
        for source in (start_of(case), PROBLEMS[name].expert):
            runs += len(transcripts(plain(gym.hidden_job(case, source))))
    row = {
        "problem": name,
        "group": PROBLEMS[name].group.value,
        "start": statistics.mean(starts),
        "expert": statistics.mean(experts),
        "least": min(b - a for a, b in zip(starts, experts, strict=True)),
        "luck": statistics.mean(luck(gym, case)[0] for case in cases),
        "of rounds": statistics.mean(luck(gym, case)[1] for case in cases),
        "ms": (time.process_time() - before) * 1e3 / runs,
    }
    if climbs:
        gains = [climb(gym, case, random.Random(number)) for number, case in enumerate(cases)]
        ones = [climb(gym, case, random.Random(number), steps=False) for number, case in enumerate(cases)]
        row |= {"gain": statistics.mean(gains), "highest": max(gains), "lowest": min(gains), "one edit": statistics.mean(ones)}
    return row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", type=int, default=6)
    parser.add_argument("--climb", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="*", default=list(PROBLEMS))
    given = parser.parse_args()
    gym = Gym(secret_seeds(2026))
    rows = []
    for name in given.only:
        rows.append(row := measured(gym, name, given.cases, given.climb))
        if not given.json:
            print("  ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{v:13}" for k, v in row.items()), flush=True)
    if given.json:
        print(json.dumps(rows, indent=1))
    for pool in (Pool.PRACTICE, Pool.JUDGE, Pool.SEALED):
        group = [row for row in rows if row["group"] == pool.value]
        if group and not given.json:
            means = {k: statistics.mean(row[k] for row in group) for k in group[0] if isinstance(group[0][k], float)}
            print(f"mean of {pool.value}: " + "  ".join(f"{k} {v:.2f}" for k, v in means.items()))


if __name__ == "__main__":
    main()
