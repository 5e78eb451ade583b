"""The rules of the house: each takes modules and returns what breaks it, one line each. No rule reads anything but syntax trees."""

import ast
import builtins
import graphlib
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from tests.architecture.source import Module, assigned, imports

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60

_BUILTIN_ERRORS = {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def hold(found: Sequence[str]) -> None:
    """Fail with one line for each thing found."""
    assert not found, "\n" + "\n".join(found)


def cycles(modules: Sequence[Module]) -> list[str]:
    """A chain of imports that comes back to where it began."""
    names = {module.name for module in modules}
    graph = {module.name: {_home(name, names) for name in imports(module)} & names - {module.name} for module in modules}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [" → ".join(reversed(error.args[1]))]
    return []


def strangers(modules: Sequence[Module], homes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Imports of packages outside the standard library by a module that is not among their `homes` (package → prefixes of modules)."""
    found = []
    for module in modules:
        for top in sorted({name.partition(".")[0] for name in imports(module)} - sys.stdlib_module_names - {"rsi"}):
            if not any(module.name == home or module.name.startswith(home + ".") for home in homes.get(top, ())):
                found.append(f"{module.path} imports {top}")
    return found


def border_of_agents(modules: Sequence[Module], borrowed: Mapping[str, tuple[str, ...]] = MappingProxyType({})) -> list[str]:
    """Imports of an agent by rsi, of rsi by an agent, or of a package that an agent's own tree and the standard library do not have.

    `borrowed`: modules of other agents that are copied into an agent's tree before it runs.
    """
    found = []
    for module in modules:
        siblings = {
            m.name.split(".")[3]
            for m in modules
            if m.is_agent and m.name.split(".")[:3] == module.name.split(".")[:3] and m.name.count(".") > 2
        }
        siblings.update(borrowed.get(".".join(module.name.split(".")[:3]), ()))
        for name in sorted(set(imports(module))):
            top = name.partition(".")[0]
            if module.is_agent and top not in sys.stdlib_module_names | siblings:
                found.append(f"{module.path} imports {name}")
            if not module.is_agent and name.startswith("rsi.agents"):
                found.append(f"{module.path} imports {name}")
    return found


def without_all(modules: Sequence[Module]) -> list[str]:
    """Modules without `__all__`; an `__init__` that only has a docstring needs none."""
    return [m.path for m in modules if m.exported is None and not (m.is_package and len(m.tree.body) <= 1)]


def undocumented(modules: Sequence[Module]) -> list[str]:
    """Modules and public names without a docstring.

    A constant or type is documented by the string below it. A method of the same name as one of a protocol in `rsi.core.protocols`
    is documented there.
    """
    promised = {f.name for m in modules if m.name == "rsi.core.protocols" for _, f in functions(m)}
    found = []
    for module in modules:
        if ast.get_docstring(module.tree) is None:
            found.append(module.path)
        found.extend(f"{module.path}::{name}" for name in _undocumented_names(module, promised))
    return found


def stray_exceptions(modules: Sequence[Module], *, tree: str = "rsi.core.errors", guests: Collection[str] = ()) -> list[str]:
    """Exceptions that do not descend from `RsiError`, or that the drawing in the docstring of `tree` lacks.

    Guests are modules that run inside a jail, where there is no rsi to import errors from.
    """
    errors = next(m for m in modules if m.name == tree)
    drawing = set(re.findall(r"\w+", ast.get_docstring(errors.tree) or ""))
    classes = [(m, node) for m in modules if m.name not in guests for node in ast.walk(m.tree) if isinstance(node, ast.ClassDef)]
    family = {"RsiError"}
    while more := {node.name for _, node in classes if _bases(node) & family} - family:
        family |= more
    found = [f"{m.path}::{node.name} is no RsiError" for m, node in classes if node.name not in family and _bases(node) & _BUILTIN_ERRORS]
    found += [f"{m.path}::{node.name} is not in the drawing of {tree}" for m, node in classes if node.name in family - drawing]
    return found


def unseeded(modules: Sequence[Module]) -> list[str]:
    """`Random()` without a seed."""
    return [
        f"{module.path}:{node.lineno}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _last_name(node.func) in {"Random", "default_rng"} and not (node.args or node.keywords)
    ]


def oversized(modules: Sequence[Module]) -> dict[str, int]:
    """Files and functions above the limits, with their sizes in lines: `path` or `path::Class.method` → lines."""
    sizes = {m.path: m.lines for m in modules if m.lines > MOST_LINES_OF_A_FILE}
    for module in modules:
        for name, node in functions(module):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                sizes[f"{module.path}::{name}"] = lines
    return sizes


def ratchet(sizes: Mapping[str, int], allowed: Mapping[str, int]) -> list[str]:
    """What stands against an allow-list that may only shrink: things too large and not on it, and entries larger than what they are for."""
    found = [f"{name} has {lines} lines: make it smaller" for name, lines in sizes.items() if lines > allowed.get(name, 0)]
    found += [f"{name} has {sizes[name]} lines now: lower its entry to that" for name in allowed if 0 < sizes.get(name, 0) < allowed[name]]
    found += [f"{name} is small enough now: remove its entry" for name in allowed if name not in sizes]
    return found


def functions(module: Module) -> Iterator[tuple[str, _Function]]:
    """All functions of a module with their qualified names, nested ones too."""
    yield from _functions(module.tree, "")


def protocols(module: Module) -> list[str]:
    """Names of the protocols that a module defines."""
    return [node.name for node in module.tree.body if isinstance(node, ast.ClassDef) and "Protocol" in _bases(node)]


def snake(name: str) -> str:
    """`EventLog` → `event_log`."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


def _functions(parent: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, _Function):
            yield prefix + node.name, node
        yield from _functions(node, f"{prefix}{node.name}." if isinstance(node, _Function | ast.ClassDef) else prefix)


def _home(name: str, modules: set[str]) -> str:
    """The longest module that `name` begins with: the module itself, or the one that a name was taken from."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def _bases(node: ast.ClassDef) -> set[str]:
    return {_last_name(base) for base in node.bases}


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def _undocumented_names(module: Module, promised: set[str]) -> Iterator[str]:
    public = set(module.exported or ()) - {"__version__"}
    for node, below in pairwise([*module.tree.body, ast.Pass()]):
        if isinstance(node, _Function | ast.ClassDef) and node.name in public:
            if ast.get_docstring(node) is None:
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (f"{node.name}.{name}" for name in _undocumented_methods(node, promised))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not _is_string(below):
            yield from (name for name in assigned(node) if name in public)


def _undocumented_methods(node: ast.ClassDef, promised: set[str]) -> Iterator[str]:
    for child in node.body:
        if (
            isinstance(child, _Function)
            and not child.name.startswith("_")
            and child.name not in promised
            and ast.get_docstring(child) is None
        ):
            yield child.name


def _is_string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
