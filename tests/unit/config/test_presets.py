"""Settings that go together are settings, and the documents say which."""

from pathlib import Path

import pytest

from rsi.config import load_config
from rsi.config.presets import META
from rsi.loop.chain import least_budget

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
