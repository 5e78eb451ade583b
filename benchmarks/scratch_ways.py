"""Ways of learning for `benchmarks.scratch`: versions of an agent without what they have learned, and a few changes of version 0 by name.

What is *learned* is the content of a few files (solutions, functions mined from them, the edit policy); all else is the *way*: how it
searches, trains, dreams, mines and names. A stripped version has its own way and version 0's content: it knows as little as that does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rsi.cli.versions import SHIPPED, find_solver
from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.loop.agents import load_agent

__all__ = ["LEARNED", "NAMED", "Swap", "Way", "find_way", "strip", "swapped"]

LEARNED = ("corpus.json", "library.py", "tricks.py", "weights.json")
"""The files of the seed agent that hold what it has learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A text of one file and what stands there instead; the text occurs exactly once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way of learning: an agent's tree that has learned nothing yet.

    Attributes:
        name: what a person calls it; as in the table.
    """

    name: str
    files: Files


_LIFT = "return math.log2((with_feature + strength * share) / ((seen_feature + strength) * share))"
_LEVEL = '''counts."""
    return 1.0'''


def _formula(old: str, new: str) -> Swap:
    return Swap(path="learning.py", old=old, new=new)


_HAND = (
    _formula("return repeats", "return 1.0"),
    _formula("strength = 1000.0", "strength = 20.0"),
    Swap(path="abstraction.py", old="return programs // 60", new="return programs // 20"),
)
_HAND_ALL = (
    *_HAND,
    _formula("strength = 30.0", "strength = 10.0"),
    _formula("mixture = 0.05", "mixture = 0.3"),
    _formula("return 400", "return 1200"),
    _formula("COST_SCALE = 1.0", "COST_SCALE = 2.0"),
    _formula("HIGHEST_COST = 60", "HIGHEST_COST = 120"),
)

NAMED: Mapping[str, Sequence[Swap]] = {
    "hand": _HAND,
    "hand-all": _HAND_ALL,
    "replayed": (
        _formula("return repeats", "return repeats ** 0.5"),
        _formula(_LEVEL, _LEVEL.replace("1.0", "(1.0 * size) ** 2")),
        _formula("round(-math.log2(probability) * COST_SCALE)", "round(-math.log2(probability) * COST_SCALE + 0.1 * probability)"),
        _formula("strength = 30.0", "strength = (30.0 * share) ** 0.5"),
        _formula(_LIFT, "return math.log2((with_feature + strength * share) / (seen_feature * share))"),
        _formula("return mixture * total_lift", "return mixture * total_lift + 0.1 * total_lift"),
    ),
    "kept-1": (
        _formula(_LEVEL, _LEVEL + " + size"),
        _formula("strength = 1000.0", "strength = 500.0"),
        _formula(_LIFT, "return math.log2((((with_feature + strength * share) / ((seen_feature + strength) * share)) ** 2) ** 2)"),
        Swap(
            path="features.py", old="if all(_is_subsequence(o, i) for i, o in pairs)", new="if all(_is_subsequence(i, o) for i, o in pairs)"
        ),
    ),
    "kept-3": (
        _formula(_LEVEL, _LEVEL + " + 0.1 * size"),
        _formula(_LIFT, "return math.log2(((((with_feature + strength * share) / ((seen_feature + strength) * share)) ** 2) ** 2) ** 2)"),
        Swap(path="dreams.py", old="2.0 ** (-row[name] / scale)", new="2.0 ** (1 / scale)"),
    ),
    "kept-4": (
        _formula(_LEVEL, _LEVEL + " * size"),
        _formula("(total + choices)", "(total + total)"),
        _formula(_LIFT, "return math.log2((with_feature + strength * share) / (strength * share))"),
        _formula("return mixture * total_lift", "return (mixture * total_lift) ** 2"),
    ),
    "kept-5": (
        _formula("return 0.0", "return 1.0"),
        _formula("strength = 1000.0", "strength = 1.0"),
        _formula("return 0.5", "return 0.5 * solutions"),
    ),
}
"""Ways by name, as changes of version 0.

`hand` is tuned by hand as one would at first: parent context in the costs, each program counted once, more functions mined. `hand-all`
is tuned by hand in its recogniser and the grain of its costs too. `replayed` is what version 0's own edit engine found when it was asked
four times in a row to rehearse edits on what it had learned at seed 101; nobody judged it. `kept-S` is all that the default run of seed S
kept of changes to its way of learning (docs/accepted-changes.md).
"""


def find_way(text: str) -> Way:
    """The way of learning that a person means: a name of `NAMED`, or a version as for `rsi solve`, stripped of what it learned.

    Raises:
        UserError: there is no such version, or a named change no longer fits the shipped agent.
    """
    start = load_agent(SHIPPED)
    if text in NAMED:
        return Way(name=text, files=swapped(start, NAMED[text]))
    return Way(name=text, files=strip(find_solver(text).files, start))


def strip(files: Files, start: Files) -> Files:
    """A version with what it learned put back to version 0's; where either has no such file, the other's is left as it is."""
    return {path: start[path] if path in LEARNED and path in start else content for path, content in files.items()}


def swapped(files: Files, swaps: Sequence[Swap]) -> Files:
    """A tree after some swaps.

    Raises:
        UserError: a text does not occur exactly once.
    """
    made = dict(files)
    for swap in swaps:
        text = made[swap.path].decode("utf-8")
        if text.count(swap.old) != 1:
            raise UserError(f"{swap.path}: {swap.old!r} occurs {text.count(swap.old)} times, once is needed; the agent has changed since")
        made[swap.path] = text.replace(swap.old, swap.new).encode("utf-8")
    return made
