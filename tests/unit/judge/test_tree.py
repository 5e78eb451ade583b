"""The tree posterior and the ablation of a lineage."""

import random

import pytest

from rsi.kernel.judge import Course, Family, FamilySettings, ablated, ablation_race, course_for, e_bh, worth_keeping


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k in range(len(rows)):
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for other in range(len(rows)):
            if other != k:
                rows[other] = [a - rows[other][k] * b for a, b in zip(rows[other], rows[k], strict=True)]
    return [row[-1] for row in rows]


def test_one_sweep_gives_the_exact_posterior_of_all_versions() -> None:
    settings = FamilySettings(drift=0.01, spread=0.1, noise=0.2)
    family = Family(settings, random.Random(1))
    parents = [-1, 0, 0, 1, 1, 3]
    for parent in parents[1:]:
        family.add(parent)
    plays = [(0, 1.0), (1, 0.0), (3, 1.0), (3, 1.0), (5, 0.0), (2, 1.0), (5, 1.0)]
    for number, (version, score) in enumerate(plays):
        family.observe(version, f"case {number}", score)
    precision = [[0.0] * 6 for _ in range(6)]
    sums = [0.0] * 6
    precision[0][0], sums[0] = 4.0, 2.0
    for version, score in plays:
        precision[version][version] += 1 / settings.noise
        sums[version] += score / settings.noise
    for child, parent in enumerate(parents[1:], start=1):
        tight = 1 / settings.spread**2
        for a, b, sign in ((child, child, 1), (parent, parent, 1), (child, parent, -1), (parent, child, -1)):
            precision[a][b] += sign * tight
        sums[child] += tight * settings.drift
        sums[parent] -= tight * settings.drift
    abilities = family.abilities()
    assert [ability.mean for ability in abilities] == pytest.approx(solve(precision, sums))
    for version, ability in enumerate(abilities):
        unit = [float(other == version) for other in range(6)]
        assert ability.error**2 == pytest.approx(solve(precision, unit)[version])
    assert family.lineage(5) == (1, 3, 5)


def test_trials_go_where_the_ability_is_and_children_come_from_there() -> None:
    rng = random.Random(2)
    family = Family(FamilySettings(spread=0.2), rng)
    chances = [0.3, 0.2, 0.7]
    family.add(0)
    family.add(0)
    counts = [0, 0, 0]
    for number in range(300):
        version = family.next_to_run()
        counts[version] += 1
        family.observe(version, number, float(rng.random() < chances[version]))
    assert counts[2] > 200
    assert family.best() == 2
    assert sum(family.next_to_extend() == 2 for _ in range(20)) >= 18


def test_a_child_without_trials_is_expected_where_its_parent_is() -> None:
    family = Family(FamilySettings(drift=0.0), random.Random(3))
    for number in range(50):
        family.observe(0, number, 1.0)
    child = family.add(0)
    abilities = family.abilities()
    assert abilities[child].mean == pytest.approx(abilities[0].mean)
    assert abilities[child].error > abilities[0].error
    with pytest.raises(ValueError, match="not in the family"):
        family.add(9)


def test_ablation_keeps_what_carries_the_gain_of_a_lineage() -> None:
    rng = random.Random(4)
    effects = {"a": 0.12, "b": 0.0, "c": -0.12, "d": 0.15, "e": 0.0}
    race = ablation_race(list(effects), 3000, rng)
    for number in range(3000):
        draw = race.draw()
        race.observe(draw, [(number % 100, float(rng.random() < 0.4 + sum(effects[edit] for edit in draw.on)))])
    assert {standing.edit for standing in worth_keeping(race)} == {"a", "d"}
    assert {standing.edit for standing in e_bh(race)} == {"a", "d"}
    assert race.finished == ()


def test_the_course_follows_from_how_many_pairs_conflict() -> None:
    assert course_for(0.0) is course_for(0.14) is Course.RACE
    assert course_for(0.15) is course_for(0.3) is Course.TREE


def test_the_effect_of_an_edit_is_the_posterior_of_the_difference_to_its_parent() -> None:
    """Against joint samples of all abilities, drawn by the family itself."""
    family = Family(FamilySettings(drift=0.0, spread=0.2, noise=0.2), random.Random(4))
    for parent in (0, 1, 1):
        family.add(parent)
    for number, (version, score) in enumerate([(0, 0.0), (1, 1.0), (2, 1.0), (2, 1.0), (3, 0.0)]):
        family.observe(version, number, score)
    samples = [family._sample() for _ in range(40_000)]
    for version, parent in ((1, 0), (2, 1), (3, 1)):
        differences = [sample[version] - sample[parent] for sample in samples]
        mean = sum(differences) / len(differences)
        seen = family.effect(version)
        assert seen.mean == pytest.approx(mean, abs=0.005)
        assert seen.error**2 == pytest.approx(sum((one - mean) ** 2 for one in differences) / len(differences), rel=0.05)
    with pytest.raises(ValueError, match="no edit"):
        family.effect(0)


def test_what_a_case_is_worth_cancels_out_between_versions_that_are_run_on_it_together() -> None:
    """One solves what the other does and one case in twenty more: in whatever order the cases come, the difference comes out."""
    for seed in range(20):
        family, cases = Family(FamilySettings(drift=0.0, spread=0.2), random.Random(5)), list(range(100))
        family.add(0)
        random.Random(seed).shuffle(cases)
        for case in cases:
            family.observe_together(case, {0: float(case < 50), 1: float(case < 55)})
        assert family.effect(1).mean == pytest.approx(0.05, abs=0.01)


def test_who_is_retired_is_never_chosen_again_and_goes_on_telling_of_its_kin() -> None:
    family = Family(FamilySettings(spread=0.3), random.Random(7))
    good, poor = family.add(0), family.add(0)
    for number in range(60):
        family.observe(good, number, 1.0)
        family.observe(poor, f"poor {number}", 0.0)
    assert family.best() == family.next_to_run() == good
    before = family.abilities()
    family.retire(good)
    assert family.abilities() == before
    assert family.best() == 0
    assert {family.next_to_run() for _ in range(50)} | {family.next_to_extend() for _ in range(50)} <= {0, poor}


def test_an_ablation_in_rounds_runs_all_edits_of_a_long_lineage_alike() -> None:
    edits = [f"e{number}" for number in range(10)]
    race, rng = ablation_race(edits, 10_000, random.Random(8)), random.Random(9)
    for number in range(300):
        played = race.draw_round()
        cases = [(number, k) for k in range(4)]
        race.observe_round(played, [[(case, float(rng.random() < 0.4 + 0.2 * ("e3" in arm))) for case in cases] for arm in played.arms])
    trials = [standing.trials for standing in race.state().open]
    assert max(trials) <= 1.2 * min(trials)
    assert ablated(race)[0].edit == "e3" and {standing.edit for standing in worth_keeping(race)} == {"e3"}
    assert {standing.edit for standing in e_bh(race)} == {"e3"}
