"""Versions that cannot be combined, judged as one family: what is learnt of a child is learnt of its parent too.

A version's ability is its parent's plus the effect of one edit, a normal number; a trial shows ability, the case's difficulty and luck.
So the abilities of all versions are jointly normal on a tree, and one sweep from the leaves to the start and back (belief propagation)
gives their exact posterior, or a joint sample of it. Thompson sampling on such samples chooses what to run next and what to extend.

Does not cover: a claim. The best of many versions looks better than it is; its lineage is to be ablated (`rsi.kernel.judge.ablation`)
and its gain to be certified.
"""

import math
import random
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rsi.kernel.judge.prior import Estimate

__all__ = ["Course", "Family", "FamilySettings", "course_for"]

_MOST_CONFLICTS = 0.15


class Course(StrEnum):
    """How a run looks for better versions: many edits at once on one incumbent, or a tree of versions."""

    RACE = "race"
    TREE = "tree"


def course_for(conflicting: float) -> Course:
    """The better course where this share of the pairs of edits cannot be combined: the race up to 15 %, the tree above."""
    return Course.RACE if conflicting < _MOST_CONFLICTS else Course.TREE


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySettings:
    """What is believed of versions before any trial.

    Attributes:
        drift: mean effect of an edit, in score.
        spread: standard deviation of the effect of an edit.
        noise: variance of one trial around ability plus difficulty.
        growth: weight of what a version's children gained over it when choosing whom to extend.
    """

    drift: float = -0.01
    spread: float = 0.04
    noise: float = 0.15
    growth: float = 0.5


