"""A target from an evaluator that was written for GEPA (`gepa.optimize_anything`): texts are files, examples are cases.

`module:function` names an evaluator whose module has `seed_candidate`, and `dataset`, `valset`, `objective`, `background` as far as
there are any; or a function without arguments that calls `optimize_anything`: then all of it is taken from that call.

Covers: texts as one string or as a dictionary, runs with and without examples, side info and `oa.log` as feedback; where the evaluator
runs: in the process that scores if nothing in it executes text, else in a jail together with the candidate (see `lost`).
Does not cover: code that executes a candidate in ways that its text does not show (a helper that is installed elsewhere); batch evaluators,
adapters, runs without a seed candidate.
"""

import ast
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import Json
from rsi.core.syntax import syntax
from rsi.kernel.oversight import path_problem
from rsi.targets.importers.describing import describe
from rsi.targets.importers.reading import Code, code_of, folder_files, guest_file, put_under, slug, spec_of
from rsi.targets.load import Target, target_of
from rsi.targets.spec import GivenCases, ShippedScore, TargetSpec

__all__ = ["from_gepa"]

_GUEST, _TEXTS, _TASK = "rsi_gepa", "rsi_texts", "rsi_task"
_EXECUTING = {"exec", "eval", "compile", "__import__", "import_module", "exec_module", "spec_from_file_location", "run_path", "run_module"}
_EXECUTING |= {"execute_code", "Popen", "system", "popen", "check_output", "create_subprocess_exec", "create_subprocess_shell"}
_EXECUTORS = {"subprocess", "runpy", "pickle", "cloudpickle", "dill", "marshal", "code", "multiprocessing", "gepa.utils.code_execution"}
_MODELS = {"openai", "anthropic", "litellm", "dspy", "httpx", "requests", "aiohttp", "google", "urllib"}
_HELD_OUT = 40
_CASE_S, _SCORE_S = 60.0, 300.0
_LOST_JAIL = (
    "The evaluator executes the candidate: both run in one process of a jail, so a candidate can read the examples that lie there and "
    "write its own score. A gain is what the evaluator reported; read the change before you believe it.",
)
_LOST_MODELS = "The evaluator calls models or a network by itself: rsi neither bounds, records nor replays those calls."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A task as its own process describes it."""

    name: str
    folder: Path
    module: str
    function: str
    start: dict[str, str]
    shown: list[str]
    train: int
    brief: str
    files: Files
    code: Code

    @property
    def own(self) -> str:
        """The module's file."""
        return f"{self.module.replace('.', '/')}.py"

    @property
    def executes(self) -> bool:
        """Whether anything in the evaluator's text executes what is not yet known."""
        modules = {name for name in self.code.imported if name in _EXECUTORS or name.split(".")[0] in _EXECUTORS}
        return bool(modules) or bool(_EXECUTING & self.code.words)

    @property
    def paths(self) -> dict[str, str]:
        """Where each text lies in the target's tree."""
        return {key: f"{key}.{'py' if _is_program(text) else 'txt'}" for key, text in self.start.items()}


def from_gepa(name: str) -> Target:
    """The target of `module:function`, of `path/to/module.py:function`, or of a module that calls `optimize_anything` when it is loaded.

    Raises:
        UserError: there is no such evaluator, or something is wrong with it; says what.
    """
    found = _found(name)
    spec = spec_of(_base(found), found.folder)
    spec = spec.model_copy(update={"score": _score(found, spec), "cases": _cases(found, spec)})
    tree = {found.paths[key]: text.encode() for key, text in found.start.items()}
    if found.executes:
        settings = {"folder": _TASK, "module": found.module, "function": found.function, "texts": found.paths}
        tree |= {
            f"{_GUEST}.py": guest_file(f"{_GUEST}.py"),
            f"{_GUEST}.json": _json(settings),
            **put_under(_TASK, _beside(found.folder, found.own)),
        }
    else:
        tree |= {f"{_TEXTS}.py": guest_file(f"{_TEXTS}.py"), f"{_TEXTS}.json": _json(found.paths)}
    private = {} if found.executes else {path: found.files[path] for path in found.code.files}
    return target_of(found.folder, spec, tree, private, f"{name}: ", _lost(found))


def _json(data: object) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False).encode()


