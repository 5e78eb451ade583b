"""`rsi propose`: a work tree with a brief, for a person or a coding agent that works by hand."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.bridges.brief import HOW_BY_HAND, brief_of
from rsi.bridges.context import context_of
from rsi.bridges.tree import BRIEF, TREE, Work, give_out
from rsi.cli.folders import open_run
from rsi.cli.outsiders import going_on
from rsi.cli.terminal import JsonFlag, harmless, print_json, say

__all__ = ["propose"]


def propose(
    run: Path,
    /,
    *,
    out: Annotated[Path, Parameter(help="Folder of the work tree; made, must not hold anything yet.")],
    as_json: JsonFlag = False,
) -> int:
    """Give out the best version of a run as a work tree with a brief; `rsi submit` hands the changed tree in.

    Args:
        run: Folder of the run.
    """
    with open_run(run) as opened:
        standing = going_on(opened)
        brief = brief_of(context_of(standing, opened.index, opened.archive, opened.log.entries()), HOW_BY_HAND)
    give_out(out, Work(run=run, base=standing.base), standing.files, harmless(brief))
    if as_json:
        print_json({"folder": str(out), "base": standing.base, "files": len(standing.files)})
        return 0
    say(f"Read {out / BRIEF}, change files below {out / TREE}, then: rsi submit {out} --reason TEXT")
    return 0
