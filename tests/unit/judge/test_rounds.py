"""Rounds of a race: what is run side by side, what is learnt from it, and how seldom that misleads."""

import math
import random
from collections.abc import Callable, Sequence

import pytest

from rsi.kernel.judge import Closed, Ending, Prior, Race, Round, Settings
from rsi.kernel.judge.rounds import ABREAST, Ways, staked

Cases = list[tuple[int, float | None]]
Play = Callable[[Round, random.Random], list[Cases]]
EDITS = [f"e{number}" for number in range(6)]
PATIENT = Settings(budget=10**6, slots=16, hopeless=0.0, hasty=0.0, horizon=20, alpha=0.5)
BLOCK = 8


def race(seed: int = 1, settings: Settings = PATIENT, edits: Sequence[str] = EDITS, conflicts: Sequence[tuple[str, str]] = ()) -> Race:
    made = Race(settings, random.Random(seed))
    for edit in edits:
        made.open(edit, {two for one, two in conflicts if one == edit})
    return made


def noisy(chance: Callable[[frozenset[str]], float]) -> Play:
    """Scores that are drawn anew in every trial."""
    return lambda played, rng: [[(case, float(rng.random() < chance(on))) for case in range(BLOCK)] for on in played.arms]


def steady(win: dict[str, float], loss: dict[str, float], base: float = 0.35) -> Play:
    """A program that scores the same again: each edit solves a few cases more, and loses a few."""

    def play(played: Round, rng: random.Random) -> list[Cases]:
        arms: list[Cases] = [[] for _ in played.arms]
        for case in range(BLOCK):
            solved, luck = rng.random() < base, {edit: rng.random() for edit in played.drawn}
            for arm, on in zip(arms, played.arms, strict=True):
                lost = any(luck[edit] < loss[edit] / base for edit in on)
                won = any(luck[edit] < win[edit] / (1 - base) for edit in on)
                arm.append((case, float(not lost if solved else won)))
        return arms

    return play


def play(made: Race, how: Play, rounds: int, rng: random.Random) -> list[Closed]:
    events: list[Closed] = []
    for _ in range(rounds):
        played = made.draw_round()
        events += made.observe_round(played, how(played, rng))
    return events


def test_together_two_arms_complement_each_other_and_edits_that_conflict_are_never_both_on() -> None:
    made, rng, seen = race(conflicts=[("e0", "e1"), ("e2", "e3")]), random.Random(2), 0
    for _ in range(60):
        played = made.draw_round()
        made.observe_round(played, noisy(lambda on: 0.5)(played, rng))
        if not played.apart:
            seen += 1
            one, other = played.arms
            assert one | other == set(played.drawn) and not one & other
            assert not {"e0", "e1"} <= set(played.drawn) and not {"e2", "e3"} <= set(played.drawn)
            assert len(played.drawn) == 4
    assert seen > 40


def test_apart_the_incumbent_and_each_of_a_few_edits_alone_are_run_conflicts_or_not() -> None:
    made = race(conflicts=[("e0", other) for other in EDITS[1:]])
    played = next(played for played in (made.draw_round() for _ in range(9)) if played.apart)
    assert played.arms == (frozenset(), *(frozenset([edit]) for edit in played.drawn)) and len(played.drawn) == ABREAST
    assert [played.pair_of(edit) for edit in played.drawn] == [(1, 0), (2, 0), (3, 0), (4, 0)]


def test_without_open_edits_a_round_is_the_incumbent_alone_and_one_open_edit_is_run_against_it() -> None:
    assert race(edits=()).draw_round().arms == (frozenset(),)
    assert race(edits=["e0"]).draw_round().arms == (frozenset(), frozenset(["e0"]))


def test_noisy_programs_are_run_together_and_steady_ones_apart() -> None:
    few = dict.fromkeys(EDITS, 0.03)
    for how, expected in ((noisy(lambda on: 0.5), False), (steady(few, few), True)):
        made, rng, ways = race(), random.Random(3), []
        for _ in range(120):
            played = made.draw_round()
            ways.append(played.apart)
            made.observe_round(played, how(played, rng))
        assert sum(way is expected for way in ways[20:]) > 85


def test_the_same_observations_give_the_same_rounds_and_the_same_end() -> None:
    first, second, rng = race(), race(), random.Random(5)
    for _ in range(40):
        played = first.draw_round()
        assert second.draw_round() == played
        arms = noisy(lambda on: 0.4)(played, rng)
        assert first.observe_round(played, arms) == second.observe_round(played, arms)
    assert first.state() == second.state()


def test_a_round_drawn_before_an_edit_was_withdrawn_still_counts_for_the_others() -> None:
    made = race(edits=["a", "b"])
    played = made.draw_round()
    made.withdraw("a", "stale")
    made.observe_round(played, noisy(lambda on: 0.5)(played, random.Random(1)))
    (left,) = made.state().open
    assert (left.edit, left.trials) == ("b", 2 * BLOCK)


