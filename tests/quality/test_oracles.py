"""Our e-value code beside two packages that others wrote. They are only for development: without them these tests are skipped."""

import math
import random
from collections import Counter
from collections.abc import Sequence

import pytest

from rsi.kernel.judge import AlphaSpending, Race, Rule, Settings, ablation_race, e_bh, interval
from tests.seed_agent import modules


def test_levels_decide_as_e_lond_of_online_fdr_does() -> None:
    sequential = pytest.importorskip("online_fdr.e_values.sequential", reason="online-fdr is not installed: pip install 'rsi[oracles]'")
    horizon, rng = 60, random.Random(31)

    class Uniform(sequential.AbstractGammaSequence):  # type: ignore[misc]  # the package has no types
        def calc_gamma(self, j: int, **_: object) -> float:
            return 1 / horizon

    theirs, ours = sequential.ELond(0.1, Uniform(1.0)), AlphaSpending(0.1, horizon)
    for _ in range(horizon):
        e_value, level = math.exp(rng.gauss(4.0, 3.0)), ours.open_test()
        assert level is not None
        rejected = e_value >= 1 / level
        assert theirs.test_one(e_value) == rejected
        if rejected:
            ours.accepted()


def test_certified_edges_are_those_of_e_bh_of_online_fdr() -> None:
    batch = pytest.importorskip("online_fdr.e_values.batch", reason="online-fdr is not installed: pip install 'rsi[oracles]'")
    rng = random.Random(32)
    race = ablation_race([str(number) for number in range(6)], 1500, rng)
    for _ in range(1500):
        draw = race.draw()
        race.observe(draw, [(0, float(rng.random() < 0.2 + sum({"0": 0.3, "1": 0.2, "2": 0.1}.get(edit, 0.0) for edit in draw.on)))])
    standings = race.state().open
    theirs = batch.e_bh([math.exp(standing.log_e) for standing in standings], 0.1)
    assert {standing.edit for standing in e_bh(race)} == {s.edit for s, taken in zip(standings, theirs, strict=True) if taken}
    assert 2 <= len(e_bh(race)) < 6


def test_the_interval_is_close_to_the_betting_interval_of_ville() -> None:
    ville = pytest.importorskip("ville", reason="ville is not installed: pip install 'rsi[oracles]'")
    rng = random.Random(33)
    pairs = [1.0 if u < 0.25 else -1.0 if u < 0.35 else 0.0 for u in (rng.random() for _ in range(600))]
    theirs = ville.BettingCS(bounds=(-1.0, 1.0), alpha=0.05)
    theirs.update(pairs)
    low, high = interval(Counter(pairs), 0.05)
    their_low, their_high = float(theirs.lower_[-1]), float(theirs.upper_[-1])
    assert low < 0.15 < high
    assert abs(low - their_low) < 0.05
    assert abs(high - their_high) < 0.05


def test_the_race_and_the_betting_test_of_ville_agree_on_which_of_two_edits_helps() -> None:
    ville = pytest.importorskip("ville", reason="ville is not installed: pip install 'rsi[oracles]'")
    rng = random.Random(34)
    race = Race(Settings(budget=2000, rule=Rule.REPORT), rng)
    race.open("good")
    race.open("idle")
    signed: dict[str, list[float]] = {"good": [], "idle": []}
    for _ in range(800):
        draw = race.draw()
        score = float(rng.random() < 0.3 + 0.2 * ("good" in draw.on))
        race.observe(draw, [(0, score)])
        for edit, seen in signed.items():
            seen.append(score - 0.4 if edit in draw.on else 0.4 - score)
    for standing in race.state().open:
        theirs = ville.BettingTest(0.0, bounds=(-1.0, 1.0), alternative="greater")
        theirs.update(signed[standing.edit])
        assert (float(theirs.log_e_values_[-1]) > math.log(20)) == (standing.log_e > math.log(20)) == (standing.edit == "good")


def test_numbers_are_tuned_in_as_many_trials_as_cmaes_takes() -> None:
    cmaes = pytest.importorskip("cmaes", reason="cmaes is not installed: pip install 'rsi[oracles]'")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed: pip install 'rsi[arrays]'")
    own = modules("cma").cma

    def far(point: Sequence[float]) -> float:
        """How far from the summit, on scales that differ a thousandfold."""
        return sum(1000 ** (k / 7) * x * x for k, x in enumerate(point))

    def ours(seed: int) -> int:
        search, trials = own.Cma([2.0] * 8, 0.5, random.Random(seed)), 0
        while far(search.mean) > 1e-4 and trials < 20_000:
            points = search.drawn()
            search.told(points, [-far(point) for point in points])
            trials += len(points)
        return trials

    def theirs(seed: int) -> int:
        search, trials = cmaes.SepCMA(mean=numpy.full(8, 2.0), sigma=0.5, seed=seed), 0
        while far(search.mean.tolist()) > 1e-4 and trials < 20_000:
            points = [search.ask() for _ in range(search.population_size)]
            search.tell([(point, far(point.tolist())) for point in points])
            trials += len(points)
        return trials

    mine, other = (sum(run(seed) for seed in range(1, 11)) / 10 for run in (ours, theirs))
    assert mine < 1.15 * other, (mine, other)
