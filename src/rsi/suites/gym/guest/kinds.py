"""What the text of a program alone shows of its values: where only numbers of a bounded size can come out, no guard is needed.

What is shown holds for whatever comes out, if anything does: an operation that such values do not have ends the program either way.

Covers: constants of a module, bound once and by nothing else; functions of a module that return nothing but numbers; what the operators and
functions of the dialect give.
Does not cover: names that are bound more than once, arguments, elements of lists: of these nothing is known.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from rsi.suites.gym.guest.guards import guards

__all__ = ["Kinds", "is_plain"]

_TAKEN = frozenset(guards(0))
_SMALL = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod)
"""Operators that only numbers have, and that need no guard themselves."""
_NUMERIC = (*_SMALL, ast.Pow, ast.LShift, ast.RShift, ast.BitOr, ast.BitAnd, ast.BitXor)
"""Operators that only numbers have: there are no texts and no sets, and `|` is for ints."""
_FLOATS = frozenset({"float", "atan2", "cos", "exp", "hypot", "log", "sin", "sqrt", "tanh"})
_NUMBERS = _FLOATS | {"abs", "all", "any", "bool", "ceil", "floor", "int", "len", "round", "sum"}
"""Functions that give floats, and that give numbers."""


class Kinds:
    """What is known of the values of one program."""

    def __init__(self, tree: ast.Module, nodes: Iterable[ast.AST]) -> None:
        """Look at a tree of the dialect that is not yet rewritten, and at all its nodes."""
        times = Counter(_bound(nodes))
        self._native = _TAKEN - times.keys()
        self._numbers: set[str] = set()
        self._floats: set[str] = {"inf", "pi"} & self._native
        self._giving_numbers = set(_NUMBERS & self._native)
        self._giving_floats = set(_FLOATS & self._native)
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                name, values = _assigned(statement), [statement.value]
                learnt = self._numbers, self._floats
            elif isinstance(statement, ast.FunctionDef):
                name, values = statement.name, list(_returned(statement.body))
                learnt = self._giving_numbers, self._giving_floats
            else:
                continue
            if times[name] == 1 and name not in _TAKEN:
                learnt[0].update({name} if all(map(self.is_number, values)) else ())
                learnt[1].update({name} if all(map(self.is_float, values)) else ())

    def is_number(self, node: ast.expr) -> bool:
        """Whether only a number can come out (of a function of the program: or None)."""
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id in self._giving_numbers
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self.is_number(node.left) or self.is_number(node.right)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return self.is_float(node) or (self.is_number(node.left) and self.is_number(node.right))
        return self._is_small(node) or self.is_float(node) or (isinstance(node, ast.BinOp) and isinstance(node.op, _NUMERIC))

    def is_harmless(self, node: ast.BinOp) -> bool:
        """Whether an operation that has a guard can do without: sums with a number that is no huge int, products with a float."""
        sides = node.left, node.right
        if any(map(self.is_float, sides)):
            return isinstance(node.op, ast.Add | ast.Mult)
        return isinstance(node.op, ast.Add) and any(map(self._is_small, sides))

    def is_float(self, node: ast.expr) -> bool:
        """Whether only a float can come out."""
        if isinstance(node, ast.Constant):
            return type(node.value) is float
        if isinstance(node, ast.Name):
            return node.id in self._floats
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id in self._giving_floats
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.USub) and self.is_float(node.operand)
        if not isinstance(node, ast.BinOp):
            return False
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            return self.is_float(node.left) or self.is_float(node.right)
        return isinstance(node.op, ast.Div)

    def _is_small(self, node: ast.expr) -> bool:
        """Whether a sum with this grows no faster than what may be said without a guard."""
        return is_plain(node) or isinstance(node, ast.Compare) or (isinstance(node, ast.Name) and node.id in self._numbers)


def is_plain(node: ast.expr) -> bool:
    """Whether an expression shows by itself that only a number can come out, whatever the names in it are."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.Not)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _SMALL)
    return isinstance(node, ast.Constant) and node.value is not None


def _assigned(statement: ast.Assign) -> str:
    """The name that an assignment binds, if it is only one."""
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) and len(statement.targets) == 1 else ""


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every name, as often as it is bound."""
    for node in nodes:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef):
            yield node.name


def _returned(statements: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    """What the `return` statements of a function give, those of functions in it too."""
    for statement in statements:
        if isinstance(statement, ast.Return) and statement.value is not None:
            yield statement.value
        for part in ("body", "orelse"):
            yield from _returned(getattr(statement, part, ()))
