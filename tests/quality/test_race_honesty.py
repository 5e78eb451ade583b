"""The statistical claims of the factorial race, each as a simulation in which a judge that lies is caught. Seeds are fixed."""

import math
import random
from collections.abc import Callable

import pytest

from rsi.bench.judge import play
from rsi.kernel.judge import AlphaSpending, Draw, Ending, Estimate, Prior, Race, Rule, Settings, learn

pytestmark = [pytest.mark.statistical, pytest.mark.timeout(300)]

ALPHA = 0.1
TRIALS = 150
# One slot's worth of level for edit "a", which opens first: alpha / horizon.
COMPANY = Settings(budget=10**6, alpha=3 * ALPHA, horizon=3, slots=3, hopeless=0.0, hasty=0.0)

Chance = Callable[[Draw, int, int], float]
"""P(success) of a draw at a time on a case."""


def difficulty(case: int) -> float:
    return (case % 10) / 10


def alone(draw: Draw, time: int, case: int) -> float:
    """Ten cases over and over, of every difficulty."""
    return 0.05 + 0.9 * difficulty(case)


def drifting(draw: Draw, time: int, case: int) -> float:
    """The incumbent gets better all the time, and two other edits have effects of 30 points in opposite directions."""
    level = 0.2 + 0.4 * time / TRIALS + 0.3 * ("b" in draw.on) - 0.3 * ("c" in draw.on)
    return min(1.0, max(0.0, level + 0.3 * (difficulty(case) - 0.45)))


def hurts_a_little(draw: Draw, time: int, case: int) -> float:
    return alone(draw, time, case) - 0.03 * ("a" in draw.on)


def accepts_a(chance: Chance, rng: random.Random, *, conflicts: tuple[str, ...] = (), retries: bool = False) -> bool:
    """Whether edit "a", which does nothing good, is accepted at any time, asked after every trial."""
    race = Race(COMPANY, rng)
    race.open("a", conflicts)
    race.open("b")
    race.open("c")
    for time in range(TRIALS):
        draw, case = race.draw(), rng.randrange(10)
        score = float(rng.random() < chance(draw, time, case))
        if retries and "a" in draw.on:
            score = max(score, float(rng.random() < chance(draw, time, case)))
        for closed in race.observe(draw, [(case, score)]):
            if closed.edit == "a":
                return closed.ending is Ending.ACCEPTED
    return False


@pytest.mark.parametrize(
    ("chance", "conflicts"),
    [(alone, ()), (drifting, ()), (drifting, ("b", "c")), (hurts_a_little, ())],
    ids=["shared cases", "drifting incumbent", "conflicts with strong edits", "harmful"],
)
def test_an_edit_that_does_nothing_is_accepted_at_most_as_often_as_its_level_however_often_one_looks(
    chance: Chance, conflicts: tuple[str, ...], repetitions: Callable[..., int]
) -> None:
    rng, runs = random.Random(21), repetitions(2000)
    assert sum(accepts_a(chance, rng, conflicts=conflicts) for _ in range(runs)) / runs <= ALPHA


def test_a_race_that_runs_failures_of_one_edit_again_is_caught_by_the_same_simulation() -> None:
    rng = random.Random(22)
    assert sum(accepts_a(alone, rng, retries=True) for _ in range(200)) / 200 > 2 * ALPHA


def test_a_race_of_edits_that_do_nothing_keeps_any_of_them_at_most_as_often_as_alpha(repetitions: Callable[..., int]) -> None:
    rng, runs = random.Random(23), repetitions(500)
    kept = sum(keeps_any(rng) for _ in range(runs))
    assert kept / runs <= ALPHA


def keeps_any(rng: random.Random) -> bool:
    race = Race(Settings(budget=300, slots=4, horizon=8, alpha=ALPHA), rng)
    waiting = [str(number) for number in range(8)]
    for _ in range(300):
        while waiting and race.vacancies:
            race.open(waiting.pop())
        draw, case = race.draw(), rng.randrange(40)
        race.observe(draw, [(case, float(rng.random() < difficulty(case)))])
    return any(closed.ending is Ending.ACCEPTED for closed in race.finished)


@pytest.mark.parametrize("rows", [1, 12], ids=["trials", "builds of 12 trials"])
def test_the_e_value_of_an_edit_that_does_nothing_is_one_on_average_at_a_fixed_time(rows: int, repetitions: Callable[..., int]) -> None:
    rng, runs = random.Random(24), repetitions(3000)
    values = [e_value_after(rng, draws=20, rows=rows) for _ in range(runs)]
    mean = sum(values) / runs
    error = math.sqrt(sum((value - mean) ** 2 for value in values)) / runs
    assert abs(mean - 1) < 4 * error
    assert error < 0.05


def e_value_after(rng: random.Random, *, draws: int, rows: int, bias: float = 0.0) -> float:
    race = Race(Settings(budget=10**6, rule=Rule.REPORT, slots=2), rng)
    race.open("a")
    race.open("b")
    for time in range(draws):
        draw = race.draw()
        chance = 0.3 + 0.2 * ("b" in draw.on) + 0.01 * time + bias * ("a" in draw.on)
        race.observe(draw, [(rng.randrange(9), float(rng.random() < chance)) for _ in range(rows)])
    return math.exp(next(standing.log_e for standing in race.state().open if standing.edit == "a"))


