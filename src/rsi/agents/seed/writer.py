"""Expressions to readable Python, and Python to callables that enumeration can use.

An expression is a tuple (production name, argument expressions…).
"""

from functools import reduce
from itertools import accumulate
from math import prod

from grammar import bounded

NAMES = {"reduce": reduce, "accumulate": accumulate, "prod": prod, "bounded": bounded}
IMPORTS = (
    ("reduce(", "from functools import reduce"),
    ("accumulate(", "from itertools import accumulate"),
    ("prod(", "from math import prod"),
)
SCOPED = {"mapi", "filteri", "marksi"}
VARIABLES = {"f": "x", "q": "x", "g": "a, x"}


def write(expression, grammar):
    """One line of Python for an expression; parentheses only where Python needs them."""
    return _write(expression, grammar, 0)


def _write(expression, grammar, needed):
    production = grammar[expression[0]]
    if production.name == "lift":
        return _write(expression[1], grammar, needed)
    parts = [_write(argument, grammar, need) for argument, need in zip(expression[1:], production.needs)]
    if production.function and production.result not in "fq":
        parts = [_as_argument(part, kind) for part, kind in zip(parts, production.args)]
    text = production.text.format(*parts)
    if production.name in SCOPED and not _uses_position(expression[1]):
        text = text.replace("for i, x in enumerate(xs)", "for x in xs", 1)
    return f"({text})" if production.level < needed else text


def _as_argument(part, kind):
    return f"lambda {VARIABLES[kind]}: {part}" if kind in VARIABLES else part


def _uses_position(expression):
    return expression[0] == "i" or any(_uses_position(child) for child in expression[1:])


def function_source(expression, grammar, argument="xs"):
    """Source of a whole module with `f`, the imports and the library functions that it uses."""
    body = write(expression, grammar)
    used = library_functions(expression, grammar)
    lines = [grammar[name].function for name in used]
    text = "\n\n\n".join([*lines, f"def f({argument}):\n    return {body}"]) + "\n"
    imports = [line for token, line in IMPORTS if token in text]
    return "\n".join([*imports, *([""] * 2 if imports else []), text])


def library_functions(expression, grammar):
    """Names of the library functions that an expression needs, dependencies first."""
    found = []

    def visit(node):
        production = grammar[node[0]]
        if production.function and node[0] not in found:
            for name in production.uses:
                if name not in found:
                    found.append(name)
            found.append(node[0])
        for child in node[1:]:
            visit(child)

    visit(expression)
    return found
