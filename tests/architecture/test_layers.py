"""Who may import whom."""

from importlinter.cli import lint_imports

from tests.architecture import rules
from tests.architecture.rules import hold
from tests.architecture.source import ROOT, agents, read, shipped

# Package → the modules that may import it. A new line here is a new dependency: design/0005-dependencies.md.
HOMES = {
    "cyclopts": ("rsi.cli",),
    "genai_prices": ("rsi.kernel.models.provider",),
    "pydantic": ("rsi.config", "rsi.targets"),
    "pydantic_ai": ("rsi.kernel.models.provider",),
    "rich": ("rsi.cli",),
    "acp": ("rsi.bridges.acp",),
    "mcp": ("rsi.bridges.server",),
    "yaml": ("rsi.targets.importers",),
    "hypothesis": ("rsi.testing",),
    "pytest": ("rsi.testing",),
}

# Agent → modules of the seed agent that are copied into its tree before it runs.
BORROWED = {
    "rsi.agents.peers": ("edits", "places"),
    "rsi.agents.controls": ("bench", "cma", "constants", "edits", "places", "texts"),
}


def test_layers_and_borders_of_pyproject_hold() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) == 0


def test_no_module_imports_itself_through_others() -> None:
    hold(rules.cycles(shipped()))


def test_a_dependency_is_imported_only_where_it_belongs() -> None:
    hold(rules.strangers(shipped(), HOMES))


def test_rsi_and_its_agents_import_nothing_of_each_other() -> None:
    hold(rules.border_of_agents([*shipped(), *agents()], BORROWED))


def test_every_random_generator_has_a_seed() -> None:
    hold(rules.unseeded([*shipped(), *agents(), *read(ROOT, "tests", "benchmarks")]))