@pytest.mark.parametrize("arms", [[], [[(1, 1.0)]], [[(1, 1.0)], [(2, 1.0)]], [[(1, 1.0)], [(1, 1.5)]], [[], []]])
def test_arms_that_are_missing_or_of_other_cases_and_scores_out_of_range_are_refused(arms: list[Cases]) -> None:
    made = race(edits=["a"])
    with pytest.raises(ValueError, match="round 0 needs"):
        made.observe_round(made.draw_round(), arms)


def test_an_edit_that_crashes_is_blamed_alone() -> None:
    made, rng = race(), random.Random(4)

    def crashing(played: Round, rng: random.Random) -> list[Cases]:
        return [[(case, None if "e0" in on else float(rng.random() < 0.5)) for case in range(BLOCK)] for on in played.arms]

    play(made, crashing, 60, rng)
    crashes = {standing.edit: standing.crashes for standing in made.state().open}
    assert crashes["e0"][0] > 0 and crashes["e0"][1] == 0
    assert all(off > 0 or not on for edit, (on, off) in crashes.items() if edit != "e0")


@pytest.mark.parametrize("effect", [0.02, 0.04, 0.08])
def test_stakes_on_a_difference_grow_nearly_as_fast_as_the_best_bet_could(effect: float) -> None:
    """Growth per round of the best stake, by simulation, against (effect / sd)² / 2, the most that any bet on a normal difference has."""
    rng, spread = random.Random(6), math.sqrt(0.3 / BLOCK)
    square, capitals = 0.0, [0.0] * 5
    rounds = 20_000
    for blocks in range(rounds):
        difference = max(-1.0, min(1.0, rng.gauss(effect, spread)))
        amount = staked(difference, BLOCK, square, blocks)
        capitals = [capital + math.log1p(stake * amount) for capital, stake in zip(capitals, (0.05, 0.1, 0.2, 0.4, 0.8), strict=True)]
        square += difference * difference
    assert max(capitals) / rounds > 0.8 * (effect / spread) ** 2 / 2


def test_a_stake_is_a_fair_bet_whatever_went_before() -> None:
    assert staked(0.3, 8, 0.7, 40) == -staked(-0.3, 8, 0.7, 40)
    assert staked(1.0, 8, 0.0, 10**6) == 1.0 and staked(0.0, 8, 0.0, 0) == 0.0


def test_good_edits_are_accepted_bad_ones_dropped_and_evidence_is_not_lost_when_another_is_accepted() -> None:
    settings = Settings(budget=6000, slots=4, horizon=10, prior=Prior(better=0.3, worse=0.2, gain=0.06, loss=0.04), fewest=200, hasty=0.5)
    win = {"good": 0.06, "bad": 0.01, "better": 0.08, "idle": 0.02}
    loss = {"good": 0.005, "bad": 0.05, "better": 0.005, "idle": 0.02}
    made = race(settings=settings, edits=list(win))
    ends = {closed.edit: closed.ending for closed in play(made, steady(win, loss), 400, random.Random(8))}
    assert ends == {"good": Ending.ACCEPTED, "better": Ending.ACCEPTED, "bad": Ending.DROPPED, "idle": Ending.DROPPED}


def false_accepts(how: Play, runs: int) -> int:
    """In how many races of edits without effect anything is ever accepted, with a look after every round."""
    settings = Settings(budget=10**6, slots=6, hopeless=0.0, hasty=0.0, horizon=6, alpha=0.5)
    found = 0
    for seed in range(runs):
        events = play(race(seed, settings), how, 100, random.Random(seed + 10**6))
        found += any(closed.ending is Ending.ACCEPTED for closed in events)
    return found


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["noisy", "steady", "drifting"])
def test_where_nothing_helps_a_race_accepts_anything_no_more_often_than_alpha(kind: str, repetitions: Callable[..., int]) -> None:
    """α = 0.5, so that a lie would show; a bound that an honest race passes but for one time in 1,000."""
    runs, few = repetitions(300, least=60), dict.fromkeys(EDITS, 0.1)
    drift = [0.1]

    def drifting(on: frozenset[str]) -> float:
        drift[0] = 0.1 + 0.8 * abs(math.sin(drift[0] * 1000))
        return drift[0]

    how = {"noisy": noisy(lambda on: 0.5), "steady": steady(few, few), "drifting": noisy(drifting)}[kind]
    assert false_accepts(how, runs) <= 0.5 * runs + 3.1 * math.sqrt(0.25 * runs)


def test_the_same_count_catches_a_world_in_which_something_helps() -> None:
    assert false_accepts(noisy(lambda on: 0.3 + 0.1 * len(on & {"e0", "e1", "e2"})), 20) > 10 + 3.1 * math.sqrt(5)


def test_ways_are_both_tried_first_and_looked_at_again() -> None:
    ways, apart = Ways(), []
    for _ in range(200):
        apart.append(ways.is_apart(together=6, apart=4))
        ways.add([0.1 if apart[-1] else 0.5], apart=apart[-1])
    assert 0 < sum(not way for way in apart[20:]) < 20 < sum(apart)
    assert ways.is_apart(together=1, apart=1)
