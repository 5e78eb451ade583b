"""`rsi report`: writes the report of a run anew from its log."""

from pathlib import Path

from rsi.cli.folders import open_run
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.reports import write_report

__all__ = ["report"]


def report(run: Path, /, *, as_json: JsonFlag = False) -> int:
    """Write report.md, report.html and summary.json of a run anew from its log.

    Args:
        run: Folder of the run.
    """
    with open_run(run):
        summary = write_report(run)
    if as_json:
        print_json(summary)
    else:
        for name in ("report.md", "report.html", "summary.json"):
            say(str(run / name))
    return 0
