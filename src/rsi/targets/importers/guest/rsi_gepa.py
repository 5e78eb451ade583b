"""Runs an evaluator that was written for GEPA: in the process that scores where a candidate is only text, else beside it in a jail.

What GEPA 0.1 does with an evaluator is done here (`gepa.optimize_anything`): it gets the candidate (a text, or a dictionary of texts), of
`example` and other names those that it takes, and gives a score or (score, side info). A script that calls `optimize_anything` itself is
run up to that call, and what it passes is taken from there.

Covers: evaluators with and without examples, `oa.log`, side info of any shape, evaluators that raise an error of Python's own (no valid
answer of the candidate). Does not cover: batch evaluators, adapters, seedless runs; errors of files, networks and packages, which are told
as faults.
"""

import importlib.util
import inspect
import json
import os
import random
import sys
import types
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

__all__ = ["evaluate", "score", "setup"]

_TOLD = 1_800
_STARTS = ("seed_candidate", "SEED_CANDIDATE", "seed", "SEED")
_TRAIN, _HELD = ("dataset", "DATASET", "trainset", "TRAINSET"), ("valset", "VALSET")
_TEXT = "current_candidate"
"""What GEPA calls a candidate that is one text."""
_OWN = {"builtins", "json", "json.decoder", "re", "string", "decimal"}
"""Modules whose errors a candidate's text can cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is passed to `optimize_anything`, or stands in a module under the same names."""

    evaluator: Callable[..., Any]
    start: dict[str, str]
    is_text: bool
    train: Sequence[Any]
    held: Sequence[Any]
    objective: str
    background: str

    @property
    def examples(self) -> list[Any]:
        """Those of the dataset, then the held-out ones."""
        return [*self.train, *self.held]


class _Caught(BaseException):
    """What a script passed to `optimize_anything`; no `except Exception` of the script is to stop it."""

    def __init__(self, passed: dict[str, Any]) -> None:
        super().__init__("optimize_anything was called")
        self.passed = passed


_TASK: list[Task] = []


def setup(settings: dict[str, Any]) -> None:
    """Load the task: `folder`, `module`, `function` (empty: the module calls `optimize_anything` itself)."""
    _TASK[:] = [_task(settings)]


def score(case: dict[str, Any], output: Any) -> dict[str, Any]:
    """Score a candidate's texts on the example of a case."""
    if not isinstance(output, dict) or set(output) != set(_TASK[0].start) or not all(isinstance(text, str) for text in output.values()):
        return {"score": None, "label": "no texts", "feedback": f"a text was expected for each of {', '.join(_TASK[0].start)}"}
    return _scored(_TASK[0], case, output)


def evaluate(case: dict[str, Any]) -> dict[str, Any]:
    """The same inside a jail, with the texts of the tree."""
    with open("rsi_gepa.json", encoding="utf-8") as file:
        settings = json.load(file)
    texts = {name: _read(path) for name, path in settings["texts"].items()}
    found = _scored(_task({**settings, "folder": os.path.join(os.getcwd(), settings["folder"])}), case, texts)
    value = found["score"]
    return {"score": value, "feedback": found["feedback"], "error": found["feedback"] if value is None else ""}