class Family:
    """The posterior over all versions of a run; versions are numbered from 0, the start.

    A decision costs one sweep over all versions, a trial nothing of the sort: decide once for several trials.

    Args:
        settings: what is believed beforehand.
        rng: draws the joint samples.
    """

    def __init__(self, settings: FamilySettings, rng: random.Random) -> None:
        self._settings = settings
        self._rng = rng
        self._parents = [-1]
        self._trials = [0]
        self._totals = [0.0]
        self._means = [0.5]
        self._cases: dict[Hashable, tuple[int, float]] = {}
        self._retired: set[int] = set()

    def __len__(self) -> int:
        return len(self._parents)

    def add(self, parent: int) -> int:
        """Enter a child of `parent`; returns its number.

        Raises:
            ValueError: there is no such parent.
        """
        if not 0 <= parent < len(self._parents):
            raise ValueError(f"version {parent} is not in the family of {len(self)}")
        self._parents.append(parent)
        self._trials.append(0)
        self._totals.append(0.0)
        self._means.append(self._means[parent])
        return len(self) - 1

    def observe(self, version: int, case: Hashable, score: float) -> None:
        """Learn what a version scored (in [0, 1]) on a case. Difficulties are shared: what a case showed beyond ability, averaged."""
        uses, ease = self._cases.get(case, (0, 0.0))
        self._trials[version] += 1
        self._totals[version] += score - ease / (uses + 1)
        self._cases[case] = (uses + 1, ease + score - self._means[version])

    def observe_together(self, case: Hashable, scores: Mapping[int, float]) -> None:
        """Learn what several versions scored on a case: its difficulty is what all of them showed, so that it cancels out between them."""
        uses, ease = self._cases.get(case, (0, 0.0))
        uses += len(scores)
        ease += math.fsum(score - self._means[version] for version, score in scores.items())
        for version, score in scores.items():
            self._trials[version] += 1
            self._totals[version] += score - ease / (uses + 1)
        self._cases[case] = (uses, ease)

    def retire(self, version: int) -> None:
        """Choose a version no more, neither to run nor to extend nor as the best. What is known of it goes on telling of its kin."""
        self._retired.add(version)

    def next_to_run(self) -> int:
        """The version whose ability is highest in one joint sample."""
        sample = self._sample()
        return max(self._chosen_from(), key=sample.__getitem__)

    def next_to_extend(self) -> int:
        """The version to build on: highest in one joint sample, with a small addition for children that gained over it there."""
        sample = self._sample()
        gains, children = [0.0] * len(sample), [3] * len(sample)
        for child, parent in enumerate(self._parents[1:], start=1):
            gains[parent] += sample[child] - sample[parent]
            children[parent] += 1
        weight = self._settings.growth
        return max(self._chosen_from(), key=lambda v: sample[v] + weight * gains[v] / children[v])

    def best(self) -> int:
        """The version with the highest posterior mean."""
        abilities = self.abilities()
        return max(self._chosen_from(), key=lambda version: abilities[version].mean)

    def effect(self, version: int) -> Estimate:
        """Posterior mean and standard deviation of what a version's own edit adds to its parent's ability.

        Given the parent's ability, the version's is normal, so the difference is; averaging over the parent's adds what is unsure of it.
        """
        parent = self._parents[version]
        if parent < 0:
            raise ValueError("the start has no edit")
        precisions, _ = self._upward()
        abilities = self.abilities()
        tight = 1 / self._settings.spread**2
        own = 1 / (precisions[version] + tight)
        slope = own * tight - 1
        variance = own + slope**2 * abilities[parent].error ** 2
        return Estimate(mean=abilities[version].mean - abilities[parent].mean, error=math.sqrt(variance))

    def abilities(self) -> list[Estimate]:
        """Posterior mean and standard deviation of every version's ability (mean score)."""
        precisions, sums = self._upward()
        self._means = self._downward(precisions, sums, 0.0)
        variances = [1 / precisions[0]]
        spread = self._settings.spread**2
        for version in range(1, len(self)):
            own = 1 / (precisions[version] + 1 / spread)
            variances.append(own + (own / spread) ** 2 * variances[self._parents[version]])
        return [Estimate(mean=mean, error=math.sqrt(variance)) for mean, variance in zip(self._means, variances, strict=True)]

    def lineage(self, version: int) -> tuple[int, ...]:
        """The versions from the first child of the start down to `version`."""
        path = []
        while version > 0:
            path.append(version)
            version = self._parents[version]
        return tuple(reversed(path))

    def _chosen_from(self) -> list[int]:
        return [version for version in range(len(self)) if version not in self._retired]

    def _sample(self) -> list[float]:
        precisions, sums = self._upward()
        self._means = self._downward(precisions, sums, 0.0)
        return self._downward(precisions, sums, 1.0)

    def _upward(self) -> tuple[list[float], list[float]]:
        """Precision, and precision × mean, of each version's ability from its own trials and those of all its descendants."""
        noise, spread, drift = self._settings.noise, self._settings.spread**2, self._settings.drift
        precisions = [trials / noise for trials in self._trials]
        sums = [total / noise for total in self._totals]
        precisions[0] += 4.0
        sums[0] += 4.0 * 0.5
        for version in range(len(precisions) - 1, 0, -1):
            precision = precisions[version]
            if precision > 0:
                weight = 1 / (1 / precision + spread)
                parent = self._parents[version]
                precisions[parent] += weight
                sums[parent] += weight * (sums[version] / precision - drift)
        return precisions, sums

    def _downward(self, precisions: list[float], sums: list[float], luck: float) -> list[float]:
        """Means given all trials (luck 0) or one joint sample (luck 1), from the start to the leaves."""
        tight, drift, gauss = 1 / self._settings.spread**2, self._settings.drift, self._rng.gauss
        out = [sums[0] / precisions[0]]
        if luck:
            out[0] += gauss(0.0, luck) / math.sqrt(precisions[0])
        for version in range(1, len(precisions)):
            precision = precisions[version] + tight
            value = (sums[version] + tight * (out[self._parents[version]] + drift)) / precision
            out.append(value + gauss(0.0, luck) / math.sqrt(precision) if luck else value)
        return out
