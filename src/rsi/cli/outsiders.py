"""What the verbs for people and agents from outside have in common: a run as they may see it."""

import getpass

from rsi.bridges.context import Standing, standing_of
from rsi.bridges.inbox import author
from rsi.cli.folders import OpenRun
from rsi.core.errors import UserError
from rsi.kernel.evaluate import load_manifest

__all__ = ["going_on", "standing", "who"]


def standing(run: OpenRun) -> Standing:
    """Where a run stands, as far as outsiders are concerned."""
    return standing_of(run.index, run.archive, load_manifest(run.archive.files(run.view.incumbent)))


def going_on(run: OpenRun) -> Standing:
    """The same of a run that can still take a change in.

    Raises:
        UserError: it has ended.
    """
    found = standing(run)
    if found.ended is not None:
        raise UserError(f"{run.folder} has ended ({found.ended}): nothing more is judged in it; begin a new run and propose there")
    return found


def who(road: str, name: str | None) -> str:
    """How the log names who hands a change in: by the name given, else by that of the user.

    Raises:
        UserError: no plain name.
    """
    return author(road, name or _user())


def _user() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "_-.") else "-" for char in name).lstrip("-._")[:40]
    return plain or "somebody"
