"""What is claimed of frozen improvers, each as a simulation in which a lie is caught. Seeds are fixed.

Every test looks after every pair. Gains are as in life: problems differ in how much there is to gain, some episodes gain nothing, and now
and then one makes things worse.
"""

import math
import random
from collections.abc import Callable

import pytest

from rsi.kernel.judge import Episode, Pair, compounding, pairs_of, ratio_of
from rsi.kernel.judge.ratio import log_less, log_more, log_same

pytestmark = [pytest.mark.statistical, pytest.mark.timeout(300)]

ALPHA = 0.05
PAIRS = 30
SHOWN = math.log(1 / ALPHA)
RUIN = math.log(2 / ALPHA)

Count = Callable[..., int]
Draw = Callable[[random.Random], Pair]


def pair(ours: float, theirs: float, start: float = 0.45) -> Pair:
    """Gains cut to where they can lie."""
    return Pair(start=start, ours=min(1 - start, max(-start, ours)), theirs=min(1 - start, max(-start, theirs)))


def skewed(rng: random.Random, scale: float) -> float:
    """Mostly small gains, at times a large one, at times a loss: mean `scale`."""
    u = rng.random()
    return scale * (rng.expovariate(1.0) * 1.25 if u < 0.9 else -1.25)


def same(rng: random.Random) -> Pair:
    """Two improvers that do not differ."""
    scale = rng.choice((0.02, 0.1, 0.2))
    return pair(skewed(rng, scale), skewed(rng, scale), rng.uniform(0.3, 0.6))


def steady(ratio: float) -> Draw:
    """Gains that vary by 25 % from run to run, on problems of several sizes; the expected ratio is as told."""

    def draw(rng: random.Random) -> Pair:
        scale = rng.choice((0.08, 0.16, 0.24))
        return pair(ratio * scale * (1 + 0.25 * rng.gauss(0, 1)), scale * (1 + 0.25 * rng.gauss(0, 1)))

    return draw


def lopsided(rng: random.Random) -> Pair:
    """Equal means, but ours mostly leads a little and now and then loses much: what the mean test must not fall for."""
    return pair(0.1 + (0.01 if rng.random() < 0.95 else -0.19), 0.1)


def ever(draw: Draw, rng: random.Random, evidence: Callable[[list[Pair]], float], needed: float) -> bool:
    """Whether the evidence reaches what is needed at any time."""
    pairs: list[Pair] = []
    for _ in range(PAIRS):
        pairs.append(draw(rng))
        if evidence(pairs) >= needed:
            return True
    return False


def e_same(pairs: list[Pair]) -> float:
    return log_same([p.ours - p.theirs for p in pairs])


def e_ratio(pairs: list[Pair]) -> float:
    return log_more(pairs, 1.0)


def looks_better(pairs: list[Pair]) -> float:
    """The rule of most reports: the mean is 10 % above, after at least five pairs. Here to show that the simulation catches it."""
    ours, theirs = sum(p.ours for p in pairs), sum(p.theirs for p in pairs)
    return math.inf if len(pairs) >= 5 and ours > 1.1 * theirs else 0.0


@pytest.mark.parametrize("evidence", [e_same, e_ratio])
def test_an_improver_that_is_no_better_is_called_better_at_most_as_often_as_alpha(
    evidence: Callable[[list[Pair]], float], repetitions: Count
) -> None:
    rng, runs = random.Random(21), repetitions(2000, least=400)
    assert sum(ever(same, rng, evidence, SHOWN) for _ in range(runs)) / runs <= ALPHA


def test_a_report_that_goes_by_means_fails_the_same_simulation() -> None:
    rng = random.Random(21)
    assert sum(ever(same, rng, looks_better, SHOWN) for _ in range(300)) / 300 > 0.3


def test_many_small_leads_and_few_large_losses_do_not_make_a_ratio_above_one(repetitions: Count) -> None:
    rng, runs = random.Random(22), repetitions(500, least=200)
    assert sum(ever(lopsided, rng, e_ratio, SHOWN) for _ in range(runs)) / runs <= ALPHA


@pytest.mark.parametrize("true", [0.0, 0.6, 1.0, 1.5])
def test_the_interval_covers_the_true_ratio_at_all_times_together_in_95_percent_of_runs(true: float, repetitions: Count) -> None:
    rng, runs = random.Random(23), repetitions(400, least=200)

    def against(pairs: list[Pair]) -> float:
        return max(log_more(pairs, true), log_less(pairs, true))

    assert sum(ever(steady(true), rng, against, RUIN) for _ in range(runs)) / runs <= ALPHA


