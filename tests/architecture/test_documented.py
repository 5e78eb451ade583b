"""Every verb, option and configuration key stands in the documents, and nothing stands there that does not exist."""

import json
import re
from collections.abc import Iterator

import pytest
from cyclopts import App
from pydantic import BaseModel

from rsi.cli.main import app
from rsi.config.model import RunConfig
from rsi.targets import TargetSpec
from tests.architecture.source import ROOT

CLI = (ROOT / "docs/cli.md").read_text("utf-8")
CONFIG = (ROOT / "docs/config.md").read_text("utf-8")
TARGETS = (ROOT / "docs/targets.md").read_text("utf-8")
VERBS = sorted(name for name in app if not name.startswith("-"))
INNER = sorted(f"{verb} {name}" for verb in VERBS for name in app[verb] if not name.startswith("-"))
"""Verbs below a verb, such as `improver show`."""
EVERYWHERE = {"--help", "--version"}


def section(verb: str) -> str:
    """The part of docs/cli.md below the heading that names `rsi verb`, up to the next heading of its level or above."""
    found = re.search(rf"^(#+) .*\brsi {re.escape(verb)}\b.*$", CLI, re.MULTILINE)
    assert found, f"docs/cli.md has no heading with `rsi {verb}`"
    rest = CLI[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def options(verb: App) -> set[str]:
    """Long names of the options of a verb; one that only has verbs below it has none."""
    if verb.default_command is None:
        return set()
    arguments = verb.assemble_argument_collection()
    names = {name for argument in arguments if argument.show for name in set(argument.names) - set(argument.negatives)}
    return {name for name in names if name.startswith("--")}


def find(verb: str) -> App:
    """A verb, or a verb below one."""
    found = app
    for name in verb.split():
        found = found[name]
    return found


def flags(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted configuration keys with their defaults."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field.default


def as_toml(default: object) -> str:
    """A default as the documents show it, texts without their quotes."""
    if isinstance(default, bool | tuple | dict):
        return json.dumps(default)
    return str(default)


KEYS = dict(keys(RunConfig))
TARGET_KEYS = dict(keys(TargetSpec))


def test_verbs_and_keys_are_found() -> None:
    assert {"run", "show", "diff", "lineage", "verify", "solve"} <= set(VERBS) and "improver show" in INNER
    assert {"run.seed", "judge.alpha"} <= set(KEYS)


@pytest.mark.parametrize("verb", [*VERBS, *INNER])
def test_a_verb_and_its_options_stand_in_the_documents(verb: str) -> None:
    missing = options(find(verb)) - flags(section(verb)) - EVERYWHERE
    assert not missing, f"docs/cli.md lacks {sorted(missing)} of rsi {verb}"


def test_the_documents_name_no_option_that_does_not_exist() -> None:
    known = EVERYWHERE.union(*(options(find(verb)) for verb in [*VERBS, *INNER]))
    assert flags(CLI) <= known | {"--no-" + name[2:] for name in known}


@pytest.mark.parametrize("verb", [*VERBS, *INNER])
def test_a_verb_says_in_one_line_what_it_is_for(verb: str) -> None:
    assert find(verb).help.strip()


@pytest.mark.parametrize("key", KEYS)
def test_a_key_stands_in_the_documents_with_its_default(key: str) -> None:
    row = re.search(rf"^\| `{re.escape(key)}` \| `([^`]*)` \|", CONFIG, re.MULTILINE)
    assert row, f"docs/config.md has no row for `{key}`"
    shown = row[1].replace("_", "") if isinstance(KEYS[key], int | float) else row[1].strip('"')
    assert shown == as_toml(KEYS[key])


def test_the_documents_name_no_key_that_does_not_exist() -> None:
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", CONFIG, re.MULTILINE)) <= set(KEYS)


@pytest.mark.parametrize("key", TARGET_KEYS)
def test_a_key_of_a_target_stands_in_the_documents_with_its_default(key: str) -> None:
    row = re.search(rf"^\| `{re.escape(key)}` \| (?:`([^`]*)`|–) \|", TARGETS, re.MULTILINE)
    assert row, f"docs/targets.md has no row for `{key}`"
    default = TARGET_KEYS[key]
    shown = {(): "[]", False: "false"}.get(default, str(default)) if isinstance(default, tuple | bool) else str(default)
    assert (row[1] or "PydanticUndefined").strip('"') == shown


def test_the_documents_name_no_key_of_a_target_that_does_not_exist() -> None:
    assert set(re.findall(r"^\| `([a-z_.]+)` \| [`–]", TARGETS, re.MULTILINE)) <= set(TARGET_KEYS)
