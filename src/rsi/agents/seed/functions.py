"""The agent's own library as productions: reads `library.py`, writes new functions into it.

A library function is ordinary Python with annotated parameters; the line `body:` of its docstring says the same as an expression, which is
what the search evaluates. Parameters are numbered $0, $1 … in the order in which they stand. Arguments are evaluated before the call:
one that is None is refused, even where the body would not look at it.
"""

import ast

from expressions import from_text, scope_of, staged, to_text, uses_scope
from grammar import Production
from writer import _write

HEAD = '''"""Functions that the agent has mined from its own solutions and given names.

Nobody wrote them by hand: each was found several times inside solutions of practice tasks. The annotations are the types of
`grammar.py`; the line `body:` is the same function as an expression, which is what the search evaluates.
"""

from functools import reduce  # noqa: F401
from itertools import accumulate  # noqa: F401
from math import prod  # noqa: F401
'''
WORDS = {
    "+": "add", "-": "sub", "*": "times", "//": "div", "%": "mod", "==": "is", "<": "below",
    "I": "", "f": "", "e": "", "g": "", "q": "", "p": "", "B": "",
}  # fmt: skip
PARAMETERS = {
    "L": ("xs", "ys", "zs"),
    "I": ("k", "m", "n"),
    "B": ("flag", "other"),
    "f": ("x", "y", "z"),
    "q": ("flag", "other"),
    "M": ("marks",),
}
LAMBDAS = {"f": ("change", "then"), "q": ("test", "also")}


def load(source, grammar):
    """A grammar with the functions of a library source added, in the order in which they stand there."""
    grown = dict(grammar)
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            kinds = [ast.literal_eval(argument.annotation) for argument in node.args.args]
            text = next(line for line in ast.get_docstring(node).splitlines() if line.startswith("body:"))
            body = from_text(text[len("body:") :])
            grown[node.name] = production(node.name, ast.literal_eval(node.returns), kinds, body, plain_source(node), grown)
    return grown


def plain_source(node):
    """A function without annotations and documentation: what goes into an answer."""
    names = ", ".join(argument.arg for argument in node.args.args)
    return f"def {node.name}({names}):\n    return {ast.unparse(node.body[-1].value)}"


def production(name, result, kinds, body, source, grammar):
    """A library function as a production that evaluates its body."""
    made = Production(name, result, kinds, name + "(" + ", ".join(["{}"] * len(kinds)) + ")", function=source)
    made.body = body
    made.scoped = uses_scope(body)
    made.uses = used_functions(body, grammar)

    run = staged(body, grammar)
    eager = [k for k, kind in enumerate(kinds) if kind == "I"]

    def apply(scope, *entries):
        for k in eager:
            if None in entries[k][0]:
                raise TypeError
        return run(scope_of(entries[0][0], scope) if made.scoped else scope, entries)[0]

    made.apply = apply
    if result in "fq":
        made.item = lambda *numbers: item_value(body, grammar, numbers)
    return made


def item_value(body, grammar, numbers):
    """A body over plain numbers, for lambdas that meet a number which is no probe."""
    if body[0].startswith("$"):
        return numbers[int(body[0][1:])]
    inner = grammar[body[0]]
    if not inner.args and not inner.function:
        return int(inner.text)
    children = [item_value(child, grammar, numbers) for child in body[1:]]
    return inner.item(*children) if inner.function else inner.op(*children)


def used_functions(body, grammar):
    found = []

    def visit(node):
        inner = grammar.get(node[0])
        if inner is not None and inner.function:
            for name in [*inner.uses, node[0]]:
                if name not in found:
                    found.append(name)
        for child in node[1:]:
            visit(child)

    visit(body)
    return found


def invent_name(body, grammar):
    """A name made of the productions at the top of the body."""
    words = []
    pending = [body]
    while pending and len(words) < 3:
        node = pending.pop(0)
        pending += node[1:]
        text = node[0]
        if text.startswith("$"):
            continue
        inner = grammar.get(text)
        if inner is not None and inner.cross == "constant":
            text = inner.text.replace("-", "minus_")
        elif inner is not None and not inner.function and text[:1] in "IfegqpB" and not text.isalpha():
            text = WORDS.get(text[1:], text[1:])
        elif inner is not None and not inner.function and text[:1] in "Ifegqp" and text[1:] in ("if", "max", "min", "not", "and", "or"):
            text = text[1:]
        words.append({"fx": "x", "xs": ""}.get(text, text))
    stem = "_".join(word for word in words if word) or "helper"
    stem = "of_" + stem if not stem[0].isalpha() else stem
    name, number = stem[:40], 2
    while name in grammar or name in ("f", "x", "xs", "max", "min", "sum", "len", "all", "any", "range", "sorted"):
        name, number = f"{stem[:40]}_{number}", number + 1
    return name


def function_text(name, result, kinds, body, grammar, note):
    """The Python source of a new library function, documentation included."""
    counts = {}
    names = []
    for kind in kinds:
        position = counts.get(kind, 0)
        counts[kind] = position + 1
        pool = LAMBDAS[kind] if kind in "fq" and result not in "fq" else PARAMETERS[kind]
        names.append(pool[position] if position < len(pool) else f"{pool[0]}{position}")
    local = dict(grammar)
    for k, (kind, text) in enumerate(zip(kinds, names)):
        inside_lambda = kind in "fq" and result not in "fq"
        local[f"${k}"] = Production(f"${k}", kind, (), f"{text}(x)" if inside_lambda else text)
    line = _write(body, local, 0)
    signature = ", ".join(f'{text}: "{kind}"' for text, kind in zip(names, kinds))
    return f'def {name}({signature}) -> "{result}":\n    """{note}\n\n    body: {to_text(body)}\n    """\n    return {line}\n'
