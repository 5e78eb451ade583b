"""The source of rsi as syntax trees: what the rules of this folder look at."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file of Python: dotted name, path relative to the folder it was read from, syntax tree."""

    name: str
    path: str
    tree: ast.Module
    lines: int

    @property
    def is_agent(self) -> bool:
        """Agents are data that rewrites itself: most rules are not for them."""
        return self.name.startswith("rsi.agents")

    @property
    def is_template(self) -> bool:
        """What `rsi init` copies is data as well, and the user's from then on."""
        return self.name.startswith("rsi.targets.templates")

    @property
    def is_package(self) -> bool:
        return self.path.endswith("__init__.py")

    @property
    def exported(self) -> tuple[str, ...] | None:
        """The names in `__all__`, None if there is none."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and "__all__" in assigned(node):
                return tuple(ast.literal_eval(node.value))
        return None


def read(root: Path, *folders: str) -> list[Module]:
    """All Python files under `root/folder` for each folder, in the order of their paths."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    return [_module(root, path, path.stat().st_mtime_ns) for path in paths]


def shipped() -> list[Module]:
    """The package without its agents and templates."""
    return [module for module in read(SRC, "rsi") if not module.is_agent and not module.is_template]


def agents() -> list[Module]:
    return [module for module in read(SRC, "rsi") if module.is_agent]


def imports(module: Module) -> Iterator[str]:
    """Dotted names that a module imports, anywhere in it; `from a import b` gives `a.b`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def assigned(node: ast.Assign | ast.AnnAssign) -> list[str]:
    """Names that a statement gives values to."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


@cache
def _module(root: Path, path: Path, changed: int) -> Module:
    relative = path.relative_to(root)
    parts = relative.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text("utf-8")
    return Module(name=name, path=relative.as_posix(), tree=ast.parse(text, str(path)), lines=len(text.splitlines()))
