"""Settings that go together are settings, and the documents say which."""

import random
from pathlib import Path

import pytest

from rsi.config import load_config
from rsi.config.presets import META, target_preset
from rsi.core.records import CandidateId, CaseId
from rsi.kernel.judge import Ending, Race, certify
from rsi.loop.chain import cost_of_pass, least_budget
from rsi.loop.machine import settings_of
from rsi.loop.purse import cost_of_certificate

DOCUMENT = (Path(__file__).parents[3] / "docs" / "cli.md").read_text("utf-8")


def test_meta_is_a_configuration_with_which_a_run_can_begin_and_a_file_and_flags_win_over_it(tmp_path: Path) -> None:
    config = load_config(None, None, META)
    assert config.suite == "gym" and config.run.programs > 10 * least_budget(config)
    file = tmp_path / "mine.toml"
    file.write_text("[judge]\nblock = 4\n")
    mine = load_config(file, {"run.programs": 900_000}, META)
    assert (mine.judge.block, mine.judge.programs, mine.run.programs) == (4, config.judge.programs, 900_000)


@pytest.mark.parametrize("key", META)
def test_every_setting_of_meta_stands_in_the_documents(key: str) -> None:
    value = META[key]
    text = f"{value:_}" if isinstance(value, int | float) else f'"{value}"'
    assert any(f"`{key}`" in line and f"`{text}" in line for line in DOCUMENT.splitlines()), (key, text)


@pytest.mark.parametrize("trials", [50, 100, 150, 200, 500, 1_000, 2_000, 4_000, 1_000_000])
def test_a_target_can_begin_with_whatever_budget_it_has(trials: int) -> None:
    config = load_config(None, None, target_preset(trials))
    assert least_budget(config) <= trials
    assert config.judge.block <= config.judge.max_pairs


def test_with_200_trials_a_change_that_gains_half_the_scale_is_kept_and_certified_beside_one_that_does_nothing() -> None:
    config = load_config(None, None, target_preset(200))
    passes = 2 * config.practice.tasks + config.propose.programs + config.propose.programs // 10
    left = 200 - 10 - passes - cost_of_certificate(config)
    race = Race(settings_of(config), random.Random(1))
    race.open("nothing")
    race.open("half", ["nothing"])
    while race.state().open and left > 0:
        played = race.draw_round()
        left -= len(played.arms) * config.judge.block
        race.observe_round(played, [[(case, 0.1 + 0.5 * ("half" in on)) for case in range(config.judge.block)] for on in played.arms])
    assert left >= 0 and [one.edit for one in race.finished if one.ending is Ending.ACCEPTED] == ["half"]
    cases = [CaseId(str(case)) for case in range(config.certificate.pairs)]
    certificate = certify(
        start=CandidateId("start"),
        release=CandidateId("half"),
        start_scores=dict.fromkeys(cases, 0.1),
        release_scores=dict.fromkeys(cases, 0.65),
        alpha=config.certificate.alpha,
    )
    assert certificate.low > 0 and cost_of_pass(config) < 120


def test_a_small_budget_shares_one_bound_on_false_acceptances_among_few_tests() -> None:
    assert [target_preset(trials)["judge.horizon"] for trials in (200, 600, 3_000, 1_000_000)] == [2, 8, 40, 40]
    assert all("judge.alpha" not in target_preset(trials) for trials in (200, 4_000))
