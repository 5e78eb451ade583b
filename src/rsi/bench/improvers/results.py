"""What a tournament of improvers comes to, and how it is told: power first, then each improver, then compounding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rsi.kernel.judge import Compounding, Episode, GainPower, Ratio, Record, compounding, gain_power, record_of

__all__ = ["Results", "power_lines", "results_of", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that is told of a tournament.

    Attributes:
        versions: version 0 first, then the later ones in the order that was registered.
        records: of every improver, version 0 first.
        compounding: each version against the one before it.
        problems, repetitions, budget: the size of it.
        alpha: level of every interval and test.
    """

    versions: tuple[str, ...]
    records: tuple[Record, ...]
    compounding: Compounding
    problems: int
    repetitions: int
    budget: int
    alpha: float


def results_of(
    versions: Sequence[str], episodes: Mapping[str, Sequence[Episode]], *, problems: int, repetitions: int, budget: int, alpha: float
) -> Results:
    """The results of these episodes; the first of `versions` is version 0, with which everybody is compared."""
    zero = episodes[versions[0]]
    records = [record_of(name, own, None if name == versions[0] else zero, budget=budget, alpha=alpha) for name, own in episodes.items()]
    return Results(
        versions=tuple(versions),
        records=tuple(records),
        compounding=compounding(versions, episodes, alpha),
        problems=problems,
        repetitions=repetitions,
        budget=budget,
        alpha=alpha,
    )


def power_lines(problems: int, alpha: float) -> list[str]:
    """The power table, for people, before anything is played."""
    rows = gain_power(alpha=alpha)
    lines = [
        f"Power: problems needed to see a difference every other time; {problems} are played.",
        "Gains are taken to vary by 25 % from run to run, and version 0 to gain 20 points.",
        f"{'gains more':>12} {'at best':>9} {'differ':>9} {'ρ > 1':>9}",
    ]
    return [*lines, *(_power_row(row) for row in rows)]


def _power_row(row: GainPower) -> str:
    return f"{100 * row.more:>+10.0f} % {row.at_best:>9} {_whole(row.same):>9} {_whole(row.ratio):>9}"


def _whole(number: int | None) -> str:
    return "> 1M" if number is None else str(number)


def table(results: Results) -> list[str]:
    """The table of improvers and what it says, for people."""
    widest = max(len(record.name) for record in results.records)
    title = (
        f"{'improver':{widest}} {'gain':>6} {'sd':>5} {'curve':>6} {'cost':>7} {'ρ':>6} {'interval':>15} {'if symmetric':>15} {'e(ρ>1)':>8}"
    )
    lines = [f"{title} {'e(differ)':>9} {'failed':>6}"]
    lines += [_row(record, widest) for record in results.records]
    level = 100 * (1 - results.alpha)
    return [
        *lines,
        "",
        f"gain: points above the start on hidden instances, mean of {results.problems} problems; sd: its spread between them;",
        "curve: area under the best so far on practice instances; cost: evaluations per point;",
        f"ρ: expected gain by that of {results.versions[0]}, with a {level:g} % interval that holds whenever one looks;",
        f"and a sharper one, if leads and trails are equally likely at the true ρ; e-values: {1 / results.alpha:g} shows it.",
        *_compounding(results),
    ]


def _row(record: Record, widest: int) -> str:
    cost = "–" if record.cost is None else f"{record.cost:.0f}"
    line = f"{record.name:{widest}} {100 * record.gain:>6.1f} {100 * record.spread:>5.1f} {100 * record.area:>6.1f} {cost:>7}"
    ratio = record.against
    if ratio is None:
        return f"{line} {1:>6.2f} {'':>15} {'':>15} {'':>8} {'':>9} {record.failed:>6}"
    found = "–" if ratio.ratio is None else f"{ratio.ratio:.2f}"
    intervals = f"{_interval(ratio.low, ratio.high):>15} {_interval(ratio.sharp_low, ratio.sharp_high):>15}"
    return f"{line} {found:>6} {intervals} {_evidence(ratio.e_value):>8} {_evidence(ratio.e_same):>9} {record.failed:>6}"


def _interval(low: float | None, high: float | None) -> str:
    return f"{'−∞' if low is None else f'{low:.2f}'} … {'∞' if high is None else f'{high:.2f}'}"


def _evidence(e_value: float) -> str:
    return f"{e_value:.2g}" if e_value < 1e4 else f"{e_value:.0e}"


def _compounding(results: Results) -> list[str]:
    """Compounding step by step; "not shown" unless every step is."""
    found, needed = results.compounding, 1 / results.alpha
    lines = [f"{step.after} beats {step.before}: {'shown' if step.shown else 'not shown'} ({_step(step.ratio)})" for step in found.steps]
    if len(found.steps) < 2:
        return ["", *lines, "Compounding: not shown; it takes at least two later versions, each better than the one before it."]
    word = "shown" if found.shown else "not shown"
    return ["", *lines, f"Compounding: {word}; the weakest step has e = {_evidence(found.e_value)}, {needed:g} is needed of every one."]


def _step(ratio: Ratio) -> str:
    found = "no ratio" if ratio.ratio is None else f"ratio {ratio.ratio:.2f}"
    return f"{found}, e = {_evidence(ratio.e_same)}"
