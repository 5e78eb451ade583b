"""The command line: finds the verb, and turns every error into one line and an exit code.

0 ok · 1 no (not verified, not certified, evidence does not check) · 2 the user's error · 3 halted, resumable
"""

import os
import sys
from collections.abc import Mapping, Sequence

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnknownCommandError, UnusedCliTokensError

from rsi import __version__
from rsi.cli.terminal import complain
from rsi.config.load import nearest
from rsi.core.errors import Halted, InfrastructureError, IntegrityError, MessageError, UserError

__all__ = ["VERBS", "app", "main"]

VERBS: Mapping[str, str] = {
    "run": "An agent improves itself, or a target of yours; the same command takes a stopped run up again.",
    "init": "Make a folder with a target of your own: a program, an agent, a prompt, a training script.",
    "check": "Try a target out before anything is spent: does it run, what does it cost, what could be seen?",
    "solve": "Solve tasks from outside with any version of an agent.",
    "compare": "Which of two versions is better, as a test for people and for CI.",
    "show": "Where a run stands, and all changes that were tried in it.",
    "report": "Write the report of a run anew from its log.",
    "diff": "What a candidate changed, why, and with which effect.",
    "take": "Write the files of a version into a folder, to put them to use.",
    "propose": "Give out a run's best version as a work tree, to change it by hand.",
    "submit": "Hand in a changed work tree; it is judged like every other change.",
    "mcp": "Let a coding agent look at a run, try changes on practice cases and hand them in (MCP).",
    "lineage": "The way from the start to a candidate, step by step.",
    "improver": "Improvers that outlive their run: look at them, choose the one that later runs begin with, pass them on.",
    "verify": "Check a run: its log, its archive, every decision derived again.",
    "watch": "Follow a run that another process works on.",
    "bench": "Benchmarks that anyone can run again: of the judge, and of improvers.",
    "doctor": "What this machine can enforce around code that nobody has vetted.",
}
"""All verbs, in the order in which help shows them, and what each is for; their code is loaded when they are used."""

app = App(
    name="rsi",
    help="An AI system improves itself, and keeps only what a judge it cannot reach has shown to be better.",
    version=__version__,
    result_action="return_value",
    help_format="plaintext",
)
"""The command line: one verb per module of `rsi.cli`, imported when it is used."""
for _place, (_verb, _purpose) in enumerate(VERBS.items()):
    app.command(f"rsi.cli.{_verb}:{_verb}", name=_verb, help=_purpose, sort_key=_place)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code; never raises, never prints a traceback."""
    tokens = list(sys.argv[1:] if argv is None else argv)
    try:
        code = app(tokens, exit_on_error=False, print_error=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        return complain(_misuse(error, tokens), 2)
    except (UserError, MessageError, InfrastructureError) as error:
        return complain(str(error), 2)
    except IntegrityError as error:
        return complain(str(error), 1)
    except (Halted, KeyboardInterrupt) as error:
        return complain(str(error) or "stopped; the same command takes it up again", 3)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return complain(f"{where}{error.strerror or error}; free the disk or choose another folder, then run the same command again", 2)


def _misuse(error: CycloptsError, tokens: list[str]) -> str:
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        verb = str(error.unused_tokens[0])
        if tokens[0] in VERBS:
            return f"unknown command {verb!r}; see `rsi {tokens[0]} --help`"
        return f"unknown verb {verb!r}{nearest(verb, list(VERBS))}"
    chain = " ".join(error.command_chain or ())
    help_of = f"rsi {chain} --help" if chain else "rsi --help"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"unexpected argument {str(error.unused_tokens[0])!r}; see `{help_of}`"
    return f"{str(error).rstrip('.')}; see `{help_of}`"
