"""How many of the candidates that GEPA keeps are truly better than their parents: by its own rule, and with our judge in its place.

    pip install gepa
    python -m benchmarks.gepa_keeps [seeds] [--json]

Real GEPA runs of equal numbers of metric calls; only the model is a mock, which changes one of the eight numbers in the candidate's text.

- `null`: every candidate is worth 0.5, scores are that with noise of standard deviation 0.05; whatever is kept is kept falsely.
- `hill`: eight hidden numbers; each example is solved, or not, with a probability that grows the nearer the numbers are.
"""

import argparse
import itertools
import json
import math
import random
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import gepa
from gepa.core.adapter import EvaluationBatch

from rsi.bridges.gepa import JudgedAcceptance
from rsi.kernel.judge import Futility

__all__ = ["RULES", "Run", "Task", "main", "run"]

START = "PARAMS = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]"
HIDDEN = (3.0, -1.0, 4.0, 1.0, -5.0, 9.0, -2.0, 6.0)
RULES = ("gepa", "ours")
CALLS = 10_000
PATIENCE = Futility(max_pairs=600, min_pairs=64)


def truth(task: str, text: str) -> float:
    """What a candidate is worth: its expected score."""
    if task == "null":
        return 0.5
    numbers = json.loads(text.partition("=")[2])
    return math.exp(-sum((a - b) ** 2 for a, b in zip(numbers, HIDDEN, strict=True)) / 200)


class Task:
    """A GEPA adapter: one component `program`, scores with noise of its own generator."""

    propose_new_texts = None

    def __init__(self, name: str, rng: random.Random) -> None:
        """Seeded, so that a run can be repeated."""
        self.name = name
        self._rng = rng

    def evaluate(self, batch: list[int], candidate: dict[str, str], capture_traces: bool = False) -> EvaluationBatch:
        """Scores of a candidate on examples."""
        worth = truth(self.name, candidate["program"])
        if self.name == "null":
            scores = [min(1.0, max(0.0, self._rng.gauss(worth, 0.05))) for _ in batch]
        else:
            scores = [float(self._rng.random() < worth) for _ in batch]
        return EvaluationBatch(outputs=scores, scores=scores, trajectories=scores if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: dict[str, str], batch: EvaluationBatch, components: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """What the mock is shown."""
        return {
            name: [{"Inputs": "", "Generated Outputs": candidate[name], "Feedback": str(score)} for score in batch.scores]
            for name in components
        }


def model(rng: random.Random) -> Callable[[str], str]:
    """The mock: moves one number of the program in its prompt."""

    def answer(prompt: object) -> str:
        numbers = json.loads(re.findall(r"PARAMS = (\[[^\]\n]*\])", str(prompt))[0])
        numbers[rng.randrange(len(numbers))] += round(rng.gauss(0, 3), 3)
        return f"```\nPARAMS = {json.dumps(numbers)}\n```"

    return answer


class Quiet:
    """No log."""

    def log(self, message: str) -> None:
        """Drop it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of GEPA.

    Attributes:
        kept: candidates that were kept.
        real: those of them that are truly better than their parents.
        claimed: what the best one's score on the valset says it gained over the start.
        gained: what it truly gained.
        calls: metric calls.
    """

    task: str
    rule: str
    seed: int
    kept: int
    real: int
    claimed: float
    gained: float
    calls: int


def run(task: str, rule: str, seed: int, calls: int = CALLS) -> Run:
    """GEPA on a task, with its own acceptance rule or ours."""
    adapter = Task(task, random.Random(f"scores {seed}"))
    judged: JudgedAcceptance[int] = JudgedAcceptance(
        evaluate=lambda cases, candidate: adapter.evaluate(cases, candidate).scores,
        cases=itertools.count(1_000),
        horizon=50,
        futility=PATIENCE,
    )
    result = gepa.optimize(
        seed_candidate={"program": START},
        trainset=list(range(100)),
        valset=list(range(100, 120)),
        adapter=adapter,
        reflection_lm=model(random.Random(f"model {seed}")),
        max_metric_calls=calls,
        acceptance_criterion=judged if rule == "ours" else "strict_improvement",
        skip_perfect_score=False,
        track_best_outputs=False,
        logger=Quiet(),
        seed=seed,
    )
    worth = [truth(task, candidate["program"]) for candidate in result.candidates]
    parents = [max((worth[p] for p in parents if p is not None), default=None) for parents in result.parents]
    return Run(
        task=task,
        rule=rule,
        seed=seed,
        kept=len(worth) - 1,
        real=sum(parent is not None and own > parent for own, parent in zip(worth, parents, strict=True)),
        claimed=result.val_aggregate_scores[result.best_idx] - result.val_aggregate_scores[0],
        gained=worth[result.best_idx] - worth[0],
        calls=result.total_metric_calls,
    )


def main() -> None:
    """Run both rules on both tasks and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="?", default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    runs = [run(task, rule, seed) for task in ("null", "hill") for rule in RULES for seed in range(asked.seeds)]
    if asked.json:
        print(json.dumps([asdict(one) for one in runs], indent=1))
        return
    print(f"means of {asked.seeds} runs of {CALLS:,} metric calls each\n")
    print(f"{'task':6}{'rule':6}{'kept':>8}{'falsely':>9}{'claimed':>9}{'true gain':>11}")
    for (task, rule), group in itertools.groupby(runs, lambda one: (one.task, one.rule)):
        rows = list(group)
        kept, false = (statistics.mean(x) for x in ([r.kept for r in rows], [r.kept - r.real for r in rows]))
        claimed, gained = (100 * statistics.mean(x) for x in ([r.claimed for r in rows], [r.gained for r in rows]))
        print(f"{task:6}{rule:6}{kept:8.1f}{false:9.1f}{claimed:+9.1f}{gained:+11.1f}")


if __name__ == "__main__":
    main()
