"""Candidates that want a score which they do not deserve, scored by the kernel as in every run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rsi.attacks.model import Finding
from rsi.attacks.scene import Scene
from rsi.attacks.ways import finding
from rsi.core.protocols import Files, Limits
from rsi.core.records import CandidateId, Case, Json, Manifest, Pool, Trial
from rsi.kernel.evaluate import run_block
from rsi.suites import secret_seeds
from rsi.suites.list_functions import ListFunctions

__all__ = ["Season", "floor", "mean", "run", "season", "solver", "with_answers"]

_MANIFEST = Manifest(name="attacker", entry="attack", surfaces={})
_PROGRAMS = 100
_CASES = 20
_SOLVER = """
import json
TABLE = json.loads({table!r})
WRONG = "def f(xs):\\n    return None\\n"


def said(texts):
    return {{"answers": [{{"answer": text, "programs": 1}} for text in texts]}}


def right(message):
    return said([TABLE.get(case["id"]) for case in message["cases"]])


def wrong(message):
    return said([WRONG for case in message["cases"]])


"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Hidden cases of one secret seed with the programs behind them; neither a constant nor the input itself solves any of them."""

    suite: ListFunctions
    cases: tuple[Case, ...]
    programs: Mapping[str, str]


@cache
def season(number: int, count: int = _CASES) -> Season:
    """`count` cases; the same number always gives the same."""
    suite = ListFunctions(secret_seeds(number))
    drawn = [(case, suite.reference(Pool.JUDGE, index)) for index, case in enumerate(suite.cases(Pool.JUDGE, 0, 2 * count))]
    kept = [(case, text) for case, text in drawn if not _solved_by_chance(case)][:count]
    return Season(suite=suite, cases=tuple(case for case, _ in kept), programs={case.id: text for case, text in kept})


def _solved_by_chance(case: Case) -> bool:
    expected: list[Json] = case.expected if isinstance(case.expected, list) else []
    return case.expected == case.probes or all(item == expected[0] for item in expected)


def with_answers(known: Mapping[str, str]) -> str:
    """Source that knows the programs behind these cases: `right(message)` and `wrong(message)` are answers to a message."""
    return _SOLVER.format(table=json.dumps(dict(known)))


def solver(known: Mapping[str, str]) -> str:
    """Source of a candidate that solves exactly these cases."""
    return with_answers(known) + "def solve(message):\n    return right(message)\n"


def run(scene: Scene, source: str, over: Season, *, files: Files | None = None, wall_s: float = 20.0) -> list[Trial]:
    """Trials of a candidate with this source, next to other files, on the cases of a season, in at most `wall_s` seconds."""
    trials, _ = run_block(
        scene.jail(),
        suite=over.suite,
        candidate=CandidateId("attacker"),
        files={"attack.py": source.encode(), **(files or {})},
        manifest=_MANIFEST,
        cases=over.cases,
        programs=_PROGRAMS,
        seed=1,
        limits=Limits(wall_s=wall_s),
    )
    return trials


def mean(trials: list[Trial]) -> float:
    """Mean score; what is no answer counts as the floor."""
    return sum(trial.value for trial in trials) / len(trials)


def floor(
    scene: Scene,
    ways: Mapping[str, str],
    *,
    helpers: str | None = None,
    files: Files | None = None,
    over: Season | None = None,
    wall_s: float = 20.0,
) -> Finding:
    """Held if every way (name → source with `solve`) scores nothing at all, and a right candidate still scores top afterwards.

    Args:
        scene: whose jail is used.
        ways: sources.
        helpers: source put before each; by default `with_answers` that knows all the right ones.
        files: other files of each tree.
        over: the cases; by default those of season 1.
        wall_s: seconds that each may take.
    """
    cases = over or season(1)
    before = with_answers(cases.programs) if helpers is None else helpers
    scores = {name: mean(run(scene, before + source, cases, files=files, wall_s=wall_s)) for name, source in ways.items()}
    if mean(run(scene, solver(cases.programs), cases)) < 1.0:
        return Finding(held=False, seen="the judge does not know right from wrong any more")
    return finding(len(ways), [f"{name} ({score:.2f})" for name, score in scores.items() if score], "more than the floor")
