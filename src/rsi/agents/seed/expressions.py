"""Expressions as trees: nested tuples (production name, arguments…), and what can be done with them.

A parameter of a library function is a leaf `("$0",)`, `("$1",)` … inside the function's body.
"""

from grammar import Memo, Scope
from writer import SCOPED



def from_lists(data):
    """An expression from the nested lists that JSON knows."""
    return (data[0], *[from_lists(child) for child in data[1:]])


def to_lists(expression):
    return [expression[0], *[to_lists(child) for child in expression[1:]]]


def to_text(expression):
    """S-expression, as it stands in the documentation of a library function."""
    if len(expression) == 1:
        return expression[0]
    return "(" + " ".join([expression[0], *[to_text(child) for child in expression[1:]]]) + ")"


def from_text(text):
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()
    node, rest = _parse(tokens)
    if rest:
        raise ValueError(f"surplus {rest[0]!r} in {text!r}")
    return node


def _parse(tokens):
    if tokens[0] != "(":
        return (tokens[0],), tokens[1:]
    parts = []
    name, rest = tokens[1], tokens[2:]
    while rest[0] != ")":
        child, rest = _parse(rest)
        parts.append(child)
    return (name, *parts), rest[1:]


def size(expression):
    return 1 + sum(size(child) for child in expression[1:])


def nodes(expression):
    yield expression
    for child in expression[1:]:
        yield from nodes(child)


def is_known(expression, grammar):
    """Whether every production still exists with the same number of arguments."""
    return all(node[0] in grammar and len(grammar[node[0]].args) == len(node) - 1 for node in nodes(expression))


def uses_scope(expression):
    return any(node[0] in SCOPED for node in nodes(expression))


def substitute(body, arguments):
    """A body with its parameters replaced."""
    if body[0].startswith("$"):
        return arguments[int(body[0][1:])]
    return (body[0], *[substitute(child, arguments) for child in body[1:]])


def expand(expression, grammar):
    """The same program without library functions, as far as that can be said (a comprehension over the input stays a call)."""
    production = grammar[expression[0]]
    arguments = [expand(child, grammar) for child in expression[1:]]
    if production.function and not (uses_scope(production.body) and arguments[0] != ("xs",)):
        return expand(substitute(production.body, arguments), grammar)
    return (expression[0], *arguments)


def match(pattern, expression, found):
    """Whether an expression has the form of a body; fills `found` with what the parameters stand for."""
    if pattern[0].startswith("$"):
        known = found.get(pattern[0])
        if known is None:
            found[pattern[0]] = expression
            return True
        return known == expression
    if pattern[0] != expression[0]:
        return False
    return all(match(p, e, found) for p, e in zip(pattern[1:], expression[1:]))


def rewrite(expression, functions):
    """The same program with library functions wherever a body fits; later (larger) functions first."""
    for production in functions:
        if production.body[0] != expression[0]:
            continue
        found = {"$0": ("xs",)} if production.scoped else {}
        if match(production.body, expression, found):
            arguments = [rewrite(found[f"${k}"], functions) for k in range(len(production.args))]
            return (production.name, *arguments)
    return (expression[0], *[rewrite(child, functions) for child in expression[1:]])


def value_of(expression, grammar, scope):
    """The value of an expression over a scope; raises what the operations raise."""
    return staged(expression, grammar)(scope, ())[0]


def staged(body, grammar):
    """A body as a function (scope, argument entries) -> entry (value, expression, callable); closed lambdas are made once per scope."""
    name = body[0]
    if name.startswith("$"):
        k = int(name[1:])
        return lambda scope, entries: entries[k]
    production = grammar[name]
    if production.result in "fqg" and not any(node[0].startswith("$") for node in nodes(body)):
        return _closed(body, grammar, production)
    if not production.args and not production.function:
        return lambda scope, entries: (scope.leaf(production), body, None)
    return _inner(body, production, [staged(child, grammar) for child in body[1:]])


def _inner(body, production, children):
    op, cross, function = production.op, production.cross, production.function
    is_lambda = production.result in "fqg"

    def run(scope, entries):
        made = [child(scope, entries) for child in children]
        if function:
            value = production.apply(scope, *made)
        elif op:
            value = tuple(map(op, *[entry[0] for entry in made]))
        else:
            value = getattr(scope, cross)(*made)
        return (value, body, _call(production, scope, value, made) if is_lambda else None)

    return run


def _closed(body, grammar, production):
    key = object()
    if not production.args and not production.function:
        inner = None
    else:
        inner = _inner(body, production, [staged(child, grammar) for child in body[1:]])

    def run(scope, entries):
        entry = scope.closed.get(key)
        if entry is None:
            entry = inner(scope, ()) if inner else (scope.leaf(production), body, _call_leaf(production))
            scope.closed[key] = entry
        return entry

    return run


def _call_leaf(production):
    if production.cross == "constant":
        number = int(production.text)
        return (lambda a, x: number) if production.result == "g" else _table(lambda x: number)
    if production.result == "g":
        return (lambda a, x: a) if production.cross == "probe_a" else (lambda a, x: x)
    return _table(lambda x: x)


def _call(production, scope, value, children):
    """What a lambda built from other lambdas gives for plain numbers."""
    calls = [child[2] for child in children]
    item = production.item if production.function else production.op
    if production.result == "g":
        return lambda a, x: item(*[call(a, x) for call in calls])
    memo = _table(lambda x: item(*[call[x] for call in calls]))
    memo.update(zip(scope.probes, value))
    return memo


def _table(function):
    memo = Memo()
    memo.compute = function
    return memo


def scope_of(lists, outer):
    """A scope whose input is another list (for the body of a library function), with the probes of the outer one."""
    if lists is outer.lists:
        return outer
    inner = outer.inner.get(lists)
    if inner is None:
        inner = Scope(lists, "list-of-int")
        inner.probes, inner.closed = outer.probes, outer.closed
        outer.inner[lists] = inner
    return inner
