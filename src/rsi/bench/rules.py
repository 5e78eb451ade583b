"""The rules that self-improvement loops use today, written plainly, each with the same budget as our judge.

Where a loop decides on visible cases, so does its rule here; whatever is said to be its "score" is what it would report. Rules that have
trials left when every edit was tried once try them again on other parents.
"""

import itertools
import math
import random
from collections.abc import Iterator

from rsi.bench.arena import Arena, Program, Verdicts
from rsi.bench.worlds import VISIBLE
from rsi.core.records import Accepted, CandidateId, CaseId
from rsi.kernel.judge import AlphaSpending, PairedJudge

__all__ = ["dgm", "e_process", "gepa", "hgm", "keep_if_higher", "mcnemar"]

_STAGE = 10
_MINIBATCH = 3
_AT_ONCE = 5


def keep_if_higher(arena: Arena, seed: int) -> Verdicts:
    """Each edit runs once on the visible cases and is kept if it scores higher than the stored score of the incumbent."""
    incumbent = Program()
    first = best = _mean(arena.visible(incumbent))
    for edit in range(len(arena.world.points)):
        if arena.left < VISIBLE:
            break
        child = _on_top(incumbent, edit)
        score = _mean(arena.visible(child))
        if score > best:
            incumbent, best = child, score
    return Verdicts(kept=incumbent.edits, claimed=best - first)


def dgm(arena: Arena, seed: int) -> Verdicts:
    """Darwin Gödel Machine: an archive of versions; a child runs on 10 cases and, if 40 % succeed, on the rest; the best score is reported.

    Parents are drawn with weight sigmoid(10 (score − ½)) / (1 + children) (Zhang et al. 2025, appendix).
    """
    rng = random.Random(f"{seed} dgm")
    archive, children = [Program()], [0]
    scores = [_mean(arena.visible(archive[0]))]
    for edit in _again_and_again(arena):
        if arena.left < VISIBLE:
            break
        weights = [1 / (1 + math.exp(-10 * (score - 0.5))) / (1 + n) for score, n in zip(scores, children, strict=True)]
        parent = rng.choices(range(len(archive)), weights)[0]
        children[parent] += 1
        if edit in archive[parent].edits:
            continue
        child = _on_top(archive[parent], edit)
        cases = rng.sample(range(VISIBLE), VISIBLE)
        results = [arena.play(child, case) for case in cases[:_STAGE]]
        if sum(results) >= 0.4 * _STAGE:
            results += [arena.play(child, case) for case in cases[_STAGE:]]
            archive.append(child)
            children.append(0)
            scores.append(_mean(results))
    best = max(range(len(scores)), key=scores.__getitem__)
    return Verdicts(kept=archive[best].edits, claimed=scores[best] - scores[0])


def hgm(arena: Arena, seed: int) -> Verdicts:
    """Huxley-Gödel Machine: Thompson sampling of versions by their own record to run, by their clade's record to extend.

    A version is extended when the number of versions falls behind (trials)^0.6 (Wang et al. 2025); what is chosen runs five cases; a
    version runs each visible case at most once; the highest score among versions with all cases is reported.
    """
    rng = random.Random(f"{seed} hgm")
    versions, parents = [Program()], [-1]
    won, lost = [0], [0]
    clade_won, clade_lost = [0], [0]
    edits = iter(range(len(arena.world.points)))
    played = 0
    while arena.left > 0:
        edit = next(edits, None) if len(versions) <= played**0.6 else None
        if edit is not None:
            parent = _thompson(range(len(versions)), clade_won, clade_lost, rng)
            versions.append(_on_top(versions[parent], edit))
            parents.append(parent)
            for record in (won, lost, clade_won, clade_lost):
                record.append(0)
        unfinished = [v for v in range(len(versions)) if won[v] + lost[v] < VISIBLE]
        if not unfinished:
            break
        version = _thompson(unfinished, won, lost, rng)
        first = won[version] + lost[version]
        scores = [int(arena.play(versions[version], case)) for case in range(first, first + min(_AT_ONCE, arena.left))]
        played += len(scores)
        won[version] += sum(scores)
        lost[version] += len(scores) - sum(scores)
        while version >= 0:
            clade_won[version] += sum(scores)
            clade_lost[version] += len(scores) - sum(scores)
            version = parents[version]
    return _best_finished(versions, won, lost)


