"""Safety suites in a race: who is vetoed, who is accepted, and how seldom an edit that does harm passes for harmless."""

import random
from collections.abc import Callable, Mapping

import pytest

from rsi.kernel.judge import Closed, Ending, Race, Round, SafetyEvidence, Settings, fewest_pairs
from rsi.kernel.judge.rounds import ABREAST

BLOCK = 8
MARGIN = 0.1
GUARDED = Settings(budget=10**6, hopeless=0.0, hasty=0.0, horizon=8, alpha=0.5, margin=MARGIN, safety_share=0.25)


def race(edits: str, settings: Settings = GUARDED) -> Race:
    made = Race(settings, random.Random(1))
    for edit in edits:
        made.open(edit)
    return made


def scores(
    played: Round, gains: Mapping[str, float], harms: Mapping[str, float], rng: random.Random
) -> list[list[tuple[int, float | None]]]:
    """Each edit solves some more cases than the incumbent does (50 %), or loses some safety cases (of which the incumbent solves 90 %)."""
    base, effect = (0.9, {edit: -harm for edit, harm in harms.items()}) if played.safety else (0.5, gains)
    luck = [rng.random() for _ in range(BLOCK)]
    return [[(case, float(luck[case] < base + sum(effect.get(edit, 0.0) for edit in on))) for case in range(BLOCK)] for on in played.arms]


def play(made: Race, gains: Mapping[str, float], harms: Mapping[str, float], rounds: int) -> tuple[list[Round], list[Closed]]:
    rng, drawn, closed = random.Random(2), list[Round](), list[Closed]()
    for _ in range(rounds):
        drawn.append(made.draw_round())
        closed += made.observe_round(drawn[-1], scores(drawn[-1], gains, harms, rng))
    return drawn, closed


def test_an_edit_that_helps_the_suite_and_hurts_safety_is_vetoed_and_a_harmless_good_one_is_accepted() -> None:
    _, closed = play(race("ab"), {"a": 0.3, "b": 0.3}, {"a": 0.4}, 100)
    assert {one.edit: one.ending for one in closed} == {"a": Ending.VETOED, "b": Ending.ACCEPTED}
    good = closed[-1].standing
    assert good.shown and good.harmless and not good.is_held_up


def test_without_a_margin_no_round_is_about_safety() -> None:
    drawn, closed = play(race("ab", Settings(budget=10**6, horizon=8, alpha=0.5)), {"a": 0.3}, {"a": 0.4}, 60)
    assert not any(one.safety for one in drawn)
    assert [one.ending for one in closed if one.edit == "a"] == [Ending.ACCEPTED]
    assert closed[0].standing.harmless is None


@pytest.mark.parametrize(("share", "most"), [(0.1, 11), (0.25, 26), (0.5, 51)])
def test_a_share_of_the_rounds_is_about_safety_as_long_as_others_are_of_use(share: float, most: int) -> None:
    settings = Settings(budget=10**6, hopeless=0.0, hasty=0.0, horizon=8, margin=0.01, safety_share=share)
    drawn, _ = play(race("abcdef", settings), {}, {}, 100)
    assert most - 2 <= sum(one.safety for one in drawn) <= most
    assert all(one.apart and 2 <= len(one.arms) <= ABREAST + 1 for one in drawn if one.safety)


def test_an_edit_that_only_lacks_the_proof_of_harmlessness_is_in_no_other_round_and_gets_all_there_are() -> None:
    made = race("a", Settings(budget=10**6, horizon=8, alpha=0.5, margin=0.02, safety_share=0.1))
    drawn, closed = play(made, {"a": 0.4}, {}, 35)
    assert not closed and made.standing("a").is_held_up
    shown = next(place for place in range(35) if all(one.safety for one in drawn[place:]))
    assert shown < 30
    _, closed = play(made, {"a": 0.4}, {}, 30)
    assert [one.ending for one in closed] == [Ending.ACCEPTED]


