"""Writing the report of a run into its folder, each file as a whole or not at all."""

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rsi.analytics import progress_of
from rsi.core.errors import UserError
from rsi.core.records import Json
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.reports.html import render_html
from rsi.reports.markdown import render_markdown
from rsi.reports.outside import outside_blocks, outside_data, outsiders_of
from rsi.reports.recursion import recursion_blocks, recursion_data, recursion_of
from rsi.reports.story import report_of
from rsi.reports.summary import summary_of

__all__ = ["write_report"]


def write_report(folder: Path) -> dict[str, Json]:
    """Write report.md, report.html and summary.json of the run in `folder` from its log and archive; returns the summary.

    A run that is not finished gets the report of what there is so far.

    Raises:
        UserError: it is no folder of a run, or cannot be written to.
        IntegrityError: the log does not check.
    """
    log = FileEventLog.read(folder / "log.jsonl")
    progress = progress_of(log.entries())
    archive = GitArchive(folder / "objects.git", create=False)
    try:
        document = report_of(progress, archive.diff)
    finally:
        archive.close()
    found, outsiders = recursion_of(folder), outsiders_of(folder, next(log.entries(), None))
    document = replace(document, blocks=(*document.blocks, *recursion_blocks(found), *outside_blocks(outsiders)))
    summary = {**summary_of(progress), "recursion": recursion_data(found), "outside": outside_data(outsiders)}
    _replace(folder / "report.md", render_markdown(document))
    _replace(folder / "report.html", render_html(document))
    _replace(folder / "summary.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    return summary


def _replace(path: Path, text: str) -> None:
    """Put a file in its place at once, so that whoever reads it never meets half of it."""
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_bytes(text.encode("utf-8", errors="replace"))
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error.strerror}; make room or the folder writable, then `rsi report`") from None
