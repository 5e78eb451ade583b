"""The factorial race: coins, conflicts, crashes, builds, safety, and what it says of an edit."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.kernel.judge import CaseRota, Closed, Ending, Prior, Race, Rule, Settings, claim_of

EDITS = [f"e{number}" for number in range(8)]
PATIENT = Settings(budget=10**6, hopeless=0.0, hasty=0.0, horizon=20, alpha=0.5)


def run(race: Race, rng: random.Random, chance: Callable[[frozenset[str]], float | None], trials: int) -> list[Closed]:
    """Play trials; `chance` gives P(success) of the edits that are on, None for a crash."""
    events: list[Closed] = []
    for number in range(trials):
        draw = race.draw()
        p = chance(draw.on)
        events += race.observe(draw, [(number % 7, None if p is None else float(rng.random() < p))])
    return events


@given(st.integers(0, 2**32), st.lists(st.tuples(st.sampled_from(EDITS), st.sampled_from(EDITS)), max_size=15))
def test_edits_that_conflict_are_never_on_together_and_every_edit_gets_its_turn(seed: int, pairs: list[tuple[str, str]]) -> None:
    race = Race(PATIENT, random.Random(seed))
    for edit in EDITS:
        race.open(edit, {b for a, b in pairs if a == edit})
    conflicts = {frozenset(pair) for pair in pairs if pair[0] != pair[1]}
    turns: set[str] = set()
    for _ in range(120):
        draw = race.draw()
        turns |= set(draw.drawn)
        assert draw.on <= set(draw.drawn)
        assert not any(conflict <= set(draw.drawn) for conflict in conflicts)
    assert turns == set(EDITS)


def test_edits_that_fit_in_pairs_only_are_kept_apart_before_a_coin_is_tossed() -> None:
    race = Race(PATIENT, random.Random(2))
    for edit in EDITS:
        race.open(edit)
    tossed = [race.draw(lambda edits: not {"e0", "e1", "e2"} <= set(edits)) for _ in range(300)]
    assert all(len(draw.drawn) == len(EDITS) - 1 for draw in tossed)
    assert {edit for draw in tossed for edit in ("e0", "e1", "e2") if edit not in draw.drawn} == {"e0", "e1", "e2"}
    share = sum("e0" in draw.on for draw in tossed) / sum("e0" in draw.drawn for draw in tossed)
    assert 0.35 < share < 0.65


@given(st.integers(0, 2**32))
def test_replaying_the_observations_rebuilds_the_race(seed: int) -> None:
    rng, first, second = random.Random(seed), Race(PATIENT, random.Random(1)), Race(PATIENT, random.Random(1))
    for race in (first, second):
        for edit in EDITS:
            race.open(edit)
    for number in range(40):
        draw, score = first.draw(), rng.random()
        assert second.draw() == draw
        assert first.observe(draw, [(number % 5, score)]) == second.observe(draw, [(number % 5, score)])
    assert first.state() == second.state()


def test_a_good_edit_is_accepted_a_bad_one_dropped_and_the_rest_of_the_race_goes_on() -> None:
    rng = random.Random(3)
    race = Race(Settings(budget=4000, horizon=3, slots=3), rng)
    for edit in ("good", "bad", "idle"):
        race.open(edit)
    events = run(race, rng, lambda on: 0.5 + 0.25 * ("good" in on) - 0.25 * ("bad" in on), 1500)
    ends = {closed.edit: closed.ending for closed in events}
    assert ends["good"] is Ending.ACCEPTED
    assert ends["bad"] is Ending.DROPPED
    accepted = next(closed for closed in events if closed.edit == "good")
    assert accepted.standing.belief.mean < accepted.standing.estimate.mean
    assert accepted.standing.log_e > 3


def test_a_level_is_fixed_when_the_edit_opens_and_rises_for_those_that_open_after_an_acceptance() -> None:
    rng = random.Random(4)
    race = Race(PATIENT, rng)
    race.open("good")
    race.open("early")
    run(race, rng, lambda on: 0.2 + 0.6 * ("good" in on), 200)
    race.open("late")
    levels = {standing.edit: standing.level for standing in race.state().open}
    assert [closed.edit for closed in race.finished] == ["good"]
    assert levels == pytest.approx({"early": 0.5 / 20, "late": 2 * 0.5 / 20})


def test_an_edit_that_conflicts_with_an_accepted_one_is_withdrawn_and_may_be_opened_anew() -> None:
    rng = random.Random(5)
    race = Race(PATIENT, rng)
    race.open("good")
    race.open("rival", ["good"])
    ends = {closed.edit: closed.ending for closed in run(race, rng, lambda on: 0.2 + 0.6 * ("good" in on), 400)}
    assert ends == {"good": Ending.ACCEPTED, "rival": Ending.WITHDRAWN}
    race.open("rival")
    assert race.draw().drawn == ("rival",)


def test_a_crash_scores_nothing_and_is_laid_at_the_door_of_the_edit_that_crashes() -> None:
    rng = random.Random(6)
    race = Race(Settings(budget=4000, horizon=8), rng)
    for edit in EDITS:
        race.open(edit)
    events = run(race, rng, lambda on: None if "e3" in on else 0.6, 200)
    assert [closed.edit for closed in events][0] == "e3"
    assert events[0].ending is Ending.DROPPED
    crashed_on, crashed_off = events[0].standing.crashes
    assert crashed_on > 10
    assert crashed_off == 0


def test_the_mean_of_a_build_is_one_bet_that_tells_as_much_as_its_trials() -> None:
    rng = random.Random(7)
    race = Race(Settings(budget=10**6, horizon=2, slots=2), rng)
    race.open("good")
    race.open("idle")
    for number in range(60):
        draw = race.draw()
        race.observe(draw, [((number, place), float(rng.random() < 0.4 + 0.2 * ("good" in draw.on))) for place in range(25)])
    accepted = [closed for closed in race.finished if closed.ending is Ending.ACCEPTED]
    assert [closed.edit for closed in accepted] == ["good"]
    assert accepted[0].standing.trials % 25 == 0


def test_harm_on_a_safety_suite_vetoes_an_edit_whatever_it_gains() -> None:
    rng = random.Random(8)
    race = Race(Settings(budget=10**6, margin=0.1, alpha=0.5, horizon=2), rng)
    race.open("reckless")
    race.open("idle")
    for number in range(400):
        draw = race.draw()
        race.observe(draw, [(number % 9, float(rng.random() < 0.1 + 0.8 * ("reckless" in draw.on)))])
        race.observe(draw, [(number % 9, float(rng.random() < 0.9 - 0.5 * ("reckless" in draw.on)))], safety=True)
    assert race.finished[0].edit == "reckless"
    assert race.finished[0].ending is Ending.VETOED


def test_where_safety_counts_an_edit_is_accepted_only_once_it_is_shown_to_do_no_relevant_harm() -> None:
    rng = random.Random(9)
    race = Race(Settings(budget=10**6, margin=0.15, horizon=1, alpha=0.5), rng)
    race.open("good")
    assert run(race, rng, lambda on: 0.1 + 0.8 * ("good" in on), 300) == []
    events: list[Closed] = []
    for number in range(600):
        draw = race.draw()
        events += race.observe(draw, [(number % 9, float(rng.random() < 0.95))], safety=True)
    assert [closed.ending for closed in events] == [Ending.ACCEPTED]


def test_the_fast_rule_accepts_on_belief_and_says_so() -> None:
    rng = random.Random(10)
    race = Race(Settings(budget=4000, horizon=2, rule=Rule.FAST), rng)
    race.open("good")
    race.open("idle")
    events = run(race, rng, lambda on: 0.4 + 0.2 * ("good" in on), 800)
    assert events[0].edit == "good"
    assert "fast rule" in events[0].reason


def test_results_of_edits_that_are_closed_by_then_are_ignored_and_count_as_spent() -> None:
    rng = random.Random(11)
    race = Race(PATIENT, rng)
    race.open("good")
    late = race.draw()
    run(race, rng, lambda on: 0.2 + 0.6 * ("good" in on), 200)
    spent = race.state().spent
    assert race.observe(late, [(0, 1.0)]) == ()
    assert race.state().spent == spent + 1


@pytest.mark.parametrize("rows", [[], [(0, 1.5)], [(0, float("nan"))]])
def test_a_score_that_is_none_is_refused(rows: list[tuple[int, float]]) -> None:
    race = Race(PATIENT, random.Random(1))
    race.open("a")
    with pytest.raises(ValueError, match="needs scores"):
        race.observe(race.draw(), rows)


def test_an_edit_is_opened_once_and_only_where_there_is_room() -> None:
    race = Race(Settings(slots=1, horizon=5), random.Random(1))
    race.open("a")
    with pytest.raises(ValueError, match="open already"):
        race.open("a")
    with pytest.raises(ValueError, match="no vacancy"):
        race.open("b")


def test_an_edit_that_no_longer_merges_can_be_withdrawn_and_frees_its_slot() -> None:
    race = Race(Settings(slots=1, horizon=5), random.Random(1))
    race.open("a")
    assert race.withdraw("a", "does not merge").ending is Ending.WITHDRAWN
    assert race.vacancies == 1
    with pytest.raises(ValueError, match="not open"):
        race.withdraw("a", "again")


def test_dropping_is_paced_so_that_the_edits_last_as_long_as_the_budget() -> None:
    rng = random.Random(12)
    race, waiting = Race(Settings(budget=6000, horizon=100, slots=8), rng), [str(number) for number in range(100)]
    halfway = 0
    for number in range(6000):
        while waiting and race.vacancies:
            race.open(waiting.pop())
        race.observe(race.draw(), [(number % 50, float(rng.random() < 0.5))])
        halfway = len(race.finished) if number == 3000 else halfway
    assert 35 <= halfway <= 65
    assert len(race.finished) >= 85


def test_where_few_open_edits_keep_others_waiting_dropping_does_not_wait_until_all_places_are_taken() -> None:
    finished = {}
    for crowded in (4, None):
        rng = random.Random(12)
        race = Race(Settings(budget=1500, horizon=100, slots=16, crowded=crowded), rng)
        for number in range(1500):
            while race.opened - len(race.finished) < 4:
                race.open(str(race.opened))
            race.observe(race.draw(), [(number % 50, float(rng.random() < 0.5))])
        finished[crowded] = len(race.finished)
    assert finished[4] > 3 * max(1, finished[None])


def test_cases_come_at_a_steady_rate_and_about_as_often_as_asked() -> None:
    rota = CaseRota(random.Random(1), window=50, uses=5.0)
    drawn = [rota.draw() for _ in range(5000)]
    assert 950 <= max(drawn) <= 1100
    assert max(drawn[:50]) < 70
    assert 3.5 < 5000 / len(set(drawn)) < 6


def test_a_claim_adds_effects_up_below_the_ceiling() -> None:
    rng = random.Random(13)
    race = Race(PATIENT, rng)
    for edit in ("a", "b"):
        race.open(edit)
    run(race, rng, lambda on: 0.3 + 0.3 * ("a" in on) + 0.2 * ("b" in on), 400)
    accepted = [closed.standing for closed in race.finished]
    assert len(accepted) == 2
    claim = claim_of(accepted, Prior(better=0.5, gain=0.2), 0.3)
    assert 0.3 < claim.gain < 0.65
    assert claim_of([], Prior(), 0.3).gain == pytest.approx(0.0)


def played_apart(race: Race, rng: random.Random, loss: float, differing: float, rounds: int) -> list[Closed]:
    """Rounds of eight cases on which an edit differs in a share of cases, and loses so much on average."""
    events: list[Closed] = []
    worse = (differing + loss) / 2
    for _ in range(rounds):
        played = race.draw_round()
        arms: list[list[tuple[int, float | None]]] = [[], []]
        for case in range(8):
            luck = rng.random()
            arms[0].append((case, float(luck < worse)))
            arms[1].append((case, float(worse <= luck < differing)))
        events += race.observe_round(played, arms)
        if not race.state().open:
            break
    return events


def test_a_removal_is_accepted_once_it_loses_little_and_dropped_once_a_loss_is_shown() -> None:
    for loss, ending in ((0.0, Ending.ACCEPTED), (-0.2, Ending.ACCEPTED), (0.2, Ending.DROPPED)):
        race = Race(PATIENT, random.Random(5))
        race.open("without", tolerance=0.05)
        (closed,) = played_apart(race, random.Random(6), loss, max(abs(loss), 0.02), 400)
        assert closed.ending is ending
        if ending is Ending.ACCEPTED:
            assert closed.standing.log_e >= math.log(20) and closed.standing.level == 0.05


@pytest.mark.statistical
def test_a_removal_that_loses_as_much_as_is_tolerated_is_rarely_accepted(repetitions: Callable[..., int]) -> None:
    runs, rng, accepted = repetitions(600, least=200), random.Random(7), 0
    for _ in range(runs):
        race = Race(PATIENT, rng)
        race.open("without", tolerance=0.05)
        accepted += any(one.ending is Ending.ACCEPTED for one in played_apart(race, rng, 0.05, 0.15, 60))
    assert accepted / runs <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / runs)


def test_a_removal_needs_a_place_but_no_level_and_neither_raises_levels_nor_teaches_the_prior() -> None:
    settings = Settings(budget=10**6, hopeless=0.0, hasty=0.0, horizon=1, slots=2, alpha=0.5)
    race = Race(settings, random.Random(5))
    race.open("without", tolerance=0.05)
    assert (race.opened, race.remaining, race.vacancies, race.room) == (0, 1, 1, 1)
    played_apart(race, random.Random(6), 0.0, 0.0, 400)
    race.open("change")
    assert race.standing("change").level == 0.5, "as if nothing had been accepted before"
    assert race.prior == settings.prior and len(race.finished) == 1
    race.open("another", tolerance=0.05)
    with pytest.raises(ValueError, match="no vacancy"):
        race.open("third", tolerance=0.05)
    with pytest.raises(ValueError, match="tolerance"):
        Race(settings, random.Random(1)).open("a", tolerance=0.0)


def test_single_draws_judge_a_removal_as_well() -> None:
    rng = random.Random(8)
    race = Race(PATIENT, rng)
    race.open("without", tolerance=0.2)
    assert [closed.ending for closed in run(race, rng, lambda on: 0.4 + 0.2 * ("without" in on), 3000)] == [Ending.ACCEPTED]
    race.open("without", tolerance=0.2)
    assert [closed.ending for closed in run(race, rng, lambda on: 0.7 - 0.4 * ("without" in on), 3000)] == [Ending.DROPPED]


def test_what_the_prior_costs_to_learn_does_not_grow_with_the_edits_that_were_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def learn(start: Prior, seen: list[Any]) -> Prior:
        looked_at.append(len(seen))
        return start

    monkeypatch.setattr("rsi.kernel.judge.race.learn", learn)
    edits = 2_000
    race = Race(Settings(horizon=edits, slots=1), random.Random(1))
    for number in range(edits):
        race.open(str(number))
        race.withdraw(str(number), "for a test")
    assert looked_at[:9] == list(range(8, 73, 8)) and looked_at[-1] > 0.85 * edits
    assert sum(looked_at) < 12 * edits
