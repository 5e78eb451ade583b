"""Two versions on the same fresh cases, block by block in jails of their own, until the judge has seen enough.

What is found does not depend on the number of workers: pairs are taken in in case order, and a block that was begun too much is not used.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

from rsi.config import RunConfig
from rsi.core.errors import UserError
from rsi.core.protocols import Files, Limits, Suite
from rsi.core.records import CandidateId, Case, CaseId, Clock, Manifest, Outcome, Pool, Trial
from rsi.kernel.evaluate import Bench, Failed, build, load_manifest, run_trials
from rsi.kernel.judge import Comparison, Finding
from rsi.loop.jails import admit
from rsi.loop.parts import Parts
from rsi.loop.state import run_seed
from rsi.schedule import Job, WorkerPool, wait

__all__ = ["Side", "builder", "limits_for", "match"]

_AHEAD = 2
"""Blocks of each version that are under way while one is looked at."""
_SLOWEST = 4_000
"""Programs per second that even a slow machine tries: sets the safety net in seconds, never a budget."""

Block = tuple[list[Trial], Clock]


@dataclass(slots=True, kw_only=True)
class Side:
    """One of the two versions, and what has become of it on the cases so far.

    Attributes:
        build_seed: seed that its build gets, if it has one.
        parts: its jails and its cases; both sides have the same cases.
    """

    name: str
    files: Files
    build_seed: int
    parts: Parts
    trials: list[Trial] = field(default_factory=list)
    cpu_s: float = 0.0

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return load_manifest(self.files)

    @property
    def scores(self) -> dict[CaseId, float]:
        """Score of each case, in case order."""
        return {trial.case: trial.value for trial in self.trials}

    def ended(self, outcome: Outcome) -> int:
        """How many of its trials ended like this."""
        return sum(trial.outcome is outcome for trial in self.trials)


def match(
    sides: tuple[Side, Side],
    config: RunConfig,
    judge: Comparison,
    *,
    most: int,
    workers: int,
    stop: threading.Event,
    observer: Callable[[Comparison], None],
) -> Finding:
    """Run both on at most `most` cases of the judge's pool; trials are added to the sides until the judge has found something.

    Args:
        config: suite, block, programs per case, seed and limits.
        workers: processes for each of the two.
        observer: told after each block.

    Raises:
        UserError: the jails are too weak for the suite, a version does not build, or the suite has no cases.
        Halted: `stop` was set.
    """
    for side in sides:
        admit(config, side.parts, side.parts.tier())
    with ExitStack() as stack:
        pools = [stack.enter_context(WorkerPool(workers, side.parts.make_jail)) for side in sides]
        limits = limits_for(config.judge.programs * config.judge.block)
        builds = [
            pool.submit(Job(key="build", work=builder(side.name, side.files, side.build_seed, limits)))
            for pool, side in zip(pools, sides, strict=True)
        ]
        trees = [wait(future, stop) for future in builds]

        def begin(first: int, cases: Sequence[Case]) -> list["Future[Block]"]:
            works = [_worker(side, tree, first, cases, config, limits) for side, tree in zip(sides, trees, strict=True)]
            return [pool.submit(Job(key=f"cases {first}", work=work)) for pool, work in zip(pools, works, strict=True)]

        blocks = _blocks(sides[0].parts.suite, config.judge.block, most)
        under_way = deque(begin(*block) for block in islice(blocks, _AHEAD))
        while under_way:
            mine, theirs = (wait(future, stop) for future in under_way.popleft())
            under_way.extend(begin(*block) for block in islice(blocks, 1))
            found = _observe(sides, judge, mine, theirs)
            observer(judge)
            if found is not None:
                return found
    if not judge.effect.pairs:
        raise UserError(f"the suite {config.suite} gives no cases; there is nothing to compare on")
    return Finding.NOT_SHOWN


def _blocks(suite: Suite, size: int, most: int) -> Iterator[tuple[int, Sequence[Case]]]:
    """The first `most` cases in blocks; fewer where the suite has no more."""
    for first in range(0, most, size):
        cases = suite.cases(Pool.JUDGE, first, min(size, most - first))
        if cases:
            yield first, cases


def builder(name: str, files: Files, seed: int, limits: Limits) -> Callable[[Bench], Files]:
    """Work for a jail: a tree with the product of its build; a `UserError` where it does not build."""

    def work(bench: Bench) -> Files:
        built = build(bench.jail, files, load_manifest(files), seed, limits)
        if isinstance(built, Failed):
            raise UserError(f"{name} does not build: {built.outcome.value}, {built.reason}")
        return built.files

    return work


def limits_for(programs: int) -> Limits:
    """A safety net in seconds for a call that may try so many programs in all."""
    seconds = 120.0 + programs / _SLOWEST
    return Limits(wall_s=seconds, cpu_s=seconds)


def _worker(side: Side, files: Files, first: int, cases: Sequence[Case], config: RunConfig, limits: Limits) -> Callable[[Bench], Block]:
    def work(bench: Bench) -> Block:
        return run_trials(
            bench.jail,
            bench.spare,
            suite=side.parts.suite,
            candidate=CandidateId(side.name),
            files=files,
            manifest=side.manifest,
            cases=cases,
            programs=config.judge.programs,
            seed=run_seed(config, "trials", Pool.JUDGE.value, first),
            limits=limits,
        )

    return work


def _observe(sides: tuple[Side, Side], judge: Comparison, mine: Block, theirs: Block) -> Finding | None:
    """Take a block in case by case; what is behind the finding is not looked at."""
    for side, (_, clock) in zip(sides, (mine, theirs), strict=True):
        side.cpu_s += clock.cpu_s
    for a, b in zip(mine[0], theirs[0], strict=True):
        sides[0].trials.append(a)
        sides[1].trials.append(b)
        judge.observe(a.case, a.value, b.value)
        found = judge.finding()
        if found is not None:
            return found
    return None
