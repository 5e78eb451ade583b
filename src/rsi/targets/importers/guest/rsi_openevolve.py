"""Runs the evaluator of an OpenEvolve task on the candidate, both in this process. Guest side: part of the tree of such a target.

What OpenEvolve 0.4 does with an evaluator is done here: `evaluate`, or the stages of a cascade with its thresholds; `combined_score`, or
the mean of what else is a number and no feature dimension. The candidate is one file; the task's own files lie in `rsi_task`.

Covers: results that are dictionaries or `EvaluationResult`s, evaluators that raise, pools of threads where none may be started (their work
is done at once). Does not cover: retries (a failure is a failure), language-model feedback, evaluators that need a network; a candidate
that reaches into the evaluator's memory and writes its own score.
"""

import concurrent.futures
import importlib.util
import json
import math
import os
import random
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["evaluate"]

TASK = "rsi_task"
_TOLD = 1_800
_STAGES = ("evaluate_stage1", "evaluate_stage2", "evaluate_stage3")


def evaluate(case: dict[str, Any]) -> dict[str, Any]:
    """Score, metrics and what the evaluator says, under the seed of a case."""
    with open("rsi_openevolve.json", encoding="utf-8") as file:
        settings = json.load(file)
    _settle(settings)
    _sow(case["seed"])
    program = _program_file(settings["program"])
    try:
        metrics, said = _metrics(_evaluator(settings["evaluator"]), program, settings)
    except Exception as error:  # noqa: BLE001 - whatever an evaluator or a candidate raises is the result of this trial
        return {"score": None, "error": f"{type(error).__name__}: {error}"[:_TOLD], "feedback": _last_place(error)}
    return {
        "score": _finite(fitness(metrics, settings["features"])),
        "metrics": {str(name): _plain(value) for name, value in metrics.items()},
        "feedback": _feedback(metrics, said),
    }


def fitness(metrics: dict[str, Any], features: Iterable[str]) -> float:
    """`combined_score`, else the mean of the numbers that are no feature dimensions, else of all numbers, else 0."""
    if "combined_score" in metrics:
        try:
            return float(metrics["combined_score"])
        except (ValueError, TypeError):
            pass
    numbers = {name: float(value) for name, value in metrics.items() if _is_number(value)}
    counted = [value for name, value in numbers.items() if name not in features] or list(numbers.values())
    return sum(counted) / len(counted) if counted else 0.0


def _metrics(module: types.ModuleType, program: str, settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if not settings["cascade"] or not hasattr(module, _STAGES[0]):
        return _result(module.evaluate(program))
    metrics, said = _result(getattr(module, _STAGES[0])(program))
    for name, threshold in zip(_STAGES[1:], settings["thresholds"], strict=False):
        if not hasattr(module, name) or not _passes(metrics, threshold):
            break
        try:
            more, words = _result(getattr(module, name)(program))
        except Exception as error:  # noqa: BLE001 - a later stage that fails leaves what the earlier ones found, as in OpenEvolve
            return {**metrics, f"{name.removeprefix('evaluate_')}_passed": 0.0}, {**said, "stderr": str(error)}
        numbers = {name: float(value) for found in (metrics, more) for name, value in found.items() if _counts(name, value)}
        metrics, said = numbers, {**said, **words}
    return metrics, said


def _passes(metrics: dict[str, Any], threshold: float) -> bool:
    combined = metrics.get("combined_score")
    if isinstance(combined, int | float):
        return float(combined) >= threshold
    numbers = [float(value) for name, value in metrics.items() if _counts(name, value)]
    return bool(numbers) and sum(numbers) / len(numbers) >= threshold


def _counts(name: str, value: Any) -> bool:
    return name != "error" and isinstance(value, int | float)


def _result(given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    if isinstance(given, dict):
        return given, {}
    metrics, artifacts = getattr(given, "metrics", None), getattr(given, "artifacts", None)
    if not isinstance(metrics, dict):
        raise TypeError(f"an evaluator gives a dictionary of metrics; this one gave {type(given).__name__}")
    return metrics, artifacts if isinstance(artifacts, dict) else {}


def _evaluator(name: str) -> types.ModuleType:
    folder = os.path.join(os.getcwd(), TASK)
    sys.path.insert(0, folder)
    return _module("evaluation_module", os.path.join(folder, name))


def _module(name: str, path: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{os.path.basename(path)} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _program_file(name: str) -> str:
    """The candidate under a name of its own, as OpenEvolve hands it over."""
    with open(name, "rb") as source, tempfile.NamedTemporaryFile(suffix=os.path.splitext(name)[1], delete=False) as copy:
        copy.write(source.read())
    return copy.name


def _settle(settings: dict[str, Any]) -> None:
    """What an evaluator expects of the place that it runs in."""
    os.makedirs("rsi_tmp", exist_ok=True)
    tempfile.tempdir = os.environ["TMPDIR"] = os.path.join(os.getcwd(), "rsi_tmp")
    if settings["threads"] is False:
        vars(concurrent.futures)["ThreadPoolExecutor"] = Inline
    if settings["result_type"]:
        package, module = types.ModuleType("openevolve"), types.ModuleType("openevolve.evaluation_result")
        vars(module)["EvaluationResult"] = EvaluationResult
        vars(package)["evaluation_result"] = module
        sys.modules.update({"openevolve": package, "openevolve.evaluation_result": module})


def _sow(seed: int) -> None:
    random.seed(seed)
    for name in ("numpy", "torch"):
        found = sys.modules.get(name)
        if found is not None and name == "numpy":
            found.random.seed(seed)
        elif found is not None:
            found.manual_seed(seed)


@dataclass
class EvaluationResult:
    """Metrics, and texts for whoever improves; stands in for OpenEvolve's own where that is not installed."""

    metrics: dict[str, float]
    artifacts: dict[str, str | bytes] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, metrics: dict[str, float]) -> "EvaluationResult":
        """Metrics alone."""
        return cls(metrics=metrics)

    def to_dict(self) -> dict[str, float]:
        """The metrics."""
        return self.metrics


class Inline:
    """A pool of threads that has none: what it is given is done before `submit` returns. Time limits are the jail's."""

    def __init__(self, *_: object, **__: object) -> None:
        """Nothing is started."""

    def __enter__(self) -> "Inline":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> "concurrent.futures.Future[Any]":
        """Do it now."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(function(*given, **named))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asks for the result
            future.set_exception(error)
        return future

    def map(self, function: Callable[..., Any], *given: Iterable[Any], **_: object) -> Iterator[Any]:
        """Do one after the other."""
        return map(function, *given)

    def shutdown(self, *_: object, **__: object) -> None:
        """Nothing is under way."""


def _feedback(metrics: dict[str, Any], said: dict[str, Any]) -> str:
    lines = [f"{name} = {value}" for name, value in metrics.items()]
    lines += [f"{name}: {value.decode('utf-8', 'replace') if isinstance(value, bytes) else value}" for name, value in said.items()]
    return "\n".join(lines)[:_TOLD]


def _last_place(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)[-3:])[-_TOLD:]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value if not isinstance(value, str) else value[:200]
    return _finite(float(value)) if isinstance(value, float) else str(value)[:200]
