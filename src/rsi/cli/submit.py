"""`rsi submit`: what was changed in a work tree enters the race of its run."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.bridges.hand import problem_of, surface_named, surface_of
from rsi.bridges.inbox import Submission, put
from rsi.bridges.tree import TREE, Work, changes, look_at, take_back
from rsi.cli.folders import is_run, open_run
from rsi.cli.outsiders import going_on, who
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.core.errors import IntegrityError, UserError
from rsi.core.protocols import Files
from rsi.core.records import FileEdit, Manifest, Surface

__all__ = ["submit"]


def submit(
    tree: Path,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why it is better, in a sentence; it stands in the log.")] = None,
    surface: Annotated[str | None, Parameter(help="Hand in only what belongs to this surface; by default the one that has it all.")] = None,
    by: Annotated[str | None, Parameter(help="Your name in the log; by default that of the user.")] = None,
    as_json: JsonFlag = False,
) -> int:
    """Hand in what was changed in a work tree of `rsi propose`; it is judged like every other change.

    Args:
        tree: Folder of the work tree.
    """
    work, author = look_at(tree), who("hand", by)
    if not is_run(work.run):
        raise UserError(f"the run of this work tree, {work.run}, is gone; `rsi propose RUN --out DIR` makes a tree of another run")
    with open_run(work.run) as opened:
        standing = going_on(opened)
        try:
            before = opened.archive.files(work.base)
        except IntegrityError:
            raise UserError(f"{work.run} knows no version {work.base[:12]}, for which {tree} was given out; propose anew") from None
    after = take_back(tree / TREE)
    submission = _submission(tree, work, author, changes(before, after), before, standing.manifest, reason, surface)
    name, is_new = put(work.run, submission)
    if as_json:
        print_json({"id": name, "new": is_new, "surface": submission.surface.value, "files": [edit.path for edit in submission.edits]})
        return 0
    files = ", ".join(edit.path for edit in submission.edits[:6])
    how = "waits in the inbox" if is_new else "was handed in before"
    moved = "" if standing.base == work.base else " A better version was found since the tree was given out: the change is merged with it."
    say(f"Change {name[:12]} ({submission.surface.value}: {files}) {how} of {work.run}.{moved}")
    return 0


def _submission(
    tree: Path,
    work: Work,
    author: str,
    edits: tuple[FileEdit, ...],
    before: Files,
    manifest: Manifest,
    reason: str | None,
    named: str | None,
) -> Submission:
    """The change that a tree is, checked.

    Raises:
        UserError: nothing was changed, or oversight would not let it through.
    """
    if not edits:
        raise UserError(f"{tree / TREE} is as it was given out; change a file there first")
    chosen = surface_of(edits, before, manifest) if named is None else surface_named(named, manifest)
    mine = edits if named is None else _of_surface(edits, chosen, before, manifest)
    if not mine:
        raise UserError(f"nothing that was changed belongs to the surface {chosen.value}; leave --surface out")
    why = reason if reason is not None else f"by hand, in {', '.join(edit.path for edit in mine[:6])}"
    problem = problem_of(mine, chosen, why, before, manifest)
    if problem is not None:
        raise UserError(f"this change would be refused: {problem}; repair that in {tree / TREE} and submit again")
    return Submission(by=author, base=work.base, surface=chosen, reason=why, edits=mine)


def _of_surface(edits: tuple[FileEdit, ...], surface: Surface, before: Files, manifest: Manifest) -> tuple[FileEdit, ...]:
    return tuple(edit for edit in edits if problem_of([edit], surface, ".", before, manifest) is None)
