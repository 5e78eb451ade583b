"""A shell for language models: commands over a copy of a tree, in a fresh jail of the agent profile that is closed behind them.

Covers: no network, none of the machine's files but `/usr`, limits on time, memory, processes and files; output and changes come out as
bounded data; a jail that breaks is an error that can be told.
Does not cover: commands that give something else each time (the clock, process numbers); who records what they gave has it again.
"""

from collections.abc import Callable

from rsi.bridges.carrier import Listener
from rsi.bridges.places import Place, hold
from rsi.bridges.tree import changes
from rsi.core.errors import JailError, UserError
from rsi.core.protocols import Files
from rsi.core.records import Json, Outcome

__all__ = ["MOST_OUTPUT", "run_shell"]

MOST_OUTPUT = 16_000
"""Characters of what commands said last that are told."""
_MOST_CHANGED = 1_000_000


def run_shell(place: Place, now: Callable[[], float], files: Files, commands: str) -> dict[str, Json]:
    """Run commands with `sh` in a copy of a tree: `{"code", "output", "changed": {path: text or null}}`, or `{"error"}`.

    Args:
        place: where; `place.wall_s` ends them, `code` is null then.
        now: seconds of a clock that never goes back; only for the time limit.
        files: the tree.
        commands: in the language of `sh`.
    """
    listener, began = Listener(), list[float]()

    def answer(said: Json) -> Json:
        assert isinstance(said, dict)
        began.append(now())
        return {"evaluated": None, **listener.take(said), "stop": began[-1] - began[0] > place.wall_s}

    try:
        words = ("sh", "-c", f"exec 2>&1\n{commands}")
        ended, after = hold(place, words, lines=False, beside={}, files=files, serve=answer)
        edits = changes(files, after)
    except (JailError, UserError) as error:
        return {"error": str(error)}
    if ended.outcome is not Outcome.ANSWERED or not isinstance(ended.value, dict):
        return {"error": ended.reason}
    if sum(len(edit.after or "") for edit in edits) > _MOST_CHANGED:
        return {"error": f"the commands made or changed more than {_MOST_CHANGED} characters of files; let them leave less behind"}
    code = ended.value["code"]
    late = "" if isinstance(code, int) else f"\nended after {place.wall_s:g} s"
    output = f"{listener.words()}{ended.value['errors']}{late}"[-MOST_OUTPUT:]
    return {"code": code, "output": output, "changed": {edit.path: edit.after for edit in edits}}