def test_who_was_shown_harmless_costs_no_more_safety_rounds() -> None:
    made = race("a", Settings(budget=10**6, hopeless=0.0, horizon=8, margin=0.3, safety_share=0.25))
    drawn, _ = play(made, {}, {}, 100)
    assert 0 < sum(one.safety for one in drawn) <= 8
    assert made.standing("a").harmless and not made.standing("a").shown


def test_safety_rounds_say_nothing_about_what_an_edit_is_worth() -> None:
    made = race("a", Settings(budget=10**6, horizon=8, margin=0.02, safety_share=0.999))
    before = made.standing("a")
    drawn, _ = play(made, {}, {"a": 0.02}, 20)
    after = made.standing("a")
    assert all(one.safety for one in drawn)
    assert (before.log_e, before.estimate, before.trials) == (after.log_e, after.estimate, after.trials)


@pytest.mark.parametrize("margin", [0.02, 0.05, 0.3])
def test_the_fewest_pairs_are_what_an_edit_needs_that_alters_no_answer(margin: float) -> None:
    evidence = SafetyEvidence(margin)
    harmless = []
    for _ in range(fewest_pairs(margin)):
        evidence.add_pair(0.0)
        harmless.append(evidence.harmless)
    assert harmless.index(True) == fewest_pairs(margin) - 1
    assert not evidence.harmful


def difference(rng: random.Random, effect: float, discordance: float) -> float:
    """Won, lost or the same on a case, with this mean."""
    luck = rng.random()
    return 1.0 if luck < (discordance + effect) / 2 else -1.0 if luck < discordance else 0.0


@pytest.mark.statistical
@pytest.mark.parametrize("discordance", [MARGIN, 0.2, 0.5], ids=["only losses", "few differ", "many differ"])
def test_an_edit_at_minus_the_margin_passes_for_harmless_in_five_of_a_hundred_at_most(
    discordance: float, repetitions: Callable[..., int]
) -> None:
    rng, runs, passed = random.Random(5), repetitions(1000, least=400), 0
    for _ in range(runs):
        evidence = SafetyEvidence(MARGIN)
        for _ in range(400):
            evidence.add_pair(difference(rng, -MARGIN, discordance))
        passed += evidence.harmless
    assert passed / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.statistical
def test_in_a_whole_race_of_strong_rivals_too(repetitions: Callable[..., int]) -> None:
    runs, passed, accepted = repetitions(200, least=100), 0, 0
    for run in range(runs):
        rng, made = random.Random(run), race("abc")
        for _ in range(60):
            played = made.draw_round()
            made.observe_round(played, scores(played, {"a": 0.3, "b": 0.3, "c": 0.1}, {"a": MARGIN}, rng))
        endings = {one.edit: one.ending for one in made.finished}
        passed += endings.get("a") is Ending.ACCEPTED
        accepted += endings.get("b") is Ending.ACCEPTED
    assert passed / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5
    assert accepted / runs > 0.8


@pytest.mark.statistical
def test_an_edit_that_does_nothing_there_is_vetoed_in_five_of_a_hundred_at_most(repetitions: Callable[..., int]) -> None:
    rng, runs, vetoed = random.Random(7), repetitions(1000, least=400), 0
    for _ in range(runs):
        evidence = SafetyEvidence(0.01)
        for _ in range(400):
            evidence.add_pair(difference(rng, 0.0, 0.2))
        vetoed += evidence.harmful
    assert vetoed / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.statistical
def test_evidence_that_bets_twice_on_each_case_is_caught_by_the_same_simulation() -> None:
    rng, passed = random.Random(5), 0
    for _ in range(200):
        evidence = SafetyEvidence(MARGIN)
        for _ in range(400):
            gap = difference(rng, -MARGIN, 0.2)
            for _ in range(3):
                evidence.add_pair(gap)
        passed += evidence.harmless
    assert passed / 200 > 0.1
