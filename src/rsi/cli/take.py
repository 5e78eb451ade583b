"""`rsi take`: the files of a version, to put them to use."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.bridges.tree import lay_out
from rsi.cli.folders import OpenRun, open_run
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.cli.view.text import clean
from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import CandidateId
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.oversight import matches

__all__ = ["take"]


def take(
    run: Path,
    candidate: str = "release",
    /,
    *,
    out: Annotated[Path, Parameter(help="Folder for the files; made, must not hold anything yet.")],
    as_json: JsonFlag = False,
) -> int:
    """Write the files of a version into a folder: of a target what may be edited, of an agent that improved itself all of it.

    Args:
        run: Folder of the run.
        candidate: First digits of its name, or start, release, v1, v2 …
    """
    with open_run(run) as opened:
        name = opened.candidate(candidate)
        files, start = _files(opened, name), _files(opened, opened.versions[0])
    changed = sorted(path for path, content in files.items() if start.get(path) != content)
    deleted = sorted(start.keys() - files.keys())
    _put(out, files)
    if as_json:
        print_json({"candidate": name, "folder": str(out), "files": [*files], "changed": [*changed], "deleted": [*deleted]})
        return 0
    words = [f"{what} {clean(', '.join(paths), 300)}" for what, paths in (("changed", changed), ("deleted", deleted)) if paths]
    say(f"{out} has the files of {candidate} ({name[:12]}); since the start: {', '.join(words) or 'nothing changed'}.")
    return 0


def _files(opened: OpenRun, name: CandidateId) -> Files:
    """The files of a version by path; where it is a target, those that may be edited."""
    files = opened.archive.files(name)
    if not opened.view.started.get("target"):
        return files
    manifest = load_manifest(files)
    every = [glob for globs in manifest.surfaces.values() for glob in globs]
    return {path: content for path, content in files.items() if matches(path, every) and not matches(path, manifest.protected)}


def _put(folder: Path, files: Files) -> None:
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder} is not empty; give a folder that does not exist yet with --out")
        lay_out(folder, files)
    except OSError as error:
        raise UserError(f"cannot write into {folder}: {error.strerror}; choose another folder with --out") from None
