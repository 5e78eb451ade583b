"""A target from an autoresearch folder as it is: `prepare.py` is fixed, `train.py` is edited, a lower `val_bpb` is better.

Each trial is one training run in a fresh process of a jail, with the seed of its case.

Covers: what is protected and hashed, the time that `prepare.py` allots (`TIME_BUDGET`), a range of scores around the first val_bpb of a
`results.tsv`, packages that are imported.
Does not cover: graphics processors (no jail has one), data outside the folder, networks; a train.py that prints what it did not measure
(see `lost`).
"""

import ast
import math
from pathlib import Path
from typing import Any

from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.syntax import syntax
from rsi.targets.importers.reading import code_of, folder_files, guest_file, slug, spec_of
from rsi.targets.load import Target, target_of
from rsi.targets.spec import ShippedScore

__all__ = ["baseline", "from_autoresearch"]

_TRAIN, _PREPARE, _RESULTS, _SHIM = "train.py", "prepare.py", "results.tsv", "rsi_autoresearch"
_TIMEOUT_S, _SPARE_S = 600.0, 60.0
_MOST_BITS = 8.0
"""Bits for each byte of who knows nothing."""
_AROUND = 0.15
_LOST = (
    "train.py computes and prints its own val_bpb: a candidate can print a number that it did not measure, and prepare.py, which runs in "
    "the same process, cannot keep it from that. A gain is what train.py printed; read the change before you believe it.",
)


def from_autoresearch(name: str) -> Target:
    """The target of a folder.

    Raises:
        UserError: there is no such folder, or something is wrong with it; names the file and the next step.
    """
    folder = Path(name)
    files = folder_files(folder)
    for wanted in (_TRAIN, _PREPARE):
        if wanted not in files:
            raise UserError(
                f"{folder} has no {wanted}; an autoresearch folder has a {_PREPARE}, which is fixed, and a {_TRAIN}, which is edited"
            )
    code = code_of(files, [_TRAIN, _PREPARE])
    spec = spec_of(_base(folder, files, code.packages), folder)
    given = {**spec.score.model_dump(), "function": "rsi_given.py:score"}
    spec = spec.model_copy(update={"score": ShippedScore(**given)})
    tree = {**files, f"{_SHIM}.py": guest_file(f"{_SHIM}.py")}
    return target_of(folder, spec, tree, {}, f"{folder}: ", _LOST)


def _base(folder: Path, files: Files, packages: tuple[str, ...]) -> dict[str, Any]:
    low, high = _range(folder / _RESULTS)
    return {
        "name": slug(folder.resolve().name),
        "kind": "training",
        "brief": (
            f"{_TRAIN} trains a model and prints `val_bpb: NUMBER`; lower is better. Everything in {_TRAIN} may be changed; {_PREPARE} "
            "(data, time budget, metric) is fixed. A run that crashes, prints no val_bpb or takes too long has no score. A fixed seed in "
            f"{_TRAIN} is mixed with the seed of the case, so do not tune it."
        ),
        "surfaces": {"code": [_TRAIN], "training": [_TRAIN]},
        "protect": {"files": [f"{_SHIM}.py", *(name for name in files if name != _TRAIN)]},
        "case": {"function": f"{_SHIM}:train", "timeout_s": _timeout(files[_PREPARE]), "isolated": True, "output": "object"},
        "score": {"function": "rsi_given.py:score", "metric": "val_bpb", "direction": "min", "low": low, "high": high},
        "cases": {"generator": "rsi_given.py:cases"},
        "jail": {"preload": list(packages)},
    }


def _timeout(prepare: bytes) -> float:
    """Twice the time that a run is meant to take, and some more for its start."""
    try:
        tree = syntax(prepare)
    except (SyntaxError, ValueError):
        return _TIMEOUT_S
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float):
            if any(isinstance(target, ast.Name) and target.id == "TIME_BUDGET" for target in node.targets) and node.value.value > 0:
                return 2.0 * node.value.value + _SPARE_S
    return _TIMEOUT_S


def _range(path: Path) -> tuple[float, float]:
    """Where scores may lie: around what was measured before, if that is known; the narrower, the smaller the changes that can be seen."""
    try:
        known = baseline(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        known = None
    return (0.0, _MOST_BITS) if known is None else (round((1 - _AROUND) * known, 6), round((1 + _AROUND) * known, 6))


def baseline(table: str) -> float | None:
    """The first val_bpb of a `results.tsv` that was measured at all (a crash is entered as 0)."""
    lines = [line.split("\t") for line in table.splitlines() if line.strip()]
    if not lines or "val_bpb" not in lines[0]:
        return None
    column = lines[0].index("val_bpb")
    for line in lines[1:]:
        try:
            value = float(line[column])
        except (ValueError, IndexError):
            continue
        if math.isfinite(value) and value > 0:
            return value
    return None