def test_a_biased_bet_fails_the_test_of_the_mean() -> None:
    rng = random.Random(25)
    values = [e_value_after(rng, draws=20, rows=1, bias=0.1) for _ in range(1500)]
    mean = sum(values) / len(values)
    assert mean - 1 > 4 * math.sqrt(sum((value - mean) ** 2 for value in values)) / len(values)


def test_the_prior_that_is_learnt_is_the_one_that_the_edits_were_drawn_from() -> None:
    rng, planted = random.Random(26), Prior(better=0.2, worse=0.35, gain=0.06, loss=0.05)
    learnt = learn(Prior(), [Estimate(mean=rng.gauss(drawn_from(planted, rng), 0.012), error=0.012) for _ in range(2000)])
    assert learnt.better == pytest.approx(planted.better, abs=0.04)
    assert learnt.worse == pytest.approx(planted.worse, abs=0.06)
    assert learnt.gain == pytest.approx(planted.gain, abs=0.008)
    assert learnt.loss == pytest.approx(planted.loss, abs=0.008)


def drawn_from(prior: Prior, rng: random.Random) -> float:
    u = rng.random()
    if u < prior.better:
        return rng.gauss(prior.gain, prior.gain / 2)
    return rng.gauss(-prior.loss, prior.loss / 2) if u < prior.better + prior.worse else 0.0


def test_beliefs_of_accepted_edits_are_not_inflated_and_estimates_are() -> None:
    """Simulated from the prior itself: the mean belief of what was selected is the mean truth of it; the mean estimate is far above."""
    rng, prior = random.Random(27), Prior(better=0.2, worse=0.3)
    truths, beliefs, estimates = [], [], []
    while len(truths) < 400:
        truth = drawn_from(prior, rng)
        seen = Estimate(mean=rng.gauss(truth, 0.03), error=0.03)
        if prior.believe(seen).p_better > 0.6:
            truths.append(truth)
            beliefs.append(prior.believe(seen).mean)
            estimates.append(seen.mean)
    assert sum(beliefs) == pytest.approx(sum(truths), rel=0.1)
    assert sum(estimates) > 1.3 * sum(truths)


def test_in_the_main_world_ours_gains_more_than_keep_if_higher_and_claims_far_less_than_that_rule_does_falsely(
    repetitions: Callable[..., int],
) -> None:
    results = list(play("main", ["ours", "keep-if-higher"], 5, range(repetitions(5, least=3))))
    ours, plain = ([result for result in results if result.rule == rule] for rule in ("ours", "keep-if-higher"))
    assert sum(result.true for result in ours) > 1.5 * sum(result.true for result in plain)
    assert sum(result.better for result in ours) >= 0.85 * sum(result.kept for result in ours)
    assert sum(result.claimed - result.true for result in plain) > 3 * abs(sum(result.claimed - result.true for result in ours))


def test_where_nothing_can_help_ours_is_silent_and_keep_if_higher_is_not(repetitions: Callable[..., int]) -> None:
    results = list(play("null", ["ours", "keep-if-higher"], 5, range(repetitions(5, least=3))))
    assert sum(result.kept for result in results if result.rule == "ours") <= 1
    assert all(result.bound is None or result.bound <= 0 for result in results)
    assert all(result.kept for result in results if result.rule == "keep-if-higher")


def test_levels_are_e_lond_of_the_acceptances_before_the_edit_opened() -> None:
    spending, levels = AlphaSpending(0.1, 4), []
    for _ in range(3):
        levels.append(spending.open_test())
        spending.accepted()
    assert levels == pytest.approx([0.025, 0.05, 0.075])


def between(rng: random.Random, effect: float, shape: Callable[[random.Random], float], rounds: int = 60) -> bool:
    """Whether an edit of programs with scores between 0 and 1, run apart, is accepted within so many rounds of five cases."""
    race = Race(Settings(budget=10**6, alpha=ALPHA, horizon=1, hopeless=0.0, hasty=0.0), rng)
    race.open("a")
    for number in range(rounds):
        played = race.draw_round()
        base = [min(1.0, max(0.0, rng.gauss(0.5, 0.15))) for _ in range(5)]
        arms = [
            [((number, case), min(1.0, max(0.0, score + (effect + shape(rng) if "a" in on else 0.0)))) for case, score in enumerate(base)]
            for on in played.arms
        ]
        if any(closed.ending is Ending.ACCEPTED for closed in race.observe_round(played, arms)):
            return True
    return False


def even(rng: random.Random) -> float:
    return rng.gauss(0.0, 0.09) if rng.random() < 0.8 else 0.0


def lopsided(rng: random.Random) -> float:
    """Mean 0: nineteen small gains for one large loss."""
    return 0.01 if rng.random() < 0.95 else -0.19


@pytest.mark.parametrize("shape", [even, lopsided])
def test_scores_in_between_make_an_edit_without_effect_accepted_at_most_as_often_as_its_level(
    shape: Callable[[random.Random], float], repetitions: Callable[..., int]
) -> None:
    rng, runs = random.Random(27), repetitions(1000)
    assert sum(between(rng, 0.0, shape) for _ in range(runs)) / runs <= ALPHA


def test_an_edit_that_adds_a_few_points_to_scores_in_between_is_seen_and_one_that_is_bet_on_before_it_is_known_is_caught() -> None:
    rng = random.Random(28)
    assert sum(between(rng, 0.035, even) for _ in range(60)) / 60 > 0.9
    assert sum(between(rng, 0.0, lambda r: abs(even(r))) for _ in range(40)) / 40 > 0.9
