"""The tree posterior and the ablation of a lineage."""

import random

import pytest

from rsi.kernel.judge import Course, Family, FamilySettings, ablation_race, course_for, e_bh, worth_keeping


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
