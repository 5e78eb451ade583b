"""Commands that a language model may run over a copy of what it improves: which wishes are carried out, and on which tree.

`ask({"shell": {"files": {path: text or null}, "commands": text}})` runs the commands with `sh` in a folder that has the tree with these
files replaced, and gives `{"code", "output", "changed": {path: text or null}}`, or `{"error"}`. Nothing is changed by that but the copy:
what the agent wants of it, it proposes. Who may talk to models may ask for it, while it is to propose.

Covers: wishes of any shape, files that no patch may touch, characters of the output that nobody sees.
Does not cover: where the commands run (`rsi.bridges.shell`, which whoever starts the run hands in).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rsi.core.protocols import Files
from rsi.core.records import Json, Manifest
from rsi.kernel.oversight import edit_problem
from rsi.loop.telling import plain

__all__ = ["MOST_RUNS", "Shell", "noted", "with_files"]

MOST_RUNS = 10
"""How often one call may have commands run."""
_MOST_COMMANDS, _MOST_SAID, _MOST_PATHS = 20_000, 20_000, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Where commands run.

    Attributes:
        run: runs some in a copy of a tree.
        wall_s: seconds until they are ended.
    """

    run: Callable[[Files, str], dict[str, Json]]
    wall_s: float

    def over(self, files: Files, manifest: Manifest) -> Callable[[Json], dict[str, Json]]:
        """What carries a wish out on a tree."""

        def carry_out(wish: Json) -> dict[str, Json]:
            if not isinstance(wish, dict) or set(wish) != {"files", "commands"}:
                return {"error": "shell has files and commands"}
            tree, commands = with_files(files, manifest, wish["files"]), wish["commands"]
            if isinstance(tree, str):
                return {"error": tree}
            if not isinstance(commands, str) or not commands.strip() or "\0" in commands or len(commands) > _MOST_COMMANDS:
                return {"error": f"commands are a text of at most {_MOST_COMMANDS} characters"}
            reply = self.run(tree, commands)
            return {name: plain(value, _MOST_SAID) if isinstance(value, str) else value for name, value in reply.items()}

        return carry_out


def noted(wish: Json, reply: Json) -> Json:
    """What stands in the log of a run of commands: paths in place of files, whose contents the record of the gateway has."""
    asked, told = (one if isinstance(one, dict) else {} for one in (wish, reply))
    named: dict[str, Json] = {name: _paths(told[name]) if name == "changed" else told[name] for name in told}
    return {"commands": str(asked.get("commands"))[:_MOST_COMMANDS], "files": _paths(asked.get("files")), **named}


def _paths(files: Json) -> list[Json]:
    return [path[:200] for path in sorted(files)[:_MOST_PATHS]] if isinstance(files, dict) else []


def with_files(files: Files, manifest: Manifest, given: Json) -> Files | str:
    """A tree with some of its texts replaced or, for null, taken away; or why that may not be."""
    if not isinstance(given, Mapping):
        return "files is an object of texts by path; null takes a file away"
    changed = dict(files)
    for path, text in given.items():
        if text is not None and not isinstance(text, str):
            return f"the content of {path[:200]!r} is no text"
        problem = edit_problem(path, text, files, manifest)
        if problem is not None:
            return problem
        if text is None:
            changed.pop(path, None)
        else:
            changed[path] = text.encode()
    return changed
