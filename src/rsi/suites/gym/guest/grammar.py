"""What a program of the gym may say: a small subset of Python, checked node by node and rewritten so that every step is counted.

`admit` takes source text and gives a syntax tree in which each loop, function, lambda and comprehension begins with `_step(n)`, and
everything that could grow or cost more than its text shows (`+`, `*`, `**`, `<<`, slices, comparisons, methods of lists …) goes through
a guard of `rsi.suites.gym.guest.guards`. No text, attribute or import is left in it; names never begin or end with an underscore, so no
program can name a guard.
"""

import ast
from collections.abc import Callable
from typing import Any

from rsi.suites.gym.guest.kinds import Kinds, is_plain

__all__ = ["METHODS", "Refused", "admit"]

LONGEST = 20_000
MOST_NODES = 4_000
DEEPEST = 60
NODES_PER_STEP = 32

_MARKS = frozenset(
    kind for family in (ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context) for kind in family.__subclasses__()
) - {ast.MatMult}
"""What is neither statement nor expression: there is nothing in it, and one object of each kind stands for all."""
_PLAIN = _MARKS | {
    *(ast.Module, ast.Return, ast.For, ast.While, ast.If, ast.Pass, ast.Break, ast.Continue, ast.Expr, ast.Assign, ast.AugAssign),
    *(ast.FunctionDef, ast.arguments, ast.arg, ast.keyword, ast.Lambda, ast.Call, ast.Name, ast.Attribute, ast.Constant),
    *(ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Dict),
    *(ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.comprehension),
}
_NATIVE_METHODS = {"append", "get", "setdefault"}
_LONG_METHODS = {"pop", "insert", "remove", "index", "count", "reverse"}
_OWN_METHODS = {"items", "keys", "values", "sort"}
METHODS = frozenset(_NATIVE_METHODS | _LONG_METHODS | _OWN_METHODS)
"""What may be called of a list or dict."""
_GUARDED = {ast.Add: "_add", ast.Mult: "_mul", ast.Pow: "_pow", ast.LShift: "_shl", ast.BitOr: "_or"}
_AT: Any = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
"""Where a node stands that is in no text."""


class Refused(Exception):
    """The text is no program of the dialect; says why."""


def admit(source: str) -> ast.Module:
    """The program as a syntax tree, checked and rewritten.

    Raises:
        Refused: it does not parse, is too large, or says something that the dialect does not have.
    """
    if len(source) > LONGEST:
        raise Refused(f"longer than {LONGEST} characters")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"no Python: {type(error).__name__}") from None
    nodes = _nodes(tree)
    texts = _drop_docstrings(nodes)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        kind = type(node)
        if kind in _MARKS:
            continue
        if isinstance(node, ast.Attribute):
            _check_method(node, called)
        elif id(node) not in texts:
            _check(node)
    return _Rewrite(Kinds(tree, nodes)).visit(tree)  # type: ignore[no-any-return]  # `visit` is typed for any node


def _nodes(tree: ast.Module) -> list[ast.AST]:
    """All nodes of a tree that is neither too large nor too deep for what walks it recursively."""
    level: list[ast.AST] = [tree]
    nodes: list[ast.AST] = []
    depth = 0
    while level:
        nodes.extend(level)
        depth += 1
        if len(nodes) > MOST_NODES or depth > DEEPEST:
            raise Refused("too large or too deep")
        level = [child for node in level for child in _children(node)]
    return nodes


def _children(node: ast.AST) -> list[ast.AST]:
    """What stands right below a node."""
    found: list[ast.AST] = []
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def _check(node: ast.AST) -> None:
    if type(node) not in _PLAIN:
        raise Refused(f"{type(node).__name__} is not part of the dialect")
    if isinstance(node, ast.Name):
        _check_name(node.id)
    elif isinstance(node, ast.arg):
        _check_name(node.arg)
        _none(node.annotation, "annotations")
    elif isinstance(node, ast.keyword):
        _check_name(node.arg)
    elif isinstance(node, ast.FunctionDef):
        _check_name(node.name)
        _none(node.returns or node.decorator_list or getattr(node, "type_params", None), "annotations and decorators")
    elif isinstance(node, ast.arguments):
        _none(node.vararg or node.kwarg, "arguments of any number")
    else:
        _check_expression(node)


def _check_expression(node: ast.AST) -> None:
    if isinstance(node, ast.Constant):
        if node.value is not None and type(node.value) not in (int, float, bool):
            raise Refused("constants are numbers, True, False or None")
        if type(node.value) is int and node.value.bit_length() > 64:
            raise Refused("a constant has more than 64 bits")
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and not isinstance(node.ctx, ast.Load):
        raise Refused("nothing is assigned to a slice")
    elif isinstance(node, ast.Tuple) and any(isinstance(item, ast.Slice) for item in node.elts):
        raise Refused("a slice stands alone")
    elif isinstance(node, ast.Dict) and None in node.keys:
        raise Refused("dicts are not unpacked")
    elif isinstance(node, ast.comprehension) and node.is_async:
        raise Refused("nothing is asynchronous")


