"""The road to language models that a person asks for: to providers, or to the record of another run."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rsi.cli.folders import is_run
from rsi.config.model import RunConfig
from rsi.core.errors import UserError
from rsi.core.protocols import Gateway
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.models import open_gateway

__all__ = ["beside", "compared", "road"]


def road(settings: RunConfig, replay: Path | None) -> Callable[[Path], Gateway | None]:
    """What opens the gateway of a run in a folder.

    Raises:
        UserError: there is something to replay and no models in the configuration.
    """
    if replay is not None and not settings.models.model:
        raise UserError(
            f"--replay says what models said in {replay}, and this configuration has no [models]; give the --config of that run"
        )
    return partial(open_gateway, settings.models, environment=os.environ, replay=replay)


def beside(folder: Path, out: Path | None, replay: Path | None) -> Path:
    """Where a replay goes that was given no folder: beside the run, never into it.

    Raises:
        UserError: it was given the folder that is replayed.
    """
    chosen = out or (folder if replay is None else folder.with_name(f"{folder.name}-replay"))
    if replay is not None and chosen.resolve() == replay.resolve():
        raise UserError(f"--out {chosen} is the run that is replayed; give another folder")
    return chosen


def compared(folder: Path, replay: Path) -> str:
    """One line: whether a replay came to the same decisions as what it replays, or where it first did not."""
    if not is_run(replay):
        return f"{replay} has no log to compare with."
    ours, theirs = (FileEventLog.read(place / "log.jsonl") for place in (folder, replay))
    if ours.digest() == theirs.digest():
        return f"Bit for bit the decisions of {replay}: digest {ours.digest()[:12]}."
    made, told = (((one.kind, one.body) for one in log.entries() if one.kind != "run.resumed") for log in (ours, theirs))
    at = next((k for k, (one, other) in enumerate(zip(made, told, strict=False)) if one != other), None)
    where = "one of them is longer" if at is None else f"first at entry {at}"
    return f"NOT the decisions of {replay}: {where}."
