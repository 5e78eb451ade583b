"""`rsi verify`: checks a run from its log, its archive and, if asked, by running trials again."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.cli.folders import open_run
from rsi.cli.terminal import JsonFlag, harmless, print_json, say
from rsi.core.codec import encode
from rsi.core.errors import IntegrityError, UserError
from rsi.core.records import Json
from rsi.loop.verify import Verification
from rsi.loop.verify import verify as verify_run

__all__ = ["verify"]


def verify(
    run: Path,
    /,
    *,
    rejudge: Annotated[int, Parameter(help="Run this many blocks of its trials again in fresh jails and compare.")] = 0,
    as_json: JsonFlag = False,
) -> int:
    """Check a run: the chain of its log, its archive, and every verdict derived again from its trials.

    Args:
        run: Folder of the run.
    """
    if rejudge < 0:
        raise UserError(f"--rejudge {rejudge}: should be 0 or more")
    found = _found(run, rejudge)
    if as_json:
        data: Json = encode(found)
        print_json({key: value for key, value in data.items() if key != "is"} if isinstance(data, dict) else data)
        return 0 if found.ok else 1
    say(f"{run}: {found.entries} entries, digest {found.digest}")
    if rejudge:
        say(f"{found.rejudged} trials run again, {found.mismatches} differ")
    for problem in found.problems:
        say(f"problem: {harmless(problem)}")
    far = "" if found.finished else "; the run has not ended, so this holds for what it did so far"
    say(f"verified: every entry follows from the ones before{far}" if found.ok else "NOT verified")
    return 0 if found.ok else 1


def _found(run: Path, rejudge: int) -> Verification:
    try:
        with open_run(run):
            return verify_run(run, rejudge=rejudge)
    except IntegrityError as error:
        return Verification(ok=False, problems=(str(error),), entries=0, finished=False, digest="", rejudged=0, mismatches=0)
