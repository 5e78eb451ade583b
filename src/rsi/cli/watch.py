"""`rsi watch`: follows a run that another process works on; looks, and touches nothing."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from rsi.cli.folders import open_run
from rsi.cli.run import view_for
from rsi.cli.terminal import JsonFlag, PlainFlag, print_json, say
from rsi.cli.view.state import RunState
from rsi.cli.working import stoppable
from rsi.core.codec import encode
from rsi.core.protocols import Entry
from rsi.core.records import Json
from rsi.kernel.audit.log import FileEventLog

__all__ = ["watch"]


def watch(
    run: Path,
    /,
    *,
    every: Annotated[float, Parameter(help="Seconds between two looks.")] = 1.0,
    as_json: JsonFlag = False,
    plain: PlainFlag = False,
) -> int:
    """Follow a run that another process works on, until it ends or Ctrl-C.

    Args:
        run: Folder of the run.
    """
    with open_run(run):
        pass
    console = Console()
    with stoppable() as stop, view_for(console, plain or as_json, _silent if as_json else say) as view:
        seen, size = 0, -1
        while not (_has_ended(view.state) or stop.is_set()):
            if (new_size := (run / "log.jsonl").stat().st_size) != size:
                fresh = _after(run, seen)
                for entry in fresh:
                    view.observe(entry)
                    if as_json:
                        print_json(_data(entry))
                seen, size = seen + len(fresh), new_size
            else:
                stop.wait(max(0.05, every))
    return 0


def _has_ended(state: RunState) -> bool:
    return state.progress is not None and state.progress.ended is not None


def _after(run: Path, seen: int) -> list[Entry]:
    return list(FileEventLog.read(run / "log.jsonl").entries())[seen:]


def _data(entry: Entry) -> Json:
    return {"seq": entry.seq, "kind": entry.kind, "body": encode(entry.body), "clock": encode(entry.clock)}


def _silent(line: str) -> None:
    """With --json the entries themselves are printed."""
