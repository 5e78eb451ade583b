"""`rsi bench judge`: the same simulated worlds for our judge and for the rules that loops use today."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rsi.bench import ours, rules
from rsi.bench.arena import Arena, Verdicts
from rsi.bench.worlds import BUDGET, WORLDS, World

__all__ = ["RULES", "Goal", "Result", "Summary", "goals", "play", "summarise", "table"]

RULES: Mapping[str, Callable[[Arena, int], Verdicts]] = {
    "ours": ours.auto,
    "ours-fast": ours.race_fast,
    "ours-race": ours.race,
    "ours-tree": ours.tree,
    "keep-if-higher": rules.keep_if_higher,
    "dgm": rules.dgm,
    "hgm": rules.hgm,
    "gepa": rules.gepa,
    "mcnemar": rules.mcnemar,
    "e-process": rules.e_process,
}
"""All rules by name. `ours` is what `rsi run` uses: the race, or the tree where too many pairs of edits conflict; but of a tree `rsi run`
keeps only what e-BH certifies, here what is better with P ≥ ½."""

_SEEDS = 1_000_000
_COLUMNS = "  {:<15} {:>13} {:>8} {:>13} {:>6} {:>13} {:>10} {:>6}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One rule in one drawing of a world; gains are in score.

    Attributes:
        replicate: number of the drawing, the same for all rules.
        true: gain of what was kept, on cases that no rule can draw.
        claimed: gain that the rule reports.
        kept: edits that were kept.
        better: those of them that are truly better.
        bound: lower bound of the certificate, None where there is none.
    """

    world: str
    rule: str
    replicate: int
    true: float
    claimed: float
    kept: int
    better: int
    bound: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One rule in all drawings of a world: means, and shares of all that was kept or certified.

    Attributes:
        error: standard error of `true`.
        better: share of all kept edits that are truly better; None if nothing was kept.
        keepers: share of the runs that kept anything.
        certified: share of the runs with a certified gain (lower bound above 0).
        holding: share of the certificates whose bound is not above the truth; None without certificates.
    """

    world: str
    rule: str
    runs: int
    true: float
    error: float
    claimed: float
    kept: float
    better: float | None
    keepers: float
    certified: float
    holding: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Something that our judge is to reach, and whether it did."""

    what: str
    measured: float
    met: bool


def play(world: str, chosen: Collection[str], seed: int, numbers: Iterable[int]) -> Iterator[Result]:
    """Play some drawings of a world with the chosen rules; every drawing depends on its number and the seed alone."""
    for number in numbers:
        own = seed * _SEEDS + number
        drawn = World(WORLDS[world], own)
        start = drawn.truth(())
        for rule in RULES:
            if rule in chosen:
                yield _judged(drawn, start, world, rule, own, number)


def _judged(drawn: World, start: float, world: str, rule: str, seed: int, number: int) -> Result:
    verdicts = RULES[rule](Arena(drawn, BUDGET), seed)
    certificate = verdicts.certificate if isinstance(verdicts, ours.Judged) else None
    return Result(
        world=world,
        rule=rule,
        replicate=number,
        true=drawn.truth(verdicts.kept) - start,
        claimed=verdicts.claimed,
        kept=len(verdicts.kept),
        better=sum(drawn.helps(edit, verdicts.kept) for edit in verdicts.kept),
        bound=None if certificate is None else certificate.low,
    )


def summarise(results: Iterable[Result]) -> list[Summary]:
    """One summary for each world and rule, in the order of their tables."""
    cells: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        cells.setdefault((result.world, result.rule), []).append(result)
    return [_summary(cells[world, rule]) for world in WORLDS for rule in RULES if (world, rule) in cells]


def _summary(results: Sequence[Result]) -> Summary:
    runs, kept = len(results), sum(result.kept for result in results)
    true = sum(result.true for result in results) / runs
    bounds = [(result.bound, result.true) for result in results if result.bound is not None]
    return Summary(
        world=results[0].world,
        rule=results[0].rule,
        runs=runs,
        true=true,
        error=(sum((result.true - true) ** 2 for result in results) / max(runs - 1, 1) / runs) ** 0.5,
        claimed=sum(result.claimed for result in results) / runs,
        kept=kept / runs,
        better=sum(result.better for result in results) / kept if kept else None,
        keepers=sum(result.kept > 0 for result in results) / runs,
        certified=sum(bound > 0 for bound, _ in bounds) / runs,
        holding=sum(bound <= truth for bound, truth in bounds) / len(bounds) if bounds else None,
    )


def goals(summaries: Iterable[Summary]) -> list[Goal]:
    """What our judge is to reach in the worlds that were played."""
    found: list[Goal] = []
    for summary in summaries:
        if summary.rule == "ours":
            found += _GOALS[summary.world](summary) if summary.world in _GOALS else []
            if summary.holding is not None:
                found.append(_at_least(f"{summary.world}: share of certified bounds that hold", summary.holding, 0.95))
    return found


def _main(summary: Summary) -> list[Goal]:
    ratio = summary.claimed / summary.true if summary.true else 0.0
    return [
        _at_least("main: share of kept edits that are truly better", summary.better or 0.0, 0.95),
        _at_least("main: true gain in points", 100 * summary.true, 25.0),
        Goal(what="main: claimed / true gain within 0.95 … 1.05", measured=ratio, met=0.95 <= ratio <= 1.05),
    ]


def _null(summary: Summary) -> list[Goal]:
    return [
        _at_most("null: edits kept per run", summary.kept, 0.3),
        _at_most("null: points claimed per run", 100 * summary.claimed, 0.5),
        _at_most("null: share of runs with a certified gain", summary.certified, 0.05),
    ]


def _conflict(summary: Summary) -> list[Goal]:
    return [_at_least("conflict: true gain in points", 100 * summary.true, 20.0)]


_GOALS: Mapping[str, Callable[[Summary], list[Goal]]] = {"main": _main, "null": _null, "conflict": _conflict}


def _at_least(what: str, measured: float, least: float) -> Goal:
    return Goal(what=f"{what} ≥ {least:g}", measured=measured, met=measured >= least)


def _at_most(what: str, measured: float, most: float) -> Goal:
    return Goal(what=f"{what} ≤ {most:g}", measured=measured, met=measured <= most)


def table(summaries: Sequence[Summary]) -> list[str]:
    """The summaries as lines of text, one block per world; gains in points."""
    lines: list[str] = []
    for world in dict.fromkeys(summary.world for summary in summaries):
        rows = [summary for summary in summaries if summary.world == world]
        lines += ["", f"{world}: {WORLDS[world].about} ({rows[0].runs} runs of {BUDGET:,} trials)"]
        lines.append(_COLUMNS.format("rule", "true gain", "claimed", "truly better", "kept", "runs keeping", "certified", "holds"))
        lines += [_line(row) for row in rows]
    return lines[1:]


def _line(row: Summary) -> str:
    certified = "–" if row.holding is None and not row.rule.startswith("ours") else _share(row.certified)
    gain, claimed, kept = f"{100 * row.true:.1f} ± {100 * row.error:.1f}", f"{100 * row.claimed:.1f}", f"{row.kept:.1f}"
    return _COLUMNS.format(row.rule, gain, claimed, _share(row.better), kept, _share(row.keepers), certified, _share(row.holding))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
