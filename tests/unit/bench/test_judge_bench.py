"""`rsi bench judge`: worlds whose truth is what they say, every rule plays, and the command shows it."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from rsi.bench.arena import Arena, Program
from rsi.bench.judge import RULES, Result, goals, play, summarise, table
from rsi.bench.plot import figure
from rsi.bench.worlds import VISIBLE, WORLDS, World, calibrated, logistic
from rsi.cli.main import main

MAIN = World(WORLDS["main"], 7)


def test_a_world_has_the_ability_and_the_noise_that_it_says() -> None:
    for name in ("main", "noisy", "quiet"):
        mean, spread = calibrated(0.4, WORLDS[name].noise)
        chances = [logistic(mean + spread * (k - 500) / 100) for k in range(1001)]
        weights = [2.718281828 ** (-(((k - 500) / 100) ** 2) / 2) for k in range(1001)]
        total = sum(weights)
        assert sum(w * p for w, p in zip(weights, chances, strict=True)) / total == pytest.approx(0.4, abs=0.003)
        assert sum(w * p * (1 - p) for w, p in zip(weights, chances, strict=True)) / total == pytest.approx(WORLDS[name].noise, abs=0.003)


def test_edits_do_what_they_are_said_to_do_on_cases_that_nobody_has_seen() -> None:
    start = MAIN.truth(())
    for edit in range(0, 300, 25):
        assert MAIN.truth([edit]) - start == pytest.approx(MAIN.points[edit], abs=0.02)
    assert sum(points > 0 for points in MAIN.points) == 24
    assert sum(points < 0 for points in MAIN.points) == 96
    assert all(MAIN.helps(edit, ()) == (MAIN.points[edit] > 0) for edit in range(300))


def test_the_null_world_has_nothing_that_helps_and_overfitted_edits_help_on_visible_cases_only() -> None:
    null = World(WORLDS["null"], 7)
    assert not any(points > 0 for points in null.points)
    boosted = [edit for edit in range(300) if any(null.extras[edit].get(case, 0.0) > 4.5 for case in range(VISIBLE))]
    assert boosted


def test_all_rules_have_the_same_world_and_the_same_luck() -> None:
    again = World(WORLDS["main"], 7)
    assert again.cases == MAIN.cases
    assert again.extras == MAIN.extras
    first, second = Arena(MAIN, 100), Arena(again, 100)
    assert [first.play(Program(), case % 20) for case in range(50)] == [second.play(Program(), case % 20) for case in range(50)]
    assert first.left == 50


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_spends_no_more_than_its_budget_and_keeps_no_edit_twice(rule: str) -> None:
    arena = Arena(MAIN, 1500)
    verdicts = RULES[rule](arena, 1)
    assert 0 <= arena.left
    assert len(set(verdicts.kept)) == len(verdicts.kept)
    assert verdicts.kept or verdicts.claimed == pytest.approx(0.0)


def test_where_pairs_conflict_ours_takes_the_tree() -> None:
    world = World(WORLDS["conflict"], 3)
    ours, tree = (RULES[rule](Arena(world, 1500), 1) for rule in ("ours", "ours-tree"))
    assert ours == tree


def result(rule: str, **more: float) -> Result:
    values = {"true": 0.3, "claimed": 0.3, "kept": 8, "better": 8, "bound": 0.2} | more
    return Result(world="main", rule=rule, replicate=0, **values)  # type: ignore[arg-type]  # whole numbers are whole


def test_summaries_goals_table_and_figure_say_what_happened() -> None:
    summaries = summarise([result("ours"), result("ours", true=0.2, bound=0.25), result("dgm", better=2)])
    assert [summary.rule for summary in summaries] == ["ours", "dgm"]
    assert summaries[0].true == pytest.approx(0.25)
    assert summaries[0].holding == pytest.approx(0.5)
    assert summaries[1].better == pytest.approx(0.25)
    assert [goal.met for goal in goals(summaries)] == [True, True, False, False]
    assert any("dgm" in line and "25 %" in line for line in table(summaries))
    assert ElementTree.fromstring(figure(summaries)).tag.endswith("svg")


def test_the_command_prints_a_table_or_one_object_and_writes_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--worlds", "main", "--rules", "keep-if-higher", "--replicates", "1", "--seed", "3"]
    assert main(["bench", "judge", *options, "--workers", "1", "--out", str(tmp_path)]) == 0
    assert "keep-if-higher" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"judge.json", "judge.svg", "judge.txt"}
    assert main(["bench", "judge", *options, "--workers", "2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data == json.loads((tmp_path / "judge.json").read_text("utf-8"))
    assert data["results"][0]["rule"] == "keep-if-higher"
    assert list(play("main", ["keep-if-higher"], 3, [0]))[0].true == data["results"][0]["true"]


def test_an_unknown_world_is_the_users_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "judge", "--worlds", "mainn"]) == 2
    assert "did you mean 'main'" in capsys.readouterr().err
