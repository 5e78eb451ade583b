"""Configuration: defaults, files, flags, and one helpful line for whatever is wrong."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from rsi.config import RunConfig, from_json, load_config, parse_programs, to_json
from rsi.core.codec import canonical
from rsi.core.errors import UserError

ROOT = Path(__file__).parents[3]


def write(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text)
    return path


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load_config(write(folder, text))
    message = str(caught.value)
    assert "\n" not in message and message.startswith(str(folder / "run.toml"))
    return message.removeprefix(str(folder / "run.toml"))


def test_without_a_file_every_key_has_its_default() -> None:
    config = load_config(None)
    assert config == RunConfig()
    assert (config.agent, config.suite, config.run.seed, config.judge.alpha) == ("seed", "list_functions", 1, 0.1)


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "[judge]\nalpha = 0.2\n[run]\nprograms = 1_000\n"))
    assert (config.judge.alpha, config.run.programs, config.judge.block) == (0.2, 1000, RunConfig().judge.block)


def test_flags_win_over_the_file_and_none_is_no_flag(tmp_path: Path) -> None:
    path = write(tmp_path, "[run]\nprograms = 1000\nseed = 5\n")
    config = load_config(path, {"run.programs": 7, "run.seed": None, "agent": "mine"})
    assert (config.run.programs, config.run.seed, config.agent) == (7, 5, "mine")


def test_a_misspelt_section_suggests_the_nearest(tmp_path: Path) -> None:
    assert complaint(tmp_path, "[jugde]\nalpha = 0.1\n") == ": unknown key 'jugde'; did you mean 'judge'?"


def test_a_misspelt_key_names_its_section_and_suggests_the_nearest(tmp_path: Path) -> None:
    assert complaint(tmp_path, "[judge]\nalhpa = 0.1\n") == ": unknown key 'alhpa' in [judge]; did you mean 'alpha'?"


def test_an_unknown_key_like_no_other_lists_what_is_known(tmp_path: Path) -> None:
    assert complaint(tmp_path, "[jail]\nzzz = 1\n") == ": unknown key 'zzz' in [jail]; known are require, template, tier, wall_s"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[judge]\nalpha = 2.0\n", "judge.alpha = 2.0: should be less than 1"),
        ("[judge]\nalpha = 'much'\n", "judge.alpha = 'much': should be a valid number"),
        ("[judge]\nalpha = nan\n", "judge.alpha = nan: should be a finite number"),
        ("[run]\nprograms = 0\n", "run.programs = 0: should be greater than or equal to 1"),
        ("[run]\nseed = true\n", "run.seed = True: should be a valid integer"),
        ("[run]\nfrozen_improver = 1\n", "run.frozen_improver = 1: should be a valid boolean"),
        ("[jail]\ntier = 'S9'\n", "jail.tier = 'S9': should be 'auto', 'S4', 'S3', 'S2' or 'S1'"),
        ("[jail]\nrequire = 'S0'\n", "jail.require = 'S0': should be 'suite', 'S4', 'S3', 'S2' or 'S1'"),
        ("run = 3\n", "run = 3: should be a section, [run]"),
        ("[judge]\nblock = 1000\nmax_pairs = 320\n", "judge: block = 1000 should be at most max_pairs = 320"),
        (
            "[judge]\ncourse = 'tree'\n[safety]\nsuite = 'list_functions_basics'\n",
            'safety: a safety suite needs judge.course = "race" or "auto": a tree of versions is not judged for harm',
        ),
    ],
)
def test_a_wrong_value_names_the_key_the_value_and_what_is_allowed(tmp_path: Path, text: str, key: str) -> None:
    assert complaint(tmp_path, text) == f": {key}"


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    assert re.match(r":3: not TOML: ", complaint(tmp_path, "[run]\nseed = 1\nprograms = = 2\n"))
    assert ":1: not TOML: " in complaint(tmp_path, "[run")


def test_a_file_that_cannot_be_read_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such configuration file"):
        load_config(tmp_path / "missing.toml")
    with pytest.raises(UserError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"agent = '\xe9'\n")
    with pytest.raises(UserError, match="not UTF-8"):
        load_config(tmp_path / "latin.toml")


def test_a_wrong_flag_is_the_users_error_too() -> None:
    with pytest.raises(UserError, match="run.seed = -1: should be greater"):
        load_config(None, {"run.seed": -1})


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        RunConfig().run.seed = 2


def test_a_configuration_survives_the_log() -> None:
    config = load_config(None, {"judge.alpha": 0.25, "run.frozen_improver": True})
    assert from_json(to_json(config)) == config
    assert canonical(to_json(config)) == canonical(to_json(from_json(to_json(config))))


def test_an_empty_salt_leaves_the_configuration_of_the_log_as_it_was() -> None:
    assert '"salt"' not in canonical(to_json(RunConfig())).decode()
    salted = load_config(None, {"run.salt": "pepper"})
    assert '"salt":"pepper"' in canonical(to_json(salted)).decode() and from_json(to_json(salted)) == salted


@pytest.mark.parametrize(
    ("text", "programs"), [("40M", 40_000_000), ("250_000", 250_000), ("600k", 600_000), ("1.5m", 1_500_000), ("2G", 2 * 10**9), (" 7 ", 7)]
)
def test_budgets_are_read_as_people_write_them(text: str, programs: int) -> None:
    assert parse_programs(text) == programs


@pytest.mark.parametrize("text", ["", "M", "-3", "0", "1.5", "4e7", "40 MB", "0.0001k", "9" * 40])
def test_what_is_no_budget_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="write for instance"):
        parse_programs(text)


def keys(model: type[BaseModel], prefix: str = "") -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            out += keys(type(field.default), f"{prefix}{name}.")
        else:
            out.append((prefix + name, field.description or ""))
    return out


@pytest.mark.parametrize(("key", "text"), keys(RunConfig))
def test_every_key_stands_in_the_documents_with_its_sentence(key: str, text: str) -> None:
    line = next(line for line in (ROOT / "docs" / "config.md").read_text().splitlines() if line.startswith(f"| `{key}` |"))
    assert text.rstrip(".") in line
