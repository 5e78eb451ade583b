"""`rsi bench target`: a run on a target, and what plain methods find for as many trials."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.cli.run import run
from rsi.cli.terminal import JsonFlag

__all__ = ["target"]


def target(
    target: str,
    /,
    *,
    agent: Annotated[list[str] | None, Parameter(negative=(), help="Who improves it: seed, a folder or improver:ID.")] = None,
    config: Annotated[Path | None, Parameter(help="TOML file with settings (docs/config.md).")] = None,
    seed: Annotated[int | None, Parameter(help="Seed of every random choice.")] = None,
    programs: Annotated[str | None, Parameter(name=["--programs", "--budget"], help="Budget in trials: 2_000, 40k.")] = None,
    workers: Annotated[int, Parameter(help="Processes that work at the same time; changes the wall time only.")] = 2,
    jail_require: Annotated[str | None, Parameter(help="Weakest jail that the run may have, if not what its target asks for.")] = None,
    out: Annotated[Path | None, Parameter(help="Folder of the run; by default runs/TARGET-SEED.")] = None,
    as_json: JsonFlag = False,
) -> int:
    """What `rsi run TARGET --controls` does, without the live view: a run, and its controls.

    Args:
        target: Folder with an rsi.toml, or what `rsi run` takes else.
    """
    return run(
        target,
        out=out,
        config=config,
        agent=agent,
        seed=seed,
        programs=programs,
        controls=True,
        workers=workers,
        jail_require=jail_require,
        as_json=as_json,
        plain=True,
    )
