"""The gym as a suite: improvement problems as cases, scored by what the improved program does on hidden instances.

Covers: practice instances never equal hidden ones (they come from different keys); no family is in two groups; a transcript counts only if
it can be checked against its instance; which instances are hidden never enters a jail with an improver.
Does not cover: counting evaluations (who runs the episode does), and an improver that is shown practice instances by a jail's fault.
"""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

from rsi.core.protocols import Files, Score
from rsi.core.records import Case, CaseId, Json, Pool
from rsi.suites.gym.catalogue import PROBLEMS, problems_of
from rsi.suites.gym.problem import Problem, instance_of, score, vary
from rsi.suites.gym.rehearsal import Rehearsal, rehearsal_of
from rsi.suites.seeds import number_of

__all__ = ["EVALUATOR", "Gym", "guest_files"]

EVALUATOR = "rsi.suites.gym.guest.evaluator"
"""The module of the guest files whose functions `run` and `serve` evaluate programs in a jail."""


class Gym:
    """Improvement problems under secret seeds; see `rsi.core.protocols.Suite`.

    Case `i` of a pool is problem `i % n` of the pool's group; the constants of its start program, its practice and its hidden instances
    follow from the pool's secret seed and `i` only. No question, not even of the practice pool, carries an instance: an improver asks for
    evaluations instead.

    Args:
        seeds: the secret seed of every pool.
        practised: practice instances of a case.
        hidden: hidden instances of a case, its probes; a practice problem shows as many as both together.
    """

    def __init__(self, seeds: Mapping[Pool, int], *, practised: int = 16, hidden: int = 6) -> None:
        """Nothing is generated before it is asked for."""
        self._seeds = dict(seeds)
        self._practised = practised
        self._hidden = hidden

    @property
    def name(self) -> str:
        """Name, as in configuration."""
        return "gym"

    @property
    def required_tier(self) -> str:
        """S2: an improver that can read the kernel's memory knows the hidden instances."""
        return "S2"

    def episodes(self, pool: Pool) -> "Gym":
        """Every case is an episode, of which this suite knows the rules."""
        return self

    def execution(self, pool: Pool) -> None:
        """A candidate improves programs and is none of them."""
        return None

    def evaluator(self) -> tuple[Files, str]:
        """What runs programs in a jail, and its module."""
        return guest_files(), EVALUATOR

    def size(self, pool: Pool) -> int | None:
        """As many as are asked for."""
        return None

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """Cases `start` … `start + count − 1` of a pool, its problems in rotation."""
        return [_case(pool, self._seeds[pool], index, self._practised, self._hidden) for index in range(start, start + count)]

    def rehearsal(self, case: Case) -> Rehearsal:
        """The practice instances of a case; a case is enough, whichever suite or season it came from."""
        expected, question = case.expected, case.question
        if not isinstance(expected, dict) or not isinstance(question, dict):
            raise TypeError(f"{case.id} is no case of the gym")
        count = question["instances"]
        return rehearsal_of(question, PROBLEMS[case.family], str(expected["key"]), count if isinstance(count, int) else 0)

    def hidden_job(self, case: Case, source: str) -> Json:
        """A job for the guest's `run`: a final program on the hidden instances of a case."""
        return {"problem": case.family, "source": source, "instances": case.probes if isinstance(case.probes, list) else []}

    def practice_batch(self, index: int, count: int) -> Json:
        """Batch `index`: `{"problems": [question…]}`, one for each rehearsal of `practice_rehearsals`."""
        return {"problems": [_question(problem, key, self._shown) for problem, key in self._batch(index, count)]}

    def practice_rehearsals(self, index: int, count: int) -> Sequence[Rehearsal]:
        """The practice instances behind batch `index`, question by question."""
        size = self._shown
        return [rehearsal_of(_question(problem, key, size), problem, key, size) for problem, key in self._batch(index, count)]

    @property
    def _shown(self) -> int:
        """Instances of a practice problem: as many as a case has in all, so that an improver can rehearse a case with its hidden ones."""
        return self._practised + self._hidden

    def _batch(self, index: int, count: int) -> list[tuple[Problem, str]]:
        """Problems and keys of a batch; the problems go on where those of the batch before ended."""
        among = problems_of(Pool.PRACTICE)
        seed = self._seeds[Pool.PRACTICE]
        return [
            (among[(index * count + slot) % len(among)], f"{number_of('gym', 'batch', seed, index, slot):064x}") for slot in range(count)
        ]

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """The mean over the hidden instances; what is no valid transcript counts as 0. A label says whether it is the start unchanged.

        Args:
            case: a case of the gym.
            answer: the final source; None where the improver had nothing to say (0, `not found`).
            outputs: transcripts of the hidden instances, in their order; None where it could not be run (`no answer`, no score).
        """
        if answer is None:
            return Score(value=0.0, label="not found")
        if outputs is None:
            return Score(value=None, label="no answer")
        question = case.question
        is_start = isinstance(question, dict) and answer == question["source"]
        return Score(value=_mean(case, outputs), label="unchanged" if is_start else "changed")


@lru_cache(maxsize=64)
def _case(pool: Pool, seed: int, index: int, practised: int, hidden: int) -> Case:
    """A case, drawn once however many versions meet on it."""
    among = problems_of(pool)
    problem = among[index % len(among)]
    key = f"{number_of('gym', pool.value, seed, index):064x}"
    rng = random.Random(number_of("gym", "hidden", key))
    question = _question(problem, key, practised)
    return Case(
        id=CaseId(str(question["id"])),
        family=problem.name,
        pool=pool,
        question=question,
        probes=[instance_of(problem, rng) for _ in range(hidden)],
        expected={"key": key},
    )


def _mean(case: Case, outputs: Json) -> float:
    probes = case.probes if isinstance(case.probes, list) else []
    if not isinstance(outputs, list) or len(outputs) != len(probes):
        return 0.0
    scores = [score(PROBLEMS[case.family], instance, found) or 0.0 for instance, found in zip(probes, outputs, strict=True)]
    return sum(scores) / max(len(scores), 1)


def _question(problem: Problem, key: str, instances: int) -> dict[str, Json]:
    return {
        "id": f"{number_of('gym', 'id', key):064x}"[:16],
        "problem": problem.name,
        "text": problem.text,
        "source": vary(problem, random.Random(number_of("gym", "start", key))),
        "entry": problem.entry,
        "instances": instances,
    }


@lru_cache(maxsize=1)
def guest_files() -> Files:
    """The evaluator as a tree for a jail: its modules under their own names, with empty packages above them."""
    folder = resources.files("rsi.suites.gym.guest")
    inside = {f"rsi/suites/gym/guest/{item.name}": item.read_bytes() for item in folder.iterdir() if item.name.endswith(".py")}
    return {"rsi/__init__.py": b"", "rsi/suites/__init__.py": b"", "rsi/suites/gym/__init__.py": b"", **inside}
