"""The seed agent's own modules, loaded from its tree as it loads copies of itself: nothing of them stays in `sys.modules`."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

SEED = Path(__file__).parents[1] / "src" / "rsi" / "agents" / "seed"


def _variant() -> ModuleType:
    spec = spec_from_file_location("seed_agent_variant", SEED / "variant.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


variant = _variant()


def modules(*names: str) -> SimpleNamespace:
    """Modules of the seed agent by name."""
    loaded: SimpleNamespace = variant.load(variant.read_tree(SEED), names)
    return loaded
