"""What a run on a target begins with: the target as agents are told of it, its agents, and the jails, cases and scorer that it needs."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rsi.config import RunConfig
from rsi.core.errors import InfrastructureError, UserError
from rsi.core.protocols import Files, Jail
from rsi.core.records import Json
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.sandbox import measured_profile, open_jail
from rsi.loop.parts import Parts, pools_of
from rsi.suites import Seasonal, commitment, secret_seeds
from rsi.targets import TARGET_FILE, Scorer, Target, TargetSuite, find_target, load_target, target_facts

__all__ = ["COPY_FOLDER", "Aim", "keep_copy", "target_as_it_was", "told_of"]

COPY_FOLDER = "target"
"""Below the folder of a run: the target's folder as it was when the run began, with what never enters a jail."""
_MOST_FILES, _MOST_BYTES = 2_000, 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a run on a target is about.

    Attributes:
        target: what is improved.
        agents: who improves it: trees by name.
        outside: those of them from outside: what a person typed, by name.
    """

    target: Target
    agents: Mapping[str, Files]
    outside: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def parts(self, config: RunConfig, *, tier: str | None = None) -> Iterator[Parts]:
        """The outside world of such a run; its scorer is ended with the block.

        Args:
            config: of the run.
            tier: of the jails, instead of the configured one.
        """
        with Scorer(self.target.folder, self.target.spec) as scorer:
            yield _parts(config, self, scorer, tier or config.jail.tier)


def told_of(target: Target) -> Json:
    """The target in plain data: what agents are told of it besides files, hashes of what nobody may change, guarantees that are lost."""
    score, case, facts = target.spec.score, target.spec.case, target_facts(target)
    assert isinstance(facts, dict)
    surfaces: Json = {surface.value: list(globs) for surface, globs in target.manifest.surfaces.items()}
    return {
        **facts,
        "brief": target.brief.strip(),
        "metric": {"name": score.metric, "direction": score.direction, "low": score.low, "high": score.high},
        "surfaces": surfaces,
        "protected": list(target.manifest.protected),
        "blocks": list(target.manifest.blocks),
        "case": {"function": case.function} if case.function else {"command": list(case.command)},
    }


def _parts(config: RunConfig, aim: Aim, scorer: Scorer, tier: str) -> Parts:
    target, template = aim.target, config.jail.template or None
    seeds = secret_seeds(config.run.seed, salt=config.run.salt)
    preload = tuple(dict.fromkeys(name for files in aim.agents.values() for name in load_manifest(files).preload))

    def make_jail() -> Jail:
        return open_jail(target.manifest.preload, tier, target.spec.profile, template)

    def make_spare() -> Jail:
        return open_jail(preload, tier, "function", template)

    def measure() -> Json:
        with closing(make_spare()) as jail:
            return measured_profile(jail)

    return Parts(
        make_jail=make_jail,
        make_spare=make_spare,
        suite=Seasonal(lambda seeds: TargetSuite(target, seeds, scorer), seeds, config.judge.season),
        secrets={pool.value: str(seeds[pool]) for pool in pools_of(config)},
        commitments={pool.value: commitment(seeds[pool]) for pool in pools_of(config)},
        measure=measure,
    )


def keep_copy(run: Path, target: Target) -> None:
    """Keep the target's folder as it is beside the log, so that the run can be verified when the folder has changed or is gone.

    A folder that is larger than a program's is left where it is.

    Raises:
        InfrastructureError: the copy cannot be written.
    """
    files = list(_plain_files(target.folder)) if (target.folder / TARGET_FILE).is_file() else []
    if not files or len(files) > _MOST_FILES or sum(path.stat().st_size for path in files) > _MOST_BYTES:
        return
    try:
        for path in files:
            place = run / COPY_FOLDER / path.relative_to(target.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    except OSError as error:
        raise InfrastructureError(f"cannot keep a copy of the target in {run / COPY_FOLDER}: {error.strerror}") from None


def _plain_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in ("__pycache__", "runs") or path.is_symlink():
            continue
        if path.is_dir():
            if not (path / "log.jsonl").exists():
                yield from _plain_files(path)
        elif path.is_file():
            yield path


def target_as_it_was(run: Path, name: str, told: Json) -> Target:
    """The target that a run was begun with: where it was then if nothing of it has changed, else from the copy in the run's folder.

    Raises:
        UserError: neither is what the log says.
    """
    changed = f"there is no target {name} any more, and no copy of it in {run}"
    for is_copy in (True, False):
        try:
            target = load_target(run / COPY_FOLDER) if is_copy else find_target(name)
        except UserError as error:
            changed = str(error)
            continue
        found = told_of(target)
        if found == told:
            return target
        changed = f"the target {name} is not what the run was begun with: {_difference(told, found)}"
    raise UserError(changed)


def _difference(old: Json, new: Json) -> str:
    """The first thing in which two targets differ."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return "all of it"
    hashes = (old.get("hashes"), new.get("hashes"))
    if isinstance(hashes[0], dict) and isinstance(hashes[1], dict) and hashes[0] != hashes[1]:
        return next(f"{path} has changed" for path in sorted({*hashes[0], *hashes[1]}) if hashes[0].get(path) != hashes[1].get(path))
    key = next(key for key in sorted({*old, *new}) if old.get(key) != new.get(key))
    return f"{key} was {old.get(key)!r} and is now {new.get(key)!r}"
