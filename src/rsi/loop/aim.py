"""What a run on a target begins with: the target as agents are told of it, its agents, and the jails, cases and scorer that it needs."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rsi.config import RunConfig
from rsi.core.codec import canonical
from rsi.core.errors import UserError
from rsi.core.protocols import Files, Jail
from rsi.core.records import Json, Manifest
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.sandbox import measured_profile, open_jail
from rsi.loop.parts import Parts, pools_of
from rsi.suites import Seasonal, commitment, secret_seeds
from rsi.targets import TARGET_FILE, Scorer, Target, TargetSuite, load_target, target_facts

__all__ = ["COPY_FOLDER", "Aim", "aim_at", "told_of"]

COPY_FOLDER = "target"
"""Below the folder of a run: the target's own files as they were when it began, those that never enter a jail among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a run on a target is about.

    Attributes:
        target: what is improved.
        agents: who improves it: trees by name.
    """

    target: Target
    agents: Mapping[str, Files]

    @property
    def told(self) -> Json:
        """What stands of the target in the first event of the run."""
        return told_of(self.target)

    @contextmanager
    def parts(self, config: RunConfig, *, tier: str | None = None) -> Iterator[Parts]:
        """The outside world of such a run; its scorer is ended with the block."""
        with Scorer(self.target.folder, self.target.spec) as scorer:
            yield _parts(config, self, scorer, tier)


def told_of(target: Target) -> Json:
    """The target in plain data: what agents are told of it besides its files, the hashes of what nobody may change, guarantees that are lost."""
    spec, facts = target.spec, target_facts(target)
    score, case = spec.score, spec.case
    assert isinstance(facts, dict)
    return {
        **facts,
        "brief": target.brief.strip(),
        "metric": {"name": score.metric, "direction": score.direction, "low": score.low, "high": score.high},
        "surfaces": {surface.value: list(globs) for surface, globs in target.manifest.surfaces.items()},
        "protected": list(target.manifest.protected),
        "case": {"function": case.function} if case.function else {"command": list(case.command)},
    }
