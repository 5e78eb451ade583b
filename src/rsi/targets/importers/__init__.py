"""Tasks that were written for other tools, made into targets without a change: OpenEvolve, GEPA, autoresearch, Inspect."""

from rsi.targets.importers.autoresearch import from_autoresearch
from rsi.targets.importers.gepa import from_gepa
from rsi.targets.importers.inspect import from_inspect
from rsi.targets.importers.openevolve import from_openevolve

__all__ = ["from_autoresearch", "from_gepa", "from_inspect", "from_openevolve"]
