"""The section on language models is as strict as the others, and keeps secrets out of the log."""

from pathlib import Path

import pytest

from rsi.config import RunConfig, from_json, load_config, to_json
from rsi.core.errors import UserError

FULL = """
[models]
model = "openai:gpt-5-mini"
fallbacks = ["anthropic:claude-haiku-4-5"]
dollars = 2.5
[models.prices."openai:gpt-5-mini"]
input = 0.25
output = 2
"""


def load(tmp_path: Path, text: str) -> RunConfig:
    path = tmp_path / "run.toml"
    path.write_text(text)
    return load_config(path)


def test_models_and_prices_are_read_and_stand_in_the_log(tmp_path: Path) -> None:
    config = load(tmp_path, FULL.replace("output = 2", "output = 2.0"))
    assert config.models.fallbacks == ["anthropic:claude-haiku-4-5"] and config.models.prices["openai:gpt-5-mini"].output == 2.0
    assert from_json(to_json(config)) == config


def test_a_run_without_models_says_nothing_of_them_in_its_log() -> None:
    data = to_json(RunConfig())
    assert isinstance(data, dict) and "models" not in data and from_json(data) == RunConfig()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[models]\nmodel = "gpt-5"', "should be openai:NAME or anthropic:NAME"),
        ('[models]\nmodel = "openai:x"\nfallbacks = ["y"]', "should be openai:NAME or anthropic:NAME"),
        ('[models]\nfallbacks = ["openai:x"]', "needs models.model"),
        ('[models]\nbase_url = "http://user:word@host/v1"', "without user, password or query"),
        ('[models]\nbase_url = "host/v1"', "should be an address like"),
        ("[models]\ndollar = 1.0", "unknown key 'dollar' in [models]; did you mean 'dollars'?"),
        ('[models.prices."openai:x"]\ninputt = 1.0\noutput = 1.0', "did you mean 'input'?"),
        ('[models.prices."openai:x"]\ninput = -1.0\noutput = 1.0', "models.prices.openai:x.input"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_key_and_what_to_write(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, text)
    assert reason in str(error.value) and "\n" not in str(error.value)