def _read(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def _scored(task: Task, case: dict[str, Any], texts: Any) -> dict[str, Any]:
    candidate = texts[next(iter(task.start))] if task.is_text else dict(texts)
    named: dict[str, Any] = {"example": task.examples[case["example"]]} if "example" in case else {}
    random.seed(case.get("seed", case.get("example", 0)))
    log = _listen()
    try:
        given = task.evaluator(candidate, **_taken(task.evaluator, {**named, "opt_state": types.SimpleNamespace(best_example_evals=[])}))
    except Exception as error:  # wrong texts make an evaluator raise any of Python's own: that is their result; all else goes on as a fault
        if type(error).__module__ not in _OWN or isinstance(error, OSError):
            raise
        return {"score": None, "label": "raised", "feedback": f"{type(error).__name__}: {error}"[:_TOLD]}
    value, side = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    told = [_told(side), log()]
    return {"score": float(value), "label": "scored", "feedback": "\n".join(text for text in told if text)[:_TOLD]}


def _taken(function: Callable[..., Any], named: dict[str, Any]) -> dict[str, Any]:
    """Those of the names that a function takes."""
    parameters = inspect.signature(function).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        return named
    return {name: value for name, value in named.items() if name in parameters}


def _listen() -> Callable[[], str]:
    """Catch what the evaluator says with `oa.log`, if GEPA is there at all."""
    gepa = sys.modules.get("gepa.optimize_anything")
    if gepa is None:
        return str
    context = gepa.LogContext()
    gepa.set_log_context(context)
    return lambda: str(context.drain())


def _told(side: Any) -> str:
    return "" if side in (None, {}) else json.dumps(side, default=str, ensure_ascii=False)


def _task(settings: dict[str, Any]) -> Task:
    sys.path.insert(0, settings["folder"])
    with suppress(ImportError):
        vars(importlib.import_module("gepa.optimize_anything"))["optimize_anything"] = _catch
    try:
        module = importlib.import_module(settings["module"])
        if not settings["function"]:
            raise LookupError(f"{settings['module']} calls no optimize_anything when it is loaded; name a function of it")
        function = _function(module, settings["function"])
        if _needs_nothing(function):
            function()
            raise LookupError(f"{settings['function']} takes no candidate and calls no optimize_anything")
    except _Caught as caught:
        return _from_call(caught.passed)
    return _from_module(module, function)


def _function(module: types.ModuleType, name: str) -> Callable[..., Any]:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise LookupError(f"{module.__name__} has no function {name}")
    function: Callable[..., Any] = found
    return function


def _catch(seed_candidate: Any = None, **passed: Any) -> Any:
    raise _Caught({"seed_candidate": seed_candidate, **passed})


def _needs_nothing(function: Callable[..., Any]) -> bool:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return not any(one.kind in kinds for one in inspect.signature(function).parameters.values())


def _from_call(passed: dict[str, Any]) -> Task:
    if passed.get("evaluator") is None:
        raise LookupError("optimize_anything was called without an evaluator; batch evaluators cannot be used")
    return _made(
        passed["evaluator"],
        passed["seed_candidate"],
        passed.get("dataset"),
        passed.get("valset"),
        passed.get("objective"),
        passed.get("background"),
    )


def _from_module(module: types.ModuleType, function: Callable[..., Any]) -> Task:
    def first(names: tuple[str, ...]) -> Any:
        return next((getattr(module, name) for name in names if hasattr(module, name)), None)

    start = first(_STARTS)
    if start is None:
        raise LookupError(f"{module.__name__} has no {_STARTS[0]}: the text, or the dictionary of texts, to begin with")
    return _made(function, start, first(_TRAIN), first(_HELD), first(("objective", "OBJECTIVE")), first(("background", "BACKGROUND")))


def _made(evaluator: Callable[..., Any], start: Any, train: Any, held: Any, objective: Any, background: Any) -> Task:
    texts = {_TEXT: start} if isinstance(start, str) else start
    if not isinstance(texts, dict) or not texts or not all(isinstance(item, str) for pair in texts.items() for item in pair):
        raise LookupError("a seed candidate is a text, or a dictionary of texts; a run without one is not possible")
    return Task(
        evaluator=evaluator,
        start=dict(texts),
        is_text=isinstance(start, str),
        train=list(train or []),
        held=list(held or []),
        objective=str(objective or ""),
        background=str(background or ""),
    )


def describe(settings: dict[str, Any]) -> dict[str, Any]:
    """All that an importer needs to know of a task, as plain data."""
    task = _task(settings)
    return {
        "start": task.start,
        "train": len(task.train),
        "held": len(task.held),
        "shown": [_told(example)[:2_000] for example in task.examples],
        "objective": task.objective,
        "background": task.background,
        "file": inspect.getsourcefile(inspect.unwrap(task.evaluator)) or "",
    }


if __name__ == "__main__":
    _out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(describe(json.loads(sys.argv[1])), _out)
    _out.close()
