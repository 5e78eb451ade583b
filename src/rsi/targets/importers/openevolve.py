"""A target from an OpenEvolve task as it is: a program with EVOLVE-BLOCKs, `evaluator.py`, and perhaps `config.yaml`.

The evaluator imports what it evaluates, so both run together in a jail, in a fresh process for each trial. A case is a seed.

Covers: the blocks (nothing else of the program may be edited), cascades and thresholds, `feature_dimensions`, `file_suffix`, time limits
and the task's own words for its model, as `config.yaml` has them; packages that are imported; evaluators that start processes (they need
S3).
Does not cover: what lies outside the folder, networks, language-model feedback; a candidate that rewrites its own score (see `lost`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.kernel.oversight import blocks_of
from rsi.targets.importers.reading import Code, code_of, folder_files, guest_file, put_under, slug, spec_of
from rsi.targets.load import Target, target_of
from rsi.targets.spec import ShippedScore

try:
    import yaml  # type: ignore[import-untyped]  # it has no types of its own
except ImportError:  # an extra: only tasks with a config.yaml need it
    yaml = None

__all__ = ["from_openevolve"]

_EVALUATOR, _CONFIG, _SHIM, _TASK = "evaluator.py", "config.yaml", "rsi_openevolve", "rsi_task"
_MARKER = b"EVOLVE-BLOCK-START"
_THRESHOLDS = [0.5, 0.75, 0.9]
_FEATURES = ["complexity", "diversity"]
_TIMEOUT_S = 300.0
_PROCESSES = 64
_STARTERS = {"subprocess", "multiprocessing", "threading"}
_STARTING = {"ProcessPoolExecutor", "Popen", "create_subprocess_exec", "create_subprocess_shell", "fork", "system", "popen"}
_LOST = (
    "The evaluator imports the candidate: both run in one process of a jail, so a candidate can read what the evaluator knows and write "
    "its own score. A gain is what the evaluator reported; read the change before you believe it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    folder: Path
    files: Files
    program: str
    evaluator: str
    config: Mapping[str, Any]

    def section(self, name: str) -> Mapping[str, Any]:
        """Of the configuration."""
        found = self.config.get(name)
        return found if isinstance(found, dict) else {}


def from_openevolve(name: str) -> Target:
    """The target of a folder, or of `PROGRAM,EVALUATOR` where they are not called as OpenEvolve's examples call them.

    Raises:
        UserError: there is no such task, or something is wrong with it; names the file and the next step.
    """
    task = _found(name)
    code = code_of(task.files, [task.program, task.evaluator])
    starts_processes = bool(_STARTERS & {module.split(".")[0] for module in code.imported}) or bool(_STARTING & code.words)
    spec = spec_of(_base(task, code, starts_processes), task.folder)
    settings = _settings(task, code, starts_threads=spec.jail.processes > 0)
    given = {**spec.score.model_dump(), "function": "rsi_given.py:score"}
    spec = spec.model_copy(update={"score": ShippedScore(**given)})
    tree = {
        task.program: task.files[task.program],
        f"{_SHIM}.py": guest_file(f"{_SHIM}.py"),
        f"{_SHIM}.json": json.dumps(settings, sort_keys=True).encode(),
        **put_under(_TASK, task.files),
    }
    return target_of(task.folder, spec, tree, {}, f"{task.folder}: ", _LOST)


def _found(name: str) -> _Task:
    program, comma, evaluator = name.partition(",")
    folder = Path(evaluator).parent if comma else Path(name)
    files = folder_files(folder)
    if comma:
        files = {**files, Path(program).name: _read(Path(program))}
    wanted = Path(evaluator).name if comma else _EVALUATOR
    if wanted not in files:
        raise UserError(f"{folder} has no {wanted}; name a folder with an OpenEvolve task, or 'oe:PROGRAM,EVALUATOR'")
    if b"def evaluate" not in files[wanted]:
        raise UserError(f"{folder / wanted} has no function evaluate(program_path)")
    config = _config(files.get(_CONFIG), folder / _CONFIG)
    suffix = str(config.get("file_suffix") or ".py")
    chosen = Path(program).name if comma else _program(files, wanted, suffix, folder)
    return _Task(folder=folder, files=files, program=chosen, evaluator=wanted, config=config)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def _config(raw: bytes | None, path: Path) -> Mapping[str, Any]:
    if raw is None:
        return {}
    if yaml is None:
        raise UserError(f"{path} cannot be read without PyYAML; install it with: pip install 'rsi[openevolve]'")
    try:
        data = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {str(error).splitlines()[0]}") from None
    return data if isinstance(data, dict) else {}


def _program(files: Files, evaluator: str, suffix: str, folder: Path) -> str:
    """The one file that is evolved."""
    beside = [name for name in files if "/" not in name and name not in (evaluator, _CONFIG)]
    initial = [name for name in beside if name.startswith("initial_program")]
    marked = [name for name in beside if _MARKER in files[name]]
    for some in ([name for name in initial if name in marked], marked, [name for name in initial if name.endswith(suffix)]):
        if len(some) == 1:
            return some[0]
        if some:
            raise UserError(f"{folder}: {', '.join(some)} could all be the program; say which: 'oe:{some[0]},{folder / evaluator}'")
    raise UserError(
        f"{folder}: no file has an EVOLVE-BLOCK, and none is called initial_program{suffix}; name it: 'oe:PROGRAM,{folder / evaluator}'"
    )


def _base(task: _Task, code: Code, starts_processes: bool) -> dict[str, Any]:
    text = task.files[task.program].decode("utf-8", "replace")
    has_blocks = bool(blocks_of(text))
    if _MARKER in task.files[task.program] and not has_blocks:
        raise UserError(f"{task.folder / task.program}: its EVOLVE-BLOCK markers are nested, or one lacks its other half; repair them")
    timeout = task.section("evaluator").get("timeout", _TIMEOUT_S)
    return {
        "name": slug(task.folder.resolve().name),
        "kind": "program",
        "brief": _brief(task, has_blocks),
        "surfaces": {"prompt" if task.program.endswith((".txt", ".md")) else "code": [task.program]},
        "protect": {"files": [f"{_SHIM}.*", f"{_TASK}/**"], "blocks": [task.program] if has_blocks else []},
        "case": {"function": f"{_SHIM}:evaluate", "timeout_s": float(timeout), "isolated": True, "output": "object"},
        "score": {"function": "rsi_given.py:score", "metric": "combined_score"},
        "cases": {"generator": "rsi_given.py:cases"},
        "jail": {"preload": _packages(code), "processes": _PROCESSES if starts_processes else 0},
    }


def _packages(code: Code) -> list[str]:
    own = {module for module in code.imported if module.split(".")[0] == "openevolve"}
    is_small = own <= {"openevolve.evaluation_result"}
    return [name for name in code.packages if name != "openevolve" or not is_small]


def _settings(task: _Task, code: Code, *, starts_threads: bool) -> dict[str, Any]:
    evaluator = task.section("evaluator")
    features = task.section("database").get("feature_dimensions", _FEATURES)
    return {
        "program": task.program,
        "evaluator": task.evaluator,
        "cascade": bool(evaluator.get("cascade_evaluation", True)),
        "thresholds": [float(value) for value in evaluator.get("cascade_thresholds") or _THRESHOLDS],
        "features": [str(value) for value in features] if isinstance(features, list) else [],
        "threads": starts_threads,
        "result_type": "openevolve.evaluation_result" in code.imported and "openevolve" not in _packages(code),
    }


def _brief(task: _Task, has_blocks: bool) -> str:
    said = task.section("prompt").get("system_message")
    own = str(said).strip() if said and said != "system_message" else f"The program {task.program} is scored by {_TASK}/{task.evaluator}."
    where = f"Only what stands between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END in {task.program} may be changed." if has_blocks else ""
    return f"{own[:3_700]}\n\n{where} A higher combined_score is better.".strip()
