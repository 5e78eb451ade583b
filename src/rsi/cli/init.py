"""`rsi init`: a folder with a target that runs at once."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.core.records import Json
from rsi.targets import make_target

__all__ = ["init"]


def init(
    folder: Path,
    /,
    *,
    template: Annotated[str, Parameter(help="What kind of target: program, agent, prompt or training.")] = "program",
    as_json: JsonFlag = False,
) -> int:
    """Make a folder with a target that runs at once; put what is yours in its place.

    Args:
        folder: a new or empty folder.
    """
    names: list[Json] = [*make_target(folder, template)]
    if as_json:
        print_json({"folder": str(folder), "template": template, "files": names})
        return 0
    say(f"{folder} is a target of the kind {template}: {', '.join(map(str, names))}.")
    say(f"Read {folder / 'README.md'}; `rsi check {folder}` tries it out, `rsi run {folder}` improves it.")
    return 0
