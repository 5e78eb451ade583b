"""Every rule of this folder is tripped once: a rule that cannot fail holds nothing."""

from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.source import Module, read


def plant(root: Path, **files: str) -> list[Module]:
    """A small `rsi` of its own; `core__errors="…"` is written to rsi/core/errors.py."""
    for name, text in files.items():
        path = root / "rsi" / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read(root, "rsi")


def test_a_cycle_through_three_modules_is_found(tmp_path: Path) -> None:
    modules = plant(tmp_path, a="from rsi.b import x", b="import rsi.c", c="def f():\n    from rsi import a")
    assert set(rules.cycles(modules)[0].split(" → ")) == {"rsi.a", "rsi.b", "rsi.c"}


def test_a_chain_of_imports_is_no_cycle(tmp_path: Path) -> None:
    assert rules.cycles(plant(tmp_path, a="from rsi.b import x", b="import rsi.c", c="")) == []


def test_a_dependency_away_from_its_home_is_found(tmp_path: Path) -> None:
    modules = plant(tmp_path, cli__main="import rich.table, json", clip="from rich import box", core__x="import numpy")
    assert rules.strangers(modules, {"rich": ("rsi.cli",)}) == ["rsi/clip.py imports rich", "rsi/core/x.py imports numpy"]


def test_imports_across_the_border_of_agents_are_found(tmp_path: Path) -> None:
    modules = plant(
        tmp_path, loop="import rsi.agents.seed.solve", agents__seed__solve="import grammar, math, rsi.core", agents__seed__grammar=""
    )
    assert rules.border_of_agents(modules) == ["rsi/agents/seed/solve.py imports rsi.core", "rsi/loop.py imports rsi.agents.seed.solve"]


def test_an_agent_that_imports_from_another_agent_or_a_package_is_found(tmp_path: Path) -> None:
    modules = plant(tmp_path, agents__seed__solve="import other, numpy", agents__second__other="")
    assert rules.border_of_agents(modules) == ["rsi/agents/seed/solve.py imports numpy", "rsi/agents/seed/solve.py imports other"]
    assert rules.border_of_agents(modules, {"rsi.agents.seed": ("other",)}) == ["rsi/agents/seed/solve.py imports numpy"]


def test_a_module_without_all_is_found_but_an_init_with_only_a_docstring_is_not(tmp_path: Path) -> None:
    assert rules.without_all(plant(tmp_path, a="x = 1", b="__all__ = ['x']", __init__='"""Doc."""')) == ["rsi/a.py"]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("__all__ = ['f']\ndef f(): pass", "f"),
        ("__all__ = ['C']\nclass C:\n    'doc'\n    def method(self): pass", "C.method"),
        ("__all__ = ['LIMIT']\nLIMIT = 3", "LIMIT"),
    ],
)
def test_a_public_name_without_a_docstring_is_found(tmp_path: Path, text: str, missing: str) -> None:
    assert rules.undocumented(plant(tmp_path, a=f"'doc'\n{text}")) == [f"rsi/a.py::{missing}"]


def test_private_names_documented_constants_and_methods_promised_by_a_protocol_need_no_docstring(tmp_path: Path) -> None:
    protocol = "'doc'\n__all__ = ['Jail']\nclass Jail(Protocol):\n    'doc'\n    def call(self):\n        'doc'"
    code = "'doc'\n__all__ = ['C', 'N']\nN = 3\n'how many'\ndef _f(): pass\n"
    code += "class C:\n    'doc'\n    def call(self): pass\n    def _g(self): pass"
    assert rules.undocumented(plant(tmp_path, core__protocols=protocol, a=code)) == []


def test_exceptions_outside_the_tree_or_missing_in_its_drawing_are_found(tmp_path: Path) -> None:
    tree = "'RsiError Halted'\nclass RsiError(Exception): pass\nclass Halted(RsiError): pass\nclass Lone(Exception): pass"
    code = "class Oops(errors.Halted): pass\nclass Deep(Oops): pass\nclass Fine: pass"
    found = rules.stray_exceptions(plant(tmp_path, core__errors=tree, a=code, b="class Late(BaseException): pass"))
    assert found == [
        "rsi/b.py::Late is no RsiError",
        "rsi/core/errors.py::Lone is no RsiError",
        "rsi/a.py::Oops is not in the drawing of rsi.core.errors",
        "rsi/a.py::Deep is not in the drawing of rsi.core.errors",
    ]


def test_a_guest_may_have_an_exception_of_its_own(tmp_path: Path) -> None:
    modules = plant(tmp_path, core__errors="'RsiError'\nclass RsiError(Exception): pass", b="class Late(BaseException): pass")
    assert rules.stray_exceptions(modules, guests={"rsi.b"}) == []


def test_a_generator_without_a_seed_is_found(tmp_path: Path) -> None:
    assert rules.unseeded(plant(tmp_path, a="import random\nrng = random.Random()\nok = random.Random(3)")) == ["rsi/a.py:2"]


def test_a_long_file_and_a_long_nested_function_are_found(tmp_path: Path) -> None:
    body = "    x = 1\n" * 61
    modules = plant(tmp_path, a="#\n" * 401, b=f"class C:\n  def f(self):\n{body}")
    assert rules.oversized(modules) == {"rsi/a.py": 401, "rsi/b.py::C.f": 62}


@pytest.mark.parametrize(
    ("sizes", "allowed", "breaks"),
    [
        ({"a": 500}, {}, True),
        ({"a": 500}, {"a": 499}, True),
        ({"a": 500}, {"a": 500}, False),
        ({"a": 500}, {"a": 501}, True),
        ({}, {"a": 401}, True),
    ],
)
def test_the_allow_list_holds_only_what_is_needed(sizes: dict[str, int], allowed: dict[str, int], *, breaks: bool) -> None:
    assert bool(rules.ratchet(sizes, allowed)) is breaks


def test_names_of_protocols_become_names_of_modules() -> None:
    assert [rules.snake(name) for name in ("Jail", "EventLog", "ChangeJudge")] == ["jail", "event_log", "change_judge"]
