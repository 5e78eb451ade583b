"""A configuration from a TOML file and flags; whatever is wrong becomes one line that says what to change."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rsi.config.model import RunConfig
from rsi.core.errors import UserError

__all__ = ["load_config", "nearest", "parse_programs", "read_toml", "validated"]

Model = TypeVar("Model", bound=BaseModel)

_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


def load_config(path: Path | None, overrides: Mapping[str, object] | None = None, preset: Mapping[str, object] | None = None) -> RunConfig:
    """The configuration of a run: defaults, then the preset, then the file, then the overrides.

    Args:
        path: a TOML file, or None for the defaults.
        overrides: dotted key (`run.programs`) → value; None means "not given".
        preset: dotted key → value.

    Raises:
        UserError: the file cannot be read, is no TOML, or a key or value is not allowed; names the file and the key.
    """
    data = {} if path is None else read_toml(path)
    where = "" if path is None else f"{path}: "
    validated(RunConfig, data, where)
    data = _under(data, _with({}, preset or {}))
    config = validated(RunConfig, data, where)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    return validated(RunConfig, _with(data, given), "") if given else config


def parse_programs(text: str) -> int:
    """A budget in programs from what a person types: `250000`, `250_000`, `40M`, `1.5M`, `600k`.

    Raises:
        UserError: the text is no such number, or less than 1.
    """
    match = re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?)([kKmMgG]?)", text.strip())
    value = float(match[1].replace("_", "")) * _FACTORS[match[2].lower()] if match else 0.0
    if not 1 <= value <= 1e15 or value != int(value):
        raise UserError(f"{text!r} is no number of programs; write for instance 250_000, 600k or 40M")
    return int(value)


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean 'judge'?` for a misspelt name, else the list of what is known."""
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        UserError: it cannot be read or is no TOML; names the file and the line.
    """
    try:
        raw = path.read_bytes()
        return tomllib.loads(raw.decode("utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such configuration file") from None
    except RecursionError:
        raise UserError(f"{path}: nested too deeply") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(_toml_message(path, str(error), max(1, raw.count(b"\n")))) from None


def _toml_message(path: Path, text: str, lines: int) -> str:
    match = re.search(r"\s*\(at line (\d+), column (\d+)\)$", text)
    if match is None:
        return f"{path}:{lines}: not TOML: {text}"
    return f"{path}:{match[1]}: not TOML: {text[: match.start()]} (column {match[2]})"


def _with(data: dict[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    out = {key: dict(value) if isinstance(value, dict) else value for key, value in data.items()}
    for dotted, value in overrides.items():
        section, _, key = dotted.rpartition(".")
        (out.setdefault(section, {}) if section else out)[key] = value
    return out


def _under(data: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """What a file says, and where it says nothing, what the preset says."""
    both = {key: {**preset[key], **data[key]} for key in data.keys() & preset.keys() if isinstance(data[key], dict)}
    return {**preset, **data, **both}


def validated(model: type[Model], data: Mapping[str, Any], where: str) -> Model:
    """Data as a strict model has it.

    Args:
        model: frozen, and without keys that it does not name.
        data: of one file, or of flags.
        where: stands before what is wrong: `F.toml: `.

    Raises:
        UserError: a key or a value is not allowed; names the first one, and the nearest key that is known.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    if first["type"] == "extra_forbidden":
        raise UserError(where + _unknown_key(model, [str(part) for part in first["loc"]]))
    key = ".".join(str(part) for part in first["loc"])
    raise UserError(f"{where}{_bad_value(key, first['type'], first['msg'], first['input'])}")


def _unknown_key(model: type[BaseModel], loc: list[str]) -> str:
    *sections, key = loc
    for name in sections:
        model = _section(model, name)
    inside = f" in [{'.'.join(sections)}]" if sections else ""
    return f"unknown key {key!r}{inside}{nearest(key, list(model.model_fields))}"


def _section(model: type[BaseModel], name: str) -> type[BaseModel]:
    kind = model.model_fields[name].annotation
    assert isinstance(kind, type) and issubclass(kind, BaseModel)
    return kind


def _bad_value(key: str, kind: str, message: str, given: object) -> str:
    if kind == "value_error":
        return f"{key}: {message.removeprefix('Value error, ')}"
    if kind == "missing":
        return f"{key} is missing"
    if kind == "model_type":
        return f"{key} = {given!r}: should be a section, [{key}]"
    said = re.sub(r"^Input should be", "should be", message)
    return f"{key} = {given!r}: {said}"
