"""Runs the train.py of an autoresearch folder as a script and reads the val_bpb that it prints. Guest side: part of the tree.

A script that fixes its own seed would give the same run for every case: what train.py (and nothing else) passes to a function that seeds is
mixed with the seed of the case.

Covers: scripts that end with `sys.exit(0)`, print nothing of the kind, print several values (the last one counts), or keep it in a variable
`val_bpb`. Does not cover: a script that prints what it did not measure.
"""

import contextlib
import io
import math
import os
import random
import re
import runpy
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["train", "val_bpb"]

_SCRIPT = "train.py"
_TOLD = 1_500
_LINE = re.compile(r"^\s*val_bpb\s*[:=]\s*([-+0-9.eE]+|nan|inf)\s*$", re.MULTILINE)


def train(case: dict[str, Any]) -> dict[str, Any]:
    """The val_bpb of one training run (lower is better), and the end of what it printed."""
    seed = int(case["seed"])
    _sow(seed)
    os.environ["RSI_SEED"] = str(seed)
    sys.argv = [_SCRIPT]
    printed = _Tee(sys.stdout)
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(printed):
        try:
            names = runpy.run_path(_SCRIPT, run_name="__main__")
        except SystemExit as end:
            if end.code not in (None, 0):
                raise RuntimeError(f"{_SCRIPT} ended with {end.code!r}") from None
    text = printed.getvalue()
    value = val_bpb(text, names)
    if value is None:
        return {"score": None, "error": f"{_SCRIPT} printed no line 'val_bpb: NUMBER'", "feedback": text[-_TOLD:]}
    return {"score": value, "feedback": text[-_TOLD:]}


def val_bpb(text: str, names: dict[str, Any]) -> float | None:
    """What was printed last, or is in a variable of that name; None where it is no finite number."""
    found = _LINE.findall(text)
    given: Any = found[-1] if found else names.get("val_bpb")
    try:
        value = float(given)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


class _Tee(io.StringIO):
    """Keeps what is printed, and passes it on."""

    def __init__(self, out: Any) -> None:
        super().__init__()
        self.out = out

    def write(self, text: str) -> int:
        self.out.write(text)
        return super().write(text)

    def flush(self) -> None:
        self.out.flush()


def _sow(seed: int) -> None:
    """Seed what is there, and mix the case's seed into those that the script fixes itself."""
    random.seed(seed)
    vars(random)["seed"] = _mixed(random.seed, seed)
    vars(random)["Random"] = _varied(seed)
    numpy: Any = sys.modules.get("numpy")
    torch: Any = sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed(seed)
        numpy.random.seed = _mixed(numpy.random.seed, seed)
        numpy.random.default_rng = _mixed(numpy.random.default_rng, seed)
    if torch is not None:
        torch.manual_seed(seed)
        torch.manual_seed = _mixed(torch.manual_seed, seed)


def _mixed(function: Callable[..., Any], seed: int) -> Callable[..., Any]:
    def seeded(given: Any = None, *rest: Any, **named: Any) -> Any:
        return function(_mix(given, seed) if _asked_by_script() else given, *rest, **named)

    return seeded


def _varied(seed: int) -> type:
    class Varied(random.Random):
        """A generator whose seed is mixed with that of the case, if the script makes it."""

        def __init__(self, given: Any = None) -> None:
            super().__init__(_mix(given, seed) if _asked_by_script() else given)

    return Varied


def _asked_by_script() -> bool:
    return bool(sys._getframe(2).f_globals.get("__name__") == "__main__")


def _mix(given: Any, seed: int) -> Any:
    return (given * 1_000_003 + seed) % (1 << 31) if type(given) is int else given