def lower_starts_suit_ours(rng: random.Random) -> Pair:
    """An expected ratio of 0.2, but ours leads where there is much to gain and loses where there is not."""
    low = rng.random() < 0.5
    return Pair(start=0.05 if low else 0.95, ours=0.5 if low else -0.4, theirs=0.5 if low else 0.0)


def test_it_does_so_too_where_the_start_tells_who_will_lead(repetitions: Count) -> None:
    rng, runs, missed = random.Random(30), repetitions(200, least=100), 0
    for _ in range(runs):
        pairs = [lower_starts_suit_ours(rng) for _ in range(150)]
        missed += any(max(log_more(pairs[:n], 0.2), log_less(pairs[:n], 0.2)) >= RUIN for n in range(10, 151, 10))
    assert missed / runs <= ALPHA


@pytest.mark.parametrize("true", [0.6, 1.0, 1.5])
def test_so_does_the_sharp_interval_where_noise_has_no_side(true: float, repetitions: Count) -> None:
    rng, runs = random.Random(24), repetitions(400, least=200)

    def against(pairs: list[Pair]) -> float:
        return max(log_same([sign * (p.ours - true * p.theirs) for p in pairs]) for sign in (1, -1))

    assert sum(ever(steady(true), rng, against, RUIN) for _ in range(runs)) / runs <= ALPHA


def test_the_intervals_of_a_frozen_copy_contain_one(repetitions: Count) -> None:
    rng, runs, held = random.Random(25), repetitions(60, least=40), 0
    for _ in range(runs):
        found = ratio_of([same(rng) for _ in range(PAIRS)])
        assert found.low is None or found.low <= 1
        held += (found.sharp_low or -9.0) <= 1 <= (9.0 if found.sharp_high is None else found.sharp_high)
    assert held / runs >= 0.95


def test_half_as_much_again_is_seen_within_the_pairs_that_the_power_table_says_in_most_runs() -> None:
    rng = random.Random(26)
    assert sum(ever(steady(1.5), rng, e_same, SHOWN) for _ in range(200)) / 200 >= 0.9
    assert ratio_of([steady(1.5)(rng) for _ in range(120)]).e_value >= 20


def episodes(gains: list[float], repetitions: int = 1) -> list[Episode]:
    """Episodes with these gains, `repetitions` on each problem."""
    found = []
    for index, gain in enumerate(gains):
        problem, seed = divmod(index, repetitions)
        found.append(Episode(problem=f"{problem:04}", seed=seed, family="f", start=0.4, final=0.4 + gain, used=10))
    return found


def test_compounding_is_shown_at_most_as_often_as_alpha_where_only_the_first_step_is_one(repetitions: Count) -> None:
    rng, runs, shown = random.Random(27), repetitions(500, least=50), 0
    for _ in range(runs):
        arms = {
            name: episodes([mean * (1 + 0.25 * rng.gauss(0, 1)) for _ in range(24)]) for name, mean in (("0", 0.1), ("1", 0.2), ("2", 0.2))
        }
        found = compounding(["0", "1", "2"], arms)
        assert found.steps[0].shown
        shown += found.shown
    assert shown / runs <= ALPHA


def test_compounding_is_shown_where_every_version_is_better_than_the_last() -> None:
    rng, shown = random.Random(28), 0
    for _ in range(20):
        means = (("0", 0.1), ("1", 0.16), ("2", 0.26))
        shown += compounding(["0", "1", "2"], {n: episodes([m * (1 + 0.25 * rng.gauss(0, 1)) for _ in range(24)]) for n, m in means}).shown
    assert shown >= 18


def test_repetitions_of_one_problem_are_no_evidence_of_their_own(repetitions: Count) -> None:
    rng, runs = random.Random(29), repetitions(100, least=60)
    averaged = counted = 0
    for _ in range(runs):
        # Whom a problem suits is a matter of the problem: five problems are five flips of a coin, however often each is repeated.
        ours = episodes([0.1 + suits for suits in (rng.choice((-0.08, 0.08)) for _ in range(5)) for _ in range(20)], 20)
        theirs = episodes([0.1] * 100, 20)
        averaged += ratio_of(pairs_of(ours, theirs)).e_same >= 20
        counted += log_same([a.gain - b.gain for a, b in zip(ours, theirs, strict=True)]) >= SHOWN
    assert averaged / runs <= ALPHA < counted / runs