def _best_finished(versions: list[Program], won: list[int], lost: list[int]) -> Verdicts:
    rate = [won[v] / VISIBLE if won[v] + lost[v] == VISIBLE else -1.0 for v in range(len(versions))]
    best = max(range(len(versions)), key=rate.__getitem__)
    start = won[0] / max(1, won[0] + lost[0])
    return Verdicts(kept=versions[best].edits, claimed=max(rate[best] - start, 0.0) if best else 0.0)


def _thompson(among: "range | list[int]", won: list[int], lost: list[int], rng: random.Random) -> int:
    return max(among, key=lambda v: rng.betavariate(1 + won[v], 1 + lost[v]))


def gepa(arena: Arena, seed: int) -> Verdicts:
    """GEPA: a child that beats its parent on a minibatch of 3 cases runs on all; parents come from the Pareto front over cases.

    The best mean score is reported (Agrawal et al. 2025, algorithms 1 and 2). Trials are paid on both sides of the gate.
    """
    rng = random.Random(f"{seed} gepa")
    pool = [Program()]
    tables = [arena.visible(pool[0])]
    for edit in _again_and_again(arena):
        if arena.left < 2 * _MINIBATCH + VISIBLE:
            break
        parent = _from_front(tables, rng)
        if edit in pool[parent].edits:
            continue
        child = _on_top(pool[parent], edit)
        batch = rng.sample(range(VISIBLE), _MINIBATCH)
        before, after = (sum(arena.play(program, case) for case in batch) for program in (pool[parent], child))
        if after > before:
            pool.append(child)
            tables.append(arena.visible(child))
    best = max(range(len(pool)), key=lambda v: sum(tables[v]))
    return Verdicts(kept=pool[best].edits, claimed=_mean(tables[best]) - _mean(tables[0]))


def _from_front(tables: list[list[float]], rng: random.Random) -> int:
    """A version, drawn by the number of cases on which nobody does better."""
    tops = [max(column) for column in zip(*tables, strict=True)]
    weights = [sum(score >= top for score, top in zip(table, tops, strict=True)) for table in tables]
    return rng.choices(range(len(tables)), weights)[0]


def mcnemar(arena: Arena, seed: int) -> Verdicts:
    """Each edit and the incumbent run on the visible cases; kept at a one-sided exact McNemar test of 5 %; differences are added up."""
    incumbent, claimed = Program(), 0.0
    for edit in range(len(arena.world.points)):
        if arena.left < 2 * VISIBLE:
            break
        child = _on_top(incumbent, edit)
        pairs = list(zip(arena.visible(child), arena.visible(incumbent), strict=True))
        wins, losses = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
        if _tail(wins, wins + losses) <= 0.05:
            incumbent, claimed = child, claimed + (wins - losses) / VISIBLE
    return Verdicts(kept=incumbent.edits, claimed=claimed)


def _tail(wins: int, discordant: int) -> float:
    """P(at least so many heads in so many tosses)."""
    return sum(math.comb(discordant, k) for k in range(wins, discordant + 1)) / float(2**discordant)


def e_process(arena: Arena, seed: int) -> Verdicts:
    """One edit at a time against the incumbent, paired on fresh cases, with e-LOND levels and futility stops: honest, and starved."""
    levels = AlphaSpending(0.10, len(arena.world.points))
    incumbent, claimed, number = Program(), 0.0, 0
    for edit in range(len(arena.world.points)):
        level = levels.open_test()
        if level is None or arena.left < 2:
            break
        judge = PairedJudge(candidate=CandidateId(str(edit)), level=level)
        child, verdict = _on_top(incumbent, edit), None
        while verdict is None and arena.left >= 2:
            for _ in range(10):
                case = arena.fresh(number)
                judge.observe(CaseId(str(number)), arena.play(child, case), arena.play(incumbent, case))
                number += 1
            verdict = judge.verdict()
        if isinstance(verdict, Accepted):
            levels.accepted()
            incumbent, claimed = child, claimed + verdict.effect.mean
    return Verdicts(kept=incumbent.edits, claimed=claimed)


def _again_and_again(arena: Arena) -> Iterator[int]:
    return itertools.cycle(range(len(arena.world.points)))


def _on_top(program: Program, edit: int) -> Program:
    return Program(edits=(*program.edits, edit))


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores)
