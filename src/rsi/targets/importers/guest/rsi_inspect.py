"""Runs an Inspect task on one sample with a candidate's texts: the warm process that scores, outside the jails.

The task is the user's own code and trusted as that; a candidate is only texts: arguments of the task, and text files beside it. For each
set of texts the task is made once, in a copy of its folder where it has such files; each case is one sample.

Covers: texts that are paths or addresses (Inspect would read what lies there; such a candidate has no valid answer), samples that end with
an error (a fault, told with Inspect's words), scores that are letters, truth values or numbers.
Does not cover: templates that reach into objects (`{x.__class__}`), as far as Inspect fills them in; model calls, which are the task's own.
"""

import functools
import hashlib
import importlib.util
import inspect
import json
import os
import re
import shutil
import sys
import tempfile
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["score", "setup"]

_TOLD = 1_800
_KEPT = 8
_ADDRESS = re.compile(r"\s*[a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Which task, and which texts of it are improved.

    Attributes:
        folder: where its module lies.
        arguments: names of texts that are arguments of the task.
        files: names of texts that are files, with their paths in the folder.
    """

    folder: str
    module: str
    task: str
    arguments: list[str]
    files: dict[str, str]


class Tasks:
    """The task as it was made with the last few sets of texts."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is made yet."""
        self.settings = settings
        self.made: dict[str, Any] = {}
        self.scratch = tempfile.TemporaryDirectory(prefix="rsi-inspect-")
        self.logs = os.path.join(self.scratch.name, "logs")

    def task(self, texts: dict[str, str]) -> Any:
        """The task with these texts."""
        key = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]
        if key not in self.made:
            while len(self.made) >= _KEPT:
                shutil.rmtree(os.path.join(self.scratch.name, next(iter(self.made))), ignore_errors=True)
                del self.made[next(iter(self.made))]
            self.made[key] = self._made(key, texts)
        return self.made[key]

    def _made(self, key: str, texts: dict[str, str]) -> Any:
        folder = self.settings.folder
        if self.settings.files:
            folder = os.path.join(self.scratch.name, key)
            shutil.copytree(self.settings.folder, folder, ignore=shutil.ignore_patterns("logs", ".*", "__pycache__"))
            for name, path in self.settings.files.items():
                with open(os.path.join(folder, path), "w", encoding="utf-8", newline="") as file:
                    file.write(texts[name])
        os.chdir(folder)
        return _task(folder, self.settings)(**{name: texts[name] for name in self.settings.arguments})


_TASKS: list[Tasks] = []


def setup(settings: dict[str, Any]) -> None:
    """Make ready for the task that the settings name."""
    metadata: Any = importlib.import_module("importlib.metadata")
    # Inspect asks with each evaluation which package holds the task, and Python reads what all packages say of their files for it.
    metadata.packages_distributions = functools.cache(metadata.packages_distributions)
    _TASKS[:] = [Tasks(Settings(**settings))]


def score(case: dict[str, Any], output: Any) -> dict[str, Any]:
    """Evaluate the texts on the sample of a case."""
    settings = _TASKS[0].settings
    if set(output) != {*settings.arguments, *settings.files} or not all(isinstance(text, str) for text in output.values()):
        return {"score": None, "label": "no texts", "feedback": "a text was expected for each name"}
    path = next((name for name, text in output.items() if _is_path(text)), None)
    if path is not None:
        return {"score": None, "label": "a path", "feedback": f"{path} is a path or an address, and a text was expected"}
    return _evaluated(_TASKS[0], case["sample"], output)


def _evaluated(tasks: Tasks, index: int, texts: dict[str, str]) -> dict[str, Any]:
    inspect_ai, datasets = importlib.import_module("inspect_ai"), importlib.import_module("inspect_ai.dataset")
    task = tasks.task(texts)
    dataset, name = task.dataset, task.name
    inspect_ai.task_with(task, dataset=datasets.MemoryDataset([dataset[index]]), name=name)
    try:
        # `log` says nothing below the level of the log; `none` draws a table of results that nobody sees.
        (log,) = inspect_ai.eval(
            task, display="log", log_realtime=False, log_dir=tasks.logs, log_level="error", score_display=False, epochs=1
        )
    finally:
        inspect_ai.task_with(task, dataset=dataset, name=name)
    try:
        return _read(log, index)
    finally:
        shutil.rmtree(tasks.logs, ignore_errors=True)


def _read(log: Any, index: int) -> dict[str, Any]:
    value_to_float = importlib.import_module("inspect_ai.scorer").value_to_float
    if log.status != "success" or not log.samples:
        raise RuntimeError(f"Inspect could not evaluate sample {index}: {log.error.message if log.error else log.status}"[:400])
    scores = log.samples[0].scores or {}
    if not scores:
        raise RuntimeError(f"the task gave sample {index} no score; it needs a scorer")
    found = next(iter(scores.values()))
    values = found.value.values() if isinstance(found.value, dict) else found.value if isinstance(found.value, list) else [found.value]
    value = next(iter(values))
    said = {"answer": found.answer, "explanation": found.explanation, "output": log.samples[0].output.completion}
    return {
        "score": float(value_to_float()(value)),
        "label": f"scored {value}"[:40],
        "feedback": "\n".join(f"{key}: {text}" for key, text in said.items() if text)[:_TOLD],
    }


def _is_path(text: str) -> bool:
    return bool(_ADDRESS.match(text)) or (
        "\n" not in text and len(text) < 4_000 and "\0" not in text and bool(text.strip()) and os.path.exists(text.strip())
    )


def _task(folder: str, settings: Settings) -> Callable[..., Any]:
    module = _module(folder, settings.module)
    found = getattr(module, settings.task, None)
    if not callable(found):
        raise LookupError(f"{settings.module} has no task {settings.task}")
    made: Callable[..., Any] = found
    return made


def _module(folder: str, name: str) -> types.ModuleType:
    path = os.path.join(folder, *name.split(".")) + ".py"
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LookupError(f"there is no module {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def describe(settings: dict[str, Any]) -> dict[str, Any]:
    """All that an importer needs to know of a task, as plain data."""
    os.chdir(settings["folder"])
    function = _task(settings["folder"], Settings(**settings, arguments=[], files={}))
    task = function()
    texts = {
        name: one.default
        for name, one in inspect.signature(function).parameters.items()
        if isinstance(one.default, str) and one.default.strip()
    }
    shown = [sample.input if isinstance(sample.input, str) else str(sample.input) for sample in task.dataset]
    return {"arguments": texts, "shown": [text[:2_000] for text in shown], "name": str(task.name)}


if __name__ == "__main__":
    _out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(describe(json.loads(sys.argv[1])), _out)
    _out.close()