def _check_method(node: ast.Attribute, called: set[int]) -> None:
    """An attribute may only be a method that is called."""
    if id(node) not in called or node.attr not in METHODS:
        raise Refused(f"there is no attribute {node.attr}")


def _check_name(name: str | None) -> None:
    if name is None or not name.isascii() or name.startswith("_") or name.endswith("_"):
        raise Refused(f"{name} is no name of the dialect")


def _none(thing: object, what: str) -> None:
    if thing:
        raise Refused(f"{what} are not part of the dialect")


def _drop_docstrings(nodes: list[ast.AST]) -> set[int]:
    """Take out the only texts that a program may have; gives the ids of their nodes."""
    dropped = set()
    for node in nodes:
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None:
            dropped |= {id(part) for part in ast.walk(node.body[0])}
            node.body[0] = ast.copy_location(ast.Pass(), node.body[0])
    return dropped


class _Rewrite:
    """Puts in the steps and the guards; every node becomes exactly one other."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._by_kind: dict[type[ast.AST], Callable[[Any], ast.AST]] = {
            getattr(ast, name.removeprefix("visit_")): getattr(self, name) for name in dir(self) if name.startswith("visit_")
        }

    def visit(self, node: ast.AST) -> Any:
        """What becomes of a node and all in it."""
        return self._by_kind.get(type(node), self.generic_visit)(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """The node itself, with what became of all in it."""
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                value[:] = [self.visit(item) if isinstance(item, ast.AST) else item for item in value]
            elif isinstance(value, ast.AST) and type(value) not in _MARKS:
                setattr(node, field, self.visit(value))
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        weight = _weight(node)
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_step(weight), **_AT))
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._loop(node)

    def _loop(self, node: ast.For | ast.While) -> ast.AST:
        weight = _weight(node)
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_step(weight), **_AT))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        weight = _weight(node)
        self.generic_visit(node)
        node.body = ast.BoolOp(ast.And(), [_step(weight), node.body], **_AT)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        """A list: nothing in the dialect is lazy, so there is no frame to hold on to."""
        return self._comprehension(ast.copy_location(ast.ListComp(node.elt, node.generators), node))

    def _comprehension(self, node: ast.ListComp | ast.DictComp) -> ast.AST:
        weight = _weight(node)
        self.generic_visit(node)
        for part in node.generators:
            part.ifs.insert(0, _step(weight))
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        name = _GUARDED.get(type(node.op))
        if name is None or self._kinds.is_harmless(node):
            return self.generic_visit(node)
        self.generic_visit(node)
        return _call(name, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        name = _GUARDED.get(type(node.op))
        if name is None or (name == "_add" and self._kinds.is_number(node.value)):
            return self.generic_visit(node)
        if isinstance(node.op, ast.Add):
            self.generic_visit(node)
            node.value = _call("_grown", node.value)
            return node
        if any(isinstance(part, ast.Call) for part in ast.walk(node.target)):
            raise Refused("such an assignment has no call on its left side")
        left = ast.parse(ast.unparse(node.target), mode="eval").body
        return self.visit(ast.Assign([node.target], ast.BinOp(left, node.op, node.value, **_AT), **_AT))  # type: ignore[no-any-return]  # as above

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        flat, plain = is_plain(node.left), [is_plain(side) for side in node.comparators]
        numbers = [self._kinds.is_number(side) for side in node.comparators]
        self.generic_visit(node)
        for index, op in enumerate(node.ops):
            side = node.comparators[index]
            if isinstance(op, ast.In | ast.NotIn):
                node.comparators[index], flat = _call("_within", side), True
            elif isinstance(op, ast.Is | ast.IsNot) or flat:
                flat = plain[index]
            else:
                node.comparators[index], flat = side if numbers[index] else _call("_flat", side), True
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        return _call("_sliced", node) if isinstance(node.slice, ast.Slice) else node

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        self.generic_visit(node)
        constant = all(isinstance(item, ast.Constant) for item in node.elts)
        return node if constant or not isinstance(node.ctx, ast.Load) else _call("_small", node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        method, owner = node.func.attr, node.func.value
        if method in _OWN_METHODS:
            return ast.Call(_name("_" + method), [owner, *node.args], node.keywords, **_AT)
        lasts = method == "pop" and not node.args
        whose = _call("_within", owner) if method in _LONG_METHODS and not lasts else owner
        node.func = ast.Attribute(whose, method, ast.Load(), **_AT)
        return node


def _weight(node: ast.AST) -> int:
    """Steps of one round: one, and one more for every so many nodes of its text."""
    inside = [node]
    for one in inside:
        inside += _children(one)
    return 1 + len(inside) // NODES_PER_STEP


def _step(weight: int) -> ast.Call:
    return ast.Call(_name("_step"), [ast.Constant(weight, **_AT)], [], **_AT)


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(_name(name), list(arguments), [], **_AT)


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load(), **_AT)
