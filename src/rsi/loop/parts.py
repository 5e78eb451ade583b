"""The outside world of a run: where its jails, its cases and its time come from."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from rsi.config import RunConfig
from rsi.core.protocols import Gateway, Jail, Suite
from rsi.core.records import JailProof, Json, Manifest, Pool
from rsi.kernel.sandbox import STANDARD_PROFILE, measured_profile, open_jail
from rsi.loop.outside import Outside
from rsi.loop.shell import Shell
from rsi.suites import Guarded, Seasonal, commitment, secret_seeds, suite

__all__ = ["Parts", "pools_of", "standard_parts"]


def _now() -> tuple[float, float]:
    return time.monotonic(), time.time()


def _unmeasured() -> Json:
    return STANDARD_PROFILE


def _no_gateway(folder: Path) -> None:
    return None


def _unproven(tier: str) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Jails, cases and time.

    Attributes:
        make_jail: opens a fresh jail; called in worker threads.
        make_spare: opens a second jail for a job that needs two: in a run on a target that of its agents; the same kind if None.
        make_gateway: opens the road to language models of the run in a folder; None where it has none.
        outside: the agents from outside, by name, in a run on a target.
        shell: where language models may run commands; None where they may not.
        suite: the cases of this run.
        secrets: the secret seed of each pool (as decimal digits), revealed when the run ends.
        commitments: SHA-256 (hex) of each, logged when it begins.
        prove: what the attack suite shows of the jails of a tier on this machine; None where nobody attacked them.
        measure: what this machine is like, seen from a jail; asked only where the configuration wants it measured.
        now: seconds of a clock that never goes back, and seconds since 1970; for syncing and for people, never for a decision.
    """

    make_jail: Callable[[], Jail]
    suite: Suite
    secrets: Json
    commitments: Json
    make_spare: Callable[[], Jail] | None = None
    make_gateway: Callable[[Path], Gateway | None] = _no_gateway
    outside: Mapping[str, Outside] = field(default_factory=dict)
    shell: Shell | None = None
    prove: Callable[[str], JailProof | None] = _unproven
    measure: Callable[[], Json] = _unmeasured
    now: Callable[[], tuple[float, float]] = _now

    def tier(self) -> str:
        """What the jails enforce, as found by opening one."""
        jail = self.make_jail()
        try:
            return jail.tier
        finally:
            jail.close()


def pools_of(config: RunConfig) -> tuple[Pool, ...]:
    """The pools that a run has secret seeds for: that of safety only with a safety suite."""
    return tuple(pool for pool in Pool if pool is not Pool.SAFETY or config.safety.suite)


def standard_parts(config: RunConfig, manifest: Manifest, *, tier: str | None = None) -> Parts:
    """The parts of a real run: jails of the configured tier (or of `tier`) and the configured suite under the run's secret seeds."""
    seeds = secret_seeds(config.run.seed, salt=config.run.salt)

    def make_jail() -> Jail:
        return open_jail(manifest.preload, tier or config.jail.tier, template=config.jail.template or None)

    def measure() -> Json:
        with closing(make_jail()) as jail:
            return measured_profile(jail)

    judged = Seasonal(lambda seeds: suite(config.suite, seeds), seeds, config.judge.season)
    return Parts(
        make_jail=make_jail,
        suite=Guarded(judged, suite(config.safety.suite, seeds)) if config.safety.suite else judged,
        secrets={pool.value: str(seeds[pool]) for pool in pools_of(config)},
        commitments={pool.value: commitment(seeds[pool]) for pool in pools_of(config)},
        measure=measure,
    )