def _found(name: str) -> _Found:
    module, _, function = name.partition(":")
    path = Path(module)
    folder = path.parent if module.endswith(".py") else Path.cwd()
    module = path.stem if module.endswith(".py") else module
    own = f"{module.replace('.', '/')}.py"
    if not all(part.isidentifier() for part in module.split(".")):
        raise UserError(f"gepa:{name}: {module!r} is no module; write gepa:MODULE:FUNCTION or gepa:PATH.py:FUNCTION")
    if not (folder / own).is_file():
        raise UserError(f"gepa:{name}: there is no file {folder / own}; start rsi where the module lies, or write gepa:PATH.py:FUNCTION")
    settings = {"folder": str(folder.resolve()), "module": module, "function": function}
    files = _beside(folder, own, ".py")
    said = describe(f"{_GUEST}.py", settings, files, f"gepa:{name}")
    start = _texts(said["start"])
    problem = next((f"the text {key!r} cannot be the name of a file" for key in start if path_problem(f"{key}.txt") or "/" in key), None)
    if problem is not None:
        raise UserError(f"gepa:{name}: {problem}")
    code = code_of(files, [own])
    return _Found(
        name=slug(f"{module}-{function}" if function else module),
        folder=folder,
        module=module,
        function=function,
        start=start,
        shown=[str(text) for text in _list(said["shown"])],
        train=int(str(said["train"])),
        brief="\n\n".join(text for text in (str(said["objective"]), str(said["background"])) if text.strip()),
        files=files,
        code=code,
    )


def _beside(folder: Path, own: str, *only: str) -> dict[str, bytes]:
    """The module and the files of its own folder, which in a package is not the one that is on the path."""
    here = folder_files((folder / own).parent, only)
    prefix = "" if "/" not in own else own.rpartition("/")[0]
    return put_under(prefix, here) if prefix else here


def _base(found: _Found) -> dict[str, Any]:
    paths = found.paths.values()
    surfaces = {"prompt": [path for path in paths if path.endswith(".txt")], "code": [path for path in paths if path.endswith(".py")]}
    guest = f"{_GUEST}:evaluate" if found.executes else f"{_TEXTS}:texts"
    packages = list(found.code.packages) if found.executes else []
    return {
        "name": found.name,
        "kind": "prompt" if surfaces["prompt"] else "program",
        "brief": (found.brief or "Each text is scored by an evaluator; higher is better.")[:4_000],
        "surfaces": {surface: globs for surface, globs in surfaces.items() if globs},
        "protect": {"files": [f"{_GUEST}.*", f"{_TASK}/**"] if found.executes else [f"{_TEXTS}.*"]},
        "case": {"function": guest, "timeout_s": _CASE_S, "isolated": found.executes, "output": "object"},
        "score": {"function": "rsi_given.py:score", "timeout_s": _SCORE_S},
        "cases": {"generator": "rsi_given.py:cases"},
        "jail": {"preload": packages},
    }


def _score(found: _Found, spec: TargetSpec) -> ShippedScore:
    given = spec.score.model_dump()
    if found.executes:
        return ShippedScore(**given)
    settings = {"folder": str(found.folder.resolve()), "module": found.module, "function": found.function}
    return ShippedScore(**{**given, "function": f"{_GUEST}.py:score", "settings": json.dumps(settings)})


def _cases(found: _Found, spec: TargetSpec) -> GivenCases:
    """The examples, each once; seeds where there are none. Held-out examples are kept from practice, if there are enough of them."""
    given = spec.cases.model_dump()
    rows: list[str] = []
    seen: set[str] = set()
    held = len(found.shown) - found.train
    for index, text in enumerate(found.shown):
        if text and text in seen:
            continue
        seen.add(text)
        row: dict[str, Json] = {"id": f"example {index}", "example": index, "input": text}
        if found.train and held >= _HELD_OUT:
            row["pool"] = "practice" if index < found.train else "sealed" if index % 3 == 0 else "judge"
        rows.append(json.dumps(row, ensure_ascii=False))
    return GivenCases(**{**given, "rows": tuple(rows)})


def _lost(found: _Found) -> tuple[str, ...]:
    calls = {name.split(".")[0] for name in found.code.imported} & _MODELS
    return (*(_LOST_JAIL if found.executes else ()), *((_LOST_MODELS,) if calls and not found.executes else ()))


def _is_program(text: str) -> bool:
    """Whether a text is Python that does more than stand there: prose that happens to parse is none."""
    try:
        body = syntax(text).body
    except (SyntaxError, ValueError):
        return False
    return any(not isinstance(node, ast.Expr) for node in body)


def _texts(data: Json) -> dict[str, str]:
    return {key: str(value) for key, value in data.items()} if isinstance(data, dict) else {}


def _list(data: Json) -> Iterable[Json]:
    return data if isinstance(data, list) else []
