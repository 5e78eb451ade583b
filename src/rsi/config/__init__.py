"""One strict model of a run's configuration, and the way from TOML and flags into it."""

from rsi.config.load import load_config, nearest, parse_programs, read_toml, validated
from rsi.config.model import RunConfig, Section, from_json, to_json

__all__ = ["RunConfig", "Section", "from_json", "load_config", "nearest", "parse_programs", "read_toml", "to_json", "validated"]
