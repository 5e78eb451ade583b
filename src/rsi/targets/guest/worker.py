"""Scores outputs and makes cases with a user's own code. Started by the kernel as a process of its own; never beside candidate code.

It is told on its command line where the target lies and what to call, reads one JSON object a line from stdin and answers each with one on
stdout: `{"value": …}`, or `{"fault": text}` with the file and line of the user's code. What that code prints goes to stderr.

Covers: code that does not load, raises, exits, prints, gives what is no score or no list of cases. Does not cover: code that hangs or ends
the process (whoever started it sees that).
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO

__all__ = ["main"]

_TOLD = 400


def main() -> None:
    """Answer until stdin is closed."""
    config = json.loads(sys.argv[1])
    os.chdir(config["folder"])
    sys.path.insert(0, config["folder"])
    sys.argv = [""]
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    questions = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _serve(questions, replies, _Code(config))


def _serve(questions: TextIO, replies: TextIO, code: "_Code") -> None:
    for line in questions:
        reply = _reply(code, json.loads(line))
        try:
            text = json.dumps(reply, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            text = json.dumps({"fault": f"what it gave is no plain data: {error}"})
        replies.write(text + "\n")
        replies.flush()


def _reply(code: "_Code", asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": code.score(asked["case"], asked["output"]) if "case" in asked else code.cases(**asked)}
    except BaseException as error:  # noqa: BLE001 - whatever a user's code raises, SystemExit too, is told as its fault
        return {"fault": code.fault(error)}


class _Code:
    """The user's code, loaded when it is first needed."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.folder, self.config = config["folder"], config
        self.loaded: dict[str, Callable[..., Any]] = {}

    def function(self, name: str) -> Callable[..., Any]:
        """The function `file.py:name`."""
        if name not in self.loaded:
            path, _, wanted = name.rpartition(":")
            module = os.path.splitext(os.path.basename(path))[0]
            spec = importlib.util.spec_from_file_location(module, os.path.join(self.config.get("shipped") or self.folder, path))
            if spec is None or spec.loader is None:
                raise LookupError(f"{path} is no Python file")
            made = importlib.util.module_from_spec(spec)
            sys.modules.setdefault(module, made)
            spec.loader.exec_module(made)
            if "settings" in self.config and hasattr(made, "setup"):
                made.setup(json.loads(self.config["settings"]))
            function = getattr(made, wanted, None)
            if not callable(function):
                raise LookupError(f"{path} has no function {wanted!r}")
            self.loaded[name] = function
        return self.loaded[name]

    def score(self, case: Any, output: Any) -> dict[str, Any]:
        """Score one output."""
        if self.config["score_command"]:
            return _score(self.run(self.config["score_command"], {"case": case, "output": output}))
        return _score(self.function(self.config["score"])(case, output))

    def run(self, words: list[str], message: dict[str, Any]) -> Any:
        """What a command writes that gets a message as JSON."""
        ended = subprocess.run(words, input=json.dumps(message).encode(), capture_output=True, check=False)
        if ended.returncode:
            said = ended.stderr.decode("utf-8", "replace").strip()[-_TOLD:]
            raise ChildProcessError(f"the command {words[0]!r} ended with code {ended.returncode}: {said}")
        try:
            return json.loads(ended.stdout)
        except ValueError:
            raise ChildProcessError(f"the command {words[0]!r} wrote no JSON but {ended.stdout[:80]!r}") from None

    def cases(self, seed: int, start: int, count: int) -> list[dict[str, Any]]:
        """Make cases."""
        made = self.function(self.config["generator"])(seed, start, count)
        if not isinstance(made, list) or len(made) != count or not all(isinstance(case, dict) for case in made):
            found = f"a list of {len(made)}" if isinstance(made, list) else type(made).__name__
            raise TypeError(f"it was asked for a list of {count} cases, each of them a dict, and gave {found}")
        return made

    def fault(self, error: BaseException) -> str:
        """An error in one line, with the last place in the user's own files."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if os.path.realpath(frame.filename).startswith(os.path.realpath(self.folder) + os.sep)]
        text = f"{type(error).__name__}: {error}".replace("\n", " ")[:_TOLD]
        if isinstance(error, SyntaxError) and error.filename:
            return f"{os.path.relpath(error.filename, self.folder)}:{error.lineno}: {text}"
        return f"{os.path.relpath(own[-1].filename, self.folder)}:{own[-1].lineno}: {text}" if own else text


def _score(given: Any) -> dict[str, Any]:
    """A score as it is passed on: a number (or None: no valid answer), a word for it, and what is to be told to who improves."""
    found = given if isinstance(given, dict) else {"score": given}
    surplus = sorted(set(found) - {"score", "label", "feedback"})
    if surplus or "score" not in found:
        raise TypeError(f"a score is a number, or a dict with score, label and feedback; it gave {str(given)[:80]!r}")
    value = found["score"]
    if value is not None and (not isinstance(value, int | float) or not math.isfinite(value)):
        raise TypeError(f"a score is a finite number, or None where the output is no answer; it gave {str(value)[:80]!r}")
    label, feedback = found.get("label") or "", found.get("feedback") or ""
    if not isinstance(label, str) or not isinstance(feedback, str):
        raise TypeError("label and feedback are texts")
    return {"score": None if value is None else float(value), "label": label[:80], "feedback": feedback[:2_000]}


if __name__ == "__main__":
    main()
