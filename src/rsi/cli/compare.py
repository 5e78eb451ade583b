"""`rsi compare`: two whole versions on the same fresh cases, until one is shown to be better or the pairs are used up."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from cyclopts import Parameter

from rsi.cli.terminal import JsonFlag, complain, print_json, say
from rsi.cli.versions import find_solver
from rsi.cli.view.text import clean, count, effect, percent, points
from rsi.cli.working import check_workers, prove, stoppable
from rsi.config.load import load_config, parse_programs
from rsi.config.model import RunConfig
from rsi.core.errors import UserError
from rsi.core.records import CandidateId, Certificate, Json, Outcome
from rsi.kernel.judge import Comparison, Finding, certify
from rsi.loop.match import Side, match
from rsi.loop.parts import standard_parts

__all__ = ["compare"]

_OWN = "rsi compare"
"""The salt of the cases: no run of the same seed has ever had them."""


def compare(
    a: str,
    b: str,
    /,
    *,
    suite: Annotated[str, Parameter(help="The suite of cases.")] = "list_functions",
    pairs: Annotated[int, Parameter(help="Ends without a finding after so many cases.")] = 1_000,
    programs: Annotated[str, Parameter(help="Budget of each version for each case, in candidate programs.")] = "4_000",
    alpha: Annotated[float, Parameter(help="Probability that a difference is reported where there is none.")] = 0.05,
    seed: Annotated[int, Parameter(help="Seed of the cases; give each comparison its own.")] = 1,
    expect: Annotated[Literal["better", "not-worse"], Parameter(help="What B must be for exit code 0.")] = "not-worse",
    margin: Annotated[float, Parameter(help="With not-worse: points that B may lose; a larger loss must be ruled out.")] = 0.0,
    workers: Annotated[int, Parameter(help="Processes for each of the two; they change no number.")] = 1,
    jail_require: Annotated[str | None, Parameter(help="Weakest jail that may be used, if not what the suite asks for.")] = None,
    as_json: JsonFlag = False,
) -> int:
    """Is B better than A, on fresh cases? Stops as soon as that is decided either way; the exit code says whether B is as expected.

    Args:
        a: seed, a folder, a run's folder (its release), RUN:CANDIDATE or improver:ID.
        b: The same, for the version that would replace it.
    """
    check_workers(workers)
    _check(pairs, alpha, margin, expect)
    config = _config(suite, seed, parse_programs(programs), jail_require)
    sides = (_side(a, config), _side(b, config))
    judge = Comparison(alpha=alpha, max_pairs=pairs, margin=margin / 100 if margin else None)

    def progress(so_far: Comparison) -> None:
        seen = so_far.effect
        if not as_json:
            say(f"{seen.pairs:>6} pairs  B − A {effect(seen.mean, seen.low, seen.high)}  B better on {seen.wins}, worse on {seen.losses}")

    with stoppable() as stop:
        found = match(sides, config, judge, most=pairs, workers=workers, stop=stop, observer=progress)
    issued = _certificate(sides, alpha)
    why_not = _why_not(found, expect, margin, sides[1])
    if as_json:
        print_json(_data(found, issued, sides, judge, config, expect, why_not))
    else:
        _tell(found, issued, sides)
    return 0 if why_not is None else complain(why_not, 1)


def _check(pairs: int, alpha: float, margin: float, expect: str) -> None:
    if not 1 <= pairs <= 1_000_000:
        raise UserError(f"--pairs {pairs}: should be between 1 and 1000000")
    if not 0 < alpha < 1:
        raise UserError(f"--alpha {alpha}: should be a probability between 0 and 1, such as 0.05")
    if not 0 <= margin < 100 or (margin and expect == "better"):
        raise UserError(f"--margin {margin}: should be a number of points from 0 to 100, and goes with --expect not-worse")


def _config(suite: str, seed: int, programs: int, jail_require: str | None) -> RunConfig:
    return load_config(None, {"suite": suite, "run.seed": seed, "run.salt": _OWN, "judge.programs": programs, "jail.require": jail_require})


def _side(name: str, config: RunConfig) -> Side:
    solver = find_solver(name)
    parts = replace(standard_parts(config, solver.manifest), prove=lambda tier: prove(tier, None))
    return Side(name=solver.name, files=solver.files, build_seed=solver.build_seed, parts=parts)


def _certificate(sides: tuple[Side, Side], alpha: float) -> Certificate:
    a, b = sides
    return certify(start=CandidateId(a.name), release=CandidateId(b.name), start_scores=a.scores, release_scores=b.scores, alpha=alpha)


def _why_not(found: Finding, expect: str, margin: float, b: Side) -> str | None:
    """Why B is not as expected; None if it is."""
    broken = next((trial.label for trial in b.trials if trial.outcome is Outcome.VIOLATION), None)
    if broken is not None:
        return f"B broke the rules of its jail: {broken}"
    if found is Finding.WORSE:
        return "B is worse than A"
    if expect == "better" and found is not Finding.BETTER:
        return "B was not shown to be better than A; --pairs with a larger number tells more"
    if margin and found is Finding.NOT_SHOWN:
        return f"a loss of more than {margin:g} points was not ruled out; --pairs with a larger number tells more"
    return None


_WORDS = {
    Finding.BETTER: "B is better",
    Finding.WORSE: "B is worse",
    Finding.NOT_WORSE: "B is not worse by more than the margin",
    Finding.NOT_SHOWN: "No difference shown",
}


def _tell(found: Finding, issued: Certificate, sides: Sequence[Side]) -> None:
    for letter, side, score in zip("AB", sides, (issued.start_score, issued.release_score), strict=True):
        without = len(side.trials) - side.ended(Outcome.ANSWERED)
        lost = f", no answer on {without}" if without else ""
        used = sum(trial.programs for trial in side.trials) / len(side.trials)
        say(f"{letter}  {percent(score)} of {len(side.trials)} cases, {count(used)} programs per case{lost}: {clean(side.name, 80)}")
    say(f"{_WORDS[found]}: {effect(issued.gain, issued.low, issued.high)} on {issued.pairs} pairs.")
    if found is Finding.NOT_SHOWN:
        say(f"A gain above {points(issued.high)} and a loss below {points(issued.low)} points are ruled out; nothing smaller is.")
    say(f"The interval misses the true difference with a probability of at most {100 * issued.alpha:g} %, wherever one stops.")


def _data(
    found: Finding, issued: Certificate, sides: tuple[Side, Side], judge: Comparison, config: RunConfig, expect: str, why_not: str | None
) -> Json:
    seen = judge.effect
    return {
        "finding": found.value,
        "expect": expect,
        "ok": why_not is None,
        "why": why_not,
        "gain": issued.gain,
        "low": issued.low,
        "high": issued.high,
        "alpha": issued.alpha,
        "pairs": issued.pairs,
        "wins": seen.wins,
        "losses": seen.losses,
        "a": _side_data(sides[0], issued.start_score),
        "b": _side_data(sides[1], issued.release_score),
        "suite": config.suite,
        "seed": config.run.seed,
        "programs": config.judge.programs,
    }


def _side_data(side: Side, score: float) -> Json:
    return {
        "name": side.name,
        "score": score,
        "unanswered": len(side.trials) - side.ended(Outcome.ANSWERED),
        "violations": side.ended(Outcome.VIOLATION),
        "programs": sum(trial.programs for trial in side.trials),
        "cpu_s": round(side.cpu_s, 3),
    }
