"""Whether improving has made the next improvement easier: frozen improvers measured on the same problems.

An *episode* is one improver at work on one problem from one start under one budget. Its gain is the score of what it hands in minus the
score of the start, on instances that it never saw. ρ of an improver is its expected gain divided by that of version 0 (`ratio`).

*Compounding* is a claim of its own and needs its own test, registered before the first episode: each version beats the one before it.
It counts as shown only if every single step is, so no correction for their number is needed; anything less is "not shown".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rsi.kernel.judge.ratio import Pair, Ratio, ratio_of

__all__ = ["Compounding", "Episode", "Record", "Step", "area_under", "compounding", "pairs_of", "record_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One improver at work on one problem.

    Attributes:
        problem: name of the problem's instance; episodes of several improvers on one problem have the same.
        seed: number of the repetition on this problem.
        family: the kind of problem.
        start: score of the start on hidden instances, in [0, 1].
        final: score of what was handed in, on the same instances; the start's where nothing was handed in.
        used: evaluations that were paid for, as the kernel counted them.
        curve: (evaluations used, best gain so far on the practice instances) at each rise.
        note: why it ended in another way than with an answer; empty if it did not.
    """

    problem: str
    seed: int
    family: str
    start: float
    final: float
    used: int
    curve: tuple[tuple[int, float], ...] = ()
    note: str = ""

    @property
    def gain(self) -> float:
        """Score of the result minus score of the start."""
        return self.final - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all episodes of one improver come to.

    Attributes:
        episodes: how many.
        gain: mean gain; `spread` its standard deviation over problems.
        area: mean area under the best-so-far curve, in gain on practice instances: 0 if nothing better was ever found.
        cost: evaluations paid per point (0.01) of gain; None where nothing was gained.
        failed: episodes that ended in another way than with an answer.
        against: ratio to version 0; None for version 0 itself.
    """

    name: str
    episodes: int
    gain: float
    spread: float
    area: float
    cost: float | None
    failed: int
    against: Ratio | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One version against the one before it."""

    before: str
    after: str
    ratio: Ratio
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compounding:
    """The registered test of compounding.

    Attributes:
        steps: each version against the one before it.
        shown: whether every step is, and there are at least two.
        e_value: evidence that every step is an improvement: the smallest of the steps'.
    """

    steps: tuple[Step, ...]
    shown: bool
    e_value: float


def area_under(curve: Sequence[tuple[int, float]], budget: int) -> float:
    """Mean height of a best-so-far curve (evaluations used, best gain so far) over the whole budget."""
    total, height, at = 0.0, 0.0, 0
    for used, gain in curve:
        total += height * (min(used, budget) - at)
        height, at = gain, min(used, budget)
    return (total + height * (budget - at)) / budget


def pairs_of(ours: Sequence[Episode], theirs: Sequence[Episode]) -> list[Pair]:
    """One pair for each problem that both worked on, repetitions averaged: repetitions of one problem are not independent.

    Raises:
        ValueError: they did not work on the same problems from the same starts, equally often.
    """
    mine, other = _by_problem(ours), _by_problem(theirs)
    if mine.keys() != other.keys():
        raise ValueError("paired improvers must have worked on the same problems")
    found = []
    for problem, episodes in mine.items():
        rest = other[problem]
        if [(e.seed, e.start) for e in episodes] != [(e.seed, e.start) for e in rest]:
            raise ValueError(f"paired improvers must have the same starts and seeds on {problem}")
        start = episodes[0].start
        found.append(Pair(start=start, ours=_mean([e.gain for e in episodes]), theirs=_mean([e.gain for e in rest])))
    return found


def record_of(name: str, episodes: Sequence[Episode], zero: Sequence[Episode] | None, *, budget: int, alpha: float = 0.05) -> Record:
    """What the episodes of an improver come to; `zero` are those of version 0, None where it is version 0 itself."""
    gains = [_mean([e.gain for e in same]) for same in _by_problem(episodes).values()]
    mean, points = _mean(gains), 100 * math.fsum(e.gain for e in episodes)
    return Record(
        name=name,
        episodes=len(episodes),
        gain=mean,
        spread=math.sqrt(math.fsum((gain - mean) ** 2 for gain in gains) / max(1, len(gains) - 1)),
        area=_mean([area_under(e.curve, budget) for e in episodes]),
        cost=sum(e.used for e in episodes) / points if points > 0 else None,
        failed=sum(bool(e.note) for e in episodes),
        against=None if zero is None else ratio_of(pairs_of(episodes, zero), alpha),
    )


def compounding(versions: Sequence[str], episodes: Mapping[str, Sequence[Episode]], alpha: float = 0.05) -> Compounding:
    """The test that was registered with the order of `versions`, oldest first: does each beat the one before it?"""
    steps = []
    for before, after in zip(versions, versions[1:], strict=False):
        pairs = pairs_of(episodes[after], episodes[before])
        ratio, lead = ratio_of(pairs, alpha), math.fsum(pair.ours - pair.theirs for pair in pairs)
        steps.append(Step(before=before, after=after, ratio=ratio, shown=ratio.e_same >= 1 / alpha and lead > 0))
    weakest = min((step.ratio.e_same for step in steps), default=1.0)
    return Compounding(steps=tuple(steps), shown=len(steps) > 1 and all(step.shown for step in steps), e_value=weakest)


def _by_problem(episodes: Sequence[Episode]) -> dict[str, list[Episode]]:
    found: dict[str, list[Episode]] = {}
    for episode in sorted(episodes, key=lambda e: (e.problem, e.seed)):
        found.setdefault(episode.problem, []).append(episode)
    return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
