"""What the tests of the importers share: the tasks under `examples/imported`, and trials of a target in a jail."""

from collections.abc import Mapping
from pathlib import Path

from rsi.core.records import CandidateId, Pool
from rsi.kernel.evaluate import Ran, run_cases
from rsi.kernel.sandbox import open_jail
from rsi.suites import secret_seeds
from rsi.targets import Scorer, Target, TargetSuite, execution_of

__all__ = ["TASKS", "edited", "trials", "trials_of"]

TASKS = Path(__file__).parents[3] / "examples" / "imported"


def trials(target: Target, changes: Mapping[str, str] | None = None, *, count: int = 2, pool: Pool = Pool.JUDGE) -> list[Ran]:
    """A target with some files changed, run on cases of a pool."""
    return trials_of(target, changes or {}, count=count, pool=pool)[0]


def trials_of(target: Target, *changes: Mapping[str, str], count: int = 2, pool: Pool = Pool.JUDGE) -> list[list[Ran]]:
    """The same for several such changes, each on the same cases, with one jail and one process that scores."""
    jail = open_jail(target.manifest.preload, "S2", target.spec.profile)
    try:
        with Scorer(target.folder, target.spec) as scorer:
            suite, execution = TargetSuite(target, secret_seeds(1), scorer), execution_of(target)
            cases, trees = suite.cases(pool, 0, count), [_changed(target, one) for one in changes]
            candidate = CandidateId("c")
            return [run_cases(jail, suite=suite, execution=execution, candidate=candidate, files=files, cases=cases)[0] for files in trees]
    finally:
        jail.close()


def _changed(target: Target, changes: Mapping[str, str]) -> dict[str, bytes]:
    return {**target.files, **{path: text.encode() for path, text in changes.items()}}


def edited(target: Target, path: str, old: str, new: str) -> dict[str, str]:
    """A change of one file."""
    text = target.files[path].decode()
    assert old in text
    return {path: text.replace(old, new)}
