"""The judge of `rsi run` in the simulated worlds: the same objects, fed with simulated trials."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from rsi.bench.arena import Arena, Program, Verdicts
from rsi.bench.worlds import World
from rsi.core.records import CandidateId, CaseId, Certificate
from rsi.kernel.judge import (
    CaseRota,
    Course,
    Ending,
    Estimate,
    Family,
    FamilySettings,
    Race,
    Rule,
    Settings,
    Standing,
    ablation_race,
    certify,
    claim_of,
    course_for,
    joined,
    worth_keeping,
)

__all__ = ["CERTIFIED", "Judged", "auto", "race", "race_fast", "tree"]

CERTIFIED = 0.06
"""Share of the budget that the certificate of the release takes."""
_ABLATED = 0.35
_EACH_NEW = 10
_EACH_OLD = 20
_PILOT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Verdicts):
    """What our judge did, with the certificate of the release; None where nothing was kept and so nothing was to be certified."""

    certificate: Certificate | None


def auto(arena: Arena, seed: int) -> Judged:
    """Race or tree, by the share of conflicting pairs among the first edits."""
    edits = range(min(_PILOT, len(arena.world.points)))
    pairs = [(a, b) for a in edits for b in edits if a < b]
    share = sum(pair in arena.world.conflicts for pair in pairs) / len(pairs)
    return race(arena, seed) if course_for(share) is Course.RACE else tree(arena, seed)


def race(arena: Arena, seed: int) -> Judged:
    """The factorial race with strict levels."""
    return _race(arena, seed, Rule.STRICT)


def race_fast(arena: Arena, seed: int) -> Judged:
    """The factorial race with the faster rule: accepted once P(better) is 0.9."""
    return _race(arena, seed, Rule.FAST)


def _race(arena: Arena, seed: int, rule: Rule) -> Judged:
    trials = round(arena.left * (1 - CERTIFIED))
    reserve = arena.left - trials
    contest = Race(Settings(budget=trials, horizon=len(arena.world.points), rule=rule), random.Random(f"{seed} race"))
    rota = CaseRota(random.Random(f"{seed} cases"))
    waiting, incumbent = list(reversed(range(len(arena.world.points)))), Program()
    while arena.left > reserve:
        while waiting and contest.vacancies:
            _open(contest, waiting.pop(), arena.world)
        draw, case = contest.draw(), arena.fresh(rota.draw())
        score = arena.play(incumbent, case, [int(edit) for edit in draw.drawn if edit in draw.on])
        for closed in contest.observe(draw, [(case, score)]):
            if closed.ending is Ending.ACCEPTED:
                incumbent = Program(edits=(*incumbent.edits, int(closed.edit)))
            elif closed.ending is Ending.WITHDRAWN:
                waiting.append(int(closed.edit))
    accepted = [closed.standing for closed in contest.finished if closed.ending is Ending.ACCEPTED]
    return _certified(arena, incumbent, accepted, contest)


def _open(contest: Race, edit: int, world: World) -> None:
    contest.open(str(edit), {str(other) for other in world.rivals(edit)})


def tree(arena: Arena, seed: int) -> Judged:
    """The tree posterior, then the ablation of the best version's lineage."""
    trials = round(arena.left * (1 - CERTIFIED))
    reserve, searched = arena.left - trials, round(arena.left - trials * (1 - _ABLATED))
    rota = CaseRota(random.Random(f"{seed} cases"))
    line = _search(arena, rota, searched, random.Random(f"{seed} tree"))
    contest = ablation_race([str(edit) for edit in line], arena.left - reserve, random.Random(f"{seed} ablation"))
    while line and arena.left > reserve:
        draw, case = contest.draw(), arena.fresh(rota.draw())
        score = arena.play(Program(), case, [int(edit) for edit in draw.drawn if edit in draw.on])
        contest.observe(draw, [(case, score)])
    kept = worth_keeping(contest)
    return _certified(arena, Program(edits=tuple(int(standing.edit) for standing in kept)), kept, contest)


def _search(arena: Arena, rota: CaseRota, until: int, rng: random.Random) -> tuple[int, ...]:
    """Grow a tree of versions at a steady rate until so many trials are left; returns the edits of the best version's lineage."""
    family, programs = Family(FamilySettings(), rng), [Program()]
    waiting, trials = list(reversed(range(len(arena.world.points)))), arena.left - until
    while arena.left > until:
        if waiting and len(programs) <= len(arena.world.points) * (1 - (arena.left - until) / trials):
            parent = family.next_to_extend()
            version = family.add(parent)
            programs.append(Program(edits=(*programs[parent].edits, waiting.pop())))
            _try(arena, rota, family, programs, version, _EACH_NEW)
        else:
            _try(arena, rota, family, programs, family.next_to_run(), _EACH_OLD)
    return programs[family.best()].edits


def _try(arena: Arena, rota: CaseRota, family: Family, programs: list[Program], version: int, times: int) -> None:
    for _ in range(times):
        case = arena.fresh(rota.draw())
        family.observe(version, case, arena.play(programs[version], case))


def _certified(arena: Arena, release: Program, kept: Sequence[Standing], contest: Race) -> Judged:
    """The release against the start on sealed cases, and what is believed of the gain after that."""
    if not release.edits:
        return Judged(kept=(), claimed=0.0, certificate=None)
    scores = [(arena.play(Program(), case), arena.play(release, case)) for case in arena.sealed()]
    certificate = certify(
        start=CandidateId("start"),
        release=CandidateId("release"),
        start_scores={CaseId(str(number)): start for number, (start, _) in enumerate(scores)},
        release_scores={CaseId(str(number)): end for number, (_, end) in enumerate(scores)},
    )
    gains = [end - start for start, end in scores]
    error = (sum((gain - certificate.gain) ** 2 for gain in gains) / len(gains) ** 2) ** 0.5
    claim = joined(claim_of(kept, contest.prior, certificate.start_score), Estimate(mean=certificate.gain, error=error))
    return Judged(kept=release.edits, claimed=claim.gain, certificate=certificate)
