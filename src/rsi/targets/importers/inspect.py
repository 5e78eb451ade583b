"""A target from an Inspect task as it is: what is improved are its texts, each sample is a case, the task scores as it always does.

Texts are the arguments of the task that have a text as default, and the text files beside its module that the module names. A jail only
hands them out; the task, its solver, its model calls and its scorer run in one warm process outside, which is trusted as the user's own
code.

Covers: tasks with at least 40 samples, the first score of a sample, whatever model the task names itself (or `INSPECT_EVAL_MODEL`).
Does not cover: solvers whose code is to be edited (their folder can be a target of its own), tasks that need a sandbox.
"""

import ast
import json
from pathlib import Path
from typing import Any

from rsi.core.errors import UserError
from rsi.core.records import Json
from rsi.core.syntax import syntax
from rsi.targets.importers.describing import describe
from rsi.targets.importers.reading import code_of, folder_files, guest_file, slug, spec_of
from rsi.targets.load import Target, target_of
from rsi.targets.spec import GivenCases, ShippedScore

__all__ = ["from_inspect"]

_GUEST, _TEXTS = "rsi_inspect", "rsi_texts"
_KINDS = (".txt", ".md", ".jinja", ".jinja2", ".j2")
_SCORE_S = 600.0
_LOST = (
    "The task calls its model by itself: rsi neither bounds, records nor replays those calls, and the candidate's texts are filled in "
    "outside the jails, in the process of the task.",
)


def from_inspect(name: str) -> Target:
    """The target of `module:task`, or of `path/to/module.py:task`.

    Raises:
        UserError: there is no such task, inspect-ai is not installed, or something is wrong with it; says what.
    """
    module, _, task = name.partition(":")
    path = Path(module if module.endswith(".py") else f"{module.replace('.', '/')}.py")
    if not task or not path.is_file():
        raise UserError(
            f"inspect:{name}: there is no file {path}; write inspect:MODULE:TASK, or inspect:PATH.py:TASK"
            if task
            else f"inspect:{name}: which task? Write inspect:MODULE:TASK"
        )
    folder, files = path.parent, folder_files(path.parent, (".py", *_KINDS))
    said = describe(f"{_GUEST}.py", {"folder": str(folder.resolve()), "module": path.stem, "task": task}, files, f"inspect:{name}")
    arguments = {key: str(text) for key, text in _object(said["arguments"]).items()}
    beside = _named(files, path.name)
    if not arguments and not beside:
        raise UserError(
            f"inspect:{name}: nothing may be edited: the task has no argument with a text as default, and names no text file beside it"
        )
    paths = {**{key: f"{key}.txt" for key in arguments}, **{f"file {file}": f"files/{file}" for file in beside}}
    tree = {paths[key]: text.encode() for key, text in arguments.items()}
    tree |= {f"files/{file}": files[file] for file in beside}
    tree |= {f"{_TEXTS}.py": guest_file(f"{_TEXTS}.py"), f"{_TEXTS}.json": json.dumps(paths, sort_keys=True).encode()}
    settings = {
        "folder": str(folder.resolve()),
        "module": path.stem,
        "task": task,
        "arguments": list(arguments),
        "files": {f"file {file}": file for file in beside},
    }
    private = {file: files[file] for file in code_of(files, [path.name]).files}
    spec = spec_of(_base(task, list(paths.values())), folder)
    score = ShippedScore(**{**spec.score.model_dump(), "settings": json.dumps(settings)})
    cases = GivenCases(**{**spec.cases.model_dump(), "rows": _rows(said["shown"])})
    return target_of(folder, spec.model_copy(update={"score": score, "cases": cases}), tree, private, f"inspect:{name}: ", _LOST)


def _base(task: str, texts: list[str]) -> dict[str, Any]:
    return {
        "name": slug(task),
        "kind": "prompt",
        "brief": f"Texts of the Inspect task {task}: its arguments, and files that it reads. A higher score of its first scorer is better.",
        "surfaces": {"prompt": texts},
        "protect": {"files": [f"{_TEXTS}.*"]},
        "case": {"function": f"{_TEXTS}:texts", "timeout_s": 10.0, "output": "object"},
        "score": {"function": f"{_GUEST}.py:score", "timeout_s": _SCORE_S},
        "cases": {"generator": "rsi_given.py:cases"},
    }


def _rows(shown: Json) -> tuple[str, ...]:
    """The samples, each once."""
    rows: dict[str, str] = {}
    for index, text in enumerate(shown if isinstance(shown, list) else []):
        row = {"id": f"sample {index}", "sample": index, "input": text}
        rows.setdefault(str(text), json.dumps(row, ensure_ascii=False))
    return tuple(rows.values())


def _named(files: dict[str, bytes], module: str) -> list[str]:
    """Text files whose names stand in the module."""
    try:
        tree = syntax(files[module])
    except (SyntaxError, ValueError):
        return []
    said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return sorted(name for name in files if name.endswith(_KINDS) and name in said)


def _object(data: Json) -> dict[str, Json]:
    return data if isinstance(data, dict) else {}
