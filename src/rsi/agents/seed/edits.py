"""Small changes to Python source: found on its syntax tree, spliced into its text, so that all the rest stays as it is.

A `Site` is a place in a function or in a module-level constant, an operator family, and the texts that may stand there instead.
Each rule below knows one kind of place; it yields (family, start, end, options) for a node.
"""

import ast
import hashlib

from places import FUNCTIONS, Page, is_arithmetic, is_atom, is_in_word, is_number, own_functions, same, scopes, Scope

FAMILIES = ("number", "index", "boolean", "comparison", "arithmetic", "logic", "condition", "branch", "drop-term", "add-term",
            "factor", "power", "arguments", "name", "callee", "extreme", "return", "statement")
COMPARISONS = {
    ast.Lt: ("<=", ">=", ">"), ast.LtE: ("<", ">", ">="), ast.Gt: (">=", "<=", "<"), ast.GtE: (">", "<", "<="),
    ast.Eq: ("!=", "<=", ">="), ast.NotEq: ("==",),
    ast.In: ("not in",), ast.NotIn: ("in",), ast.Is: ("is not",), ast.IsNot: ("is",),
}
SIGNS = {
    ast.Add: ("-",), ast.Sub: ("+",), ast.Mult: ("/",), ast.Div: ("*", "//"), ast.FloorDiv: ("*", "/"), ast.Mod: ("//",), ast.Pow: ("*",),
    ast.BitOr: ("&",), ast.BitAnd: ("|",),
}
LOOSE = (ast.Pow, ast.BitOr, ast.BitAnd)
WORDS = {ast.And: "or", ast.Or: "and"}
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}
ORDERLESS = {"min", "max", "isinstance", "print", "getattr", "hasattr", "setattr"}
SMALLEST, LARGEST = 1e-9, 10_000_000
MOST = 6
MOST_KNOWN = 1024
known = {}


class Site:
    """A place to edit in a source, and the texts that may stand there instead; no two options of a source's sites give the same text."""

    __slots__ = ("path", "source", "function", "family", "line", "start", "end", "options")

    def __init__(self, path, source, function, family, line, start, end, options):
        self.path, self.source, self.function, self.family, self.line = path, source, function, family, line
        self.start, self.end, self.options = start, end, options

    @property
    def old(self):
        return self.source[self.start : self.end]

    @property
    def keys(self):
        """Names of the sources that its options give, so that nothing need be tried twice."""
        return tuple(key_of(self.path, self.source[: self.start] + new + self.source[self.end :]) for new in self.options)

    @property
    def text(self):
        return f"{self.path}: {label(self.function)}: {short(self.old)} → {short(' | '.join(self.options))}"

    def only(self, k):
        """This site with one of its options."""
        return Site(self.path, self.source, self.function, self.family, self.line, self.start, self.end, (self.options[k],))


def sites(source, path="", only=None):
    """Every place of a source that can be edited; `only`: names of functions (or constants) to look at."""
    page = Page(source)
    helpers = own_functions(page)
    found = []
    for name, node in scopes(page):
        if only is None or name in only or name.split(".")[-1] in only:
            first = page.span(node)[0]
            for family, line, start, end, options in _inside(page, name, node, helpers):
                found.append(Site(path, source, name, family, node.lineno + line, first + start, first + end, options))
    return sorted(found, key=lambda site: (site.start, site.end, site.family))


def _inside(page, name, node, helpers):
    """What the rules find in a function or a constant, counted from where it begins; found once for a text: most edits leave most alone."""
    key = name, page.text(node), tuple(helpers.items())
    if key not in known:
        scope = Scope(page, name, node)
        every = [found for inner in scope.nodes for rule in RULES.get(type(inner), ()) for found in rule(page, scope, inner, helpers)]
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[key] = list(_distinct(page, *page.span(node), every))
    return known[key]


def _distinct(page, first, last, every):
    """(family, line, start, end, options) with the options that give a text which nothing before gave; all counted from `first`."""
    source, seen = page.source, {page.source[first:last]}
    for family, start, end, options in every:
        before, after, kept = source[first:start], source[end:last], []
        for option in options:
            new = _spaced(source, start, end, option)
            if before + new + after not in seen:
                seen.add(before + new + after)
                kept.append(new)
        if kept:
            yield family, before.count("\n"), start - first, end - first, tuple(kept)


def variants(source, site, rng):
    """The source with one of the site's options in its place; ValueError where the source is not the one of the site."""
    return spliced(source, [(site, rng.choice(site.options))])


def spliced(source, picks):
    """The source with the text of each (site, text) in its place; ValueError where two overlap or the source is not theirs.

    One option of a site always leaves a source that parses; several together need not: SyntaxError.
    """
    result, before = source, len(source)
    for site, new in sorted(picks, key=lambda pick: pick[0].start, reverse=True):
        if source[site.start : site.end] != site.old:
            raise ValueError(f"{site.path} is not the source that was searched: expected {site.old!r} at {site.start}")
        if site.end > before:
            raise ValueError(f"two edits want {site.old!r} at {site.start}")
        result, before = result[: site.start] + new + result[site.end :], site.start
    if len(picks) > 1:
        ast.parse(result)
    return result


def describe(before, after):
    """What was changed between two sources, as in `smooth(): 1.0 → 0.5`; empty where they mean the same."""
    old, new = Page(before), Page(after)
    old.enter(old.tree)
    found = _difference(old.tree, new.tree)
    if found is None:
        return ""
    place, names = found[0], []
    while place:
        if isinstance(place, (*FUNCTIONS, ast.ClassDef)):
            names.insert(0, place.name)
        place = old.parents.get(place, (None,))[0]
    where = label(".".join(names)) + ": " if names else ""
    left, right = (page.text(node) if hasattr(node, "lineno") else "" for page, node in zip((old, new), found, strict=True))
    return f"{where}{short(left)} → {short(right)}"


def label(function):
    """A constant's name, or a function's with parentheses."""
    return function if function.split(".")[-1].isupper() else function + "()"


def short(text, most=70):
    """One line of at most `most` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def key_of(path, source):
    return hashlib.blake2b(f"{path}\0{source}".encode(), digest_size=8).hexdigest()


def _spaced(source, start, end, new):
    """`new` with a blank where it would otherwise grow together with a word beside it."""
    left = " " if start and is_in_word(source[start - 1]) and is_in_word(new[0]) else ""
    right = " " if end < len(source) and is_in_word(source[end]) and is_in_word(new[-1]) else ""
    return left + new + right


def _difference(old, new):
    """The smallest pair of nodes in which two trees differ; None if they don't."""
    if type(old) is not type(new):
        return old, new
    found = []
    for field in old._fields:
        a, b = getattr(old, field, None), getattr(new, field, None)
        if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            pairs = list(zip(a, b, strict=True))
        else:
            pairs = [(a, b)]
        for x, y in pairs:
            if isinstance(x, ast.AST) and isinstance(y, ast.AST):
                inner = _difference(x, y)
                if inner:
                    found.append(inner if hasattr(inner[0], "lineno") and hasattr(inner[1], "lineno") else (old, new))
            elif type(x) is not type(y) or x != y:
                found.append((old, new))
    return found[0] if len(found) == 1 else (old, new) if found else None


# ------------------------------------------------------------------------------------------------------------------ rules


def numbers(page, scope, node, helpers):
    """Other sizes of a number, its sign included; an index moves by one."""
    if not is_number(node):
        return
    parent, field = page.parents[node]
    value = node.value
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub):
        node, value = parent, -value
        parent, field = page.parents[node]
    if isinstance(parent, ast.Subscript) and field == "slice" and isinstance(value, int):
        yield "index", *page.span(node), [str(value + 1), str(value - 1)]
        return
    tight = isinstance(parent, (ast.BinOp, ast.UnaryOp, ast.Attribute))
    options = [repr(new) for new in near(value)]
    yield "number", *page.span(node), [f"({text})" if tight and text[0] == "-" else text for text in options]


def near(value):
    """Numbers of the same kind around a number."""
    found = [value * 2, value / 2, value * 1.25, value * 0.8, value + 1, value - 1, 0, 1, -value]
    if isinstance(value, int):
        found = [int(new) if k == 1 else round(new) for k, new in enumerate(found)]
    else:
        found = [float(f"{new:.6g}") for new in found]
    most = max(LARGEST, abs(value))
    return [new for new in dict.fromkeys(found) if new != value and abs(new) <= most and (new == 0 or abs(new) >= SMALLEST)]


def booleans(page, scope, node, helpers):
    if isinstance(node.value, bool):
        yield "boolean", *page.span(node), [str(not node.value)]


def comparisons(page, scope, node, helpers):
    sides = [node.left, *node.comparators]
    for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
        yield "comparison", *page.operator(left, right), COMPARISONS[type(op)]


def arithmetic(page, scope, node, helpers):
    """Another sign between two operands; in parentheses where it binds in another way."""
    if type(node.op) not in SIGNS or isinstance(node.op, (ast.Mult, ast.Mod, ast.Sub, ast.Add)) and not is_arithmetic(node):
        return
    options = SIGNS[type(node.op)]
    if isinstance(node.op, LOOSE):
        left, right = page.tight(node.left), page.tight(node.right)
        yield "arithmetic", *page.outer(node), [page.fitted(node, f"{left} {sign} {right}") for sign in options]
    else:
        yield "arithmetic", *page.operator(node.left, node.right), options


def steps(page, scope, node, helpers):
    """Another sign in `x += y`."""
    if type(node.op) in SIGNS:
        yield "arithmetic", *page.operator(node.target, node.value), [sign + "=" for sign in SIGNS[type(node.op)]]


def logic(page, scope, node, helpers):
    """`and` for `or`, and each part left out."""
    start, end = page.outer(node)
    word = WORDS[type(node.op)]
    values = node.values
    if not any(isinstance(v, ast.BoolOp) and page.outer(v) == page.span(v) for v in values):
        text, last = "", page.span(node)[0]
        for left, right in zip(values, values[1:], strict=False):
            first, after = page.operator(left, right)
            text += page.source[last:first] + word
            last = after
        yield "logic", start, end, [page.fitted(node, text + page.source[last : page.span(node)[1]])]
    if len(values) == 2:
        yield "drop-term", start, end, [_alone(page, node, v) for v in values]
    else:
        own = " and " if isinstance(node.op, ast.And) else " or "
        parts = [page.tight(v) for v in values]
        yield "drop-term", start, end, [page.fitted(node, own.join(parts[:k] + parts[k + 1 :])) for k in range(len(parts))]


def _alone(page, node, part):
    """One part of an expression in the place of the whole."""
    text = page.operand(part)
    return page.fitted(node, text, atom=is_atom(part) or text != page.text(part))


def conditions(page, scope, node, helpers):
    """The condition of an `if`: the opposite, always, never."""
    tests = node.ifs if isinstance(node, ast.comprehension) else [node.test]
    for test in tests:
        options = []
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            options.append(_alone(page, test, test.operand))
        elif not (isinstance(test, ast.Compare) and len(test.ops) == 1) and not isinstance(test, ast.Constant):
            options.append(page.fitted(test, f"not {page.tight(test)}"))
        if not isinstance(node, ast.IfExp) and not isinstance(test, ast.Constant):
            options += ["True"] if isinstance(node, ast.comprehension) else ["True", "False"]
        yield "condition", *page.outer(test), options


def branches(page, scope, node, helpers):
    """One side of `a if c else b` for the whole."""
    yield "branch", *page.outer(node), [_alone(page, node, node.body), _alone(page, node, node.orelse)]


def terms(page, scope, node, helpers):
    """A term or a factor left out."""
    if not is_arithmetic(node) or isinstance(node.op, ast.Pow):
        return
    options = [_alone(page, node, node.left)]
    if isinstance(node.op, (ast.Add, ast.Mult)):
        options.append(_alone(page, node, node.right))
    elif isinstance(node.op, ast.Sub):
        options.append(page.fitted(node, f"-{page.tight(node.right)}"))
    elif isinstance(node.op, ast.Div):
        options.append(page.fitted(node, f"1 / {page.tight(node.right)}"))
    yield "drop-term", *page.outer(node), options


def grown(page, scope, node, helpers):
    """One more term or factor for a formula, a number or a name: another name of the function; or the root or square of it."""
    parent, field = page.parents[node]
    if isinstance(node, ast.BinOp):
        fits = is_arithmetic(node) and not isinstance(parent, (ast.BinOp, ast.Subscript, ast.Slice))
    else:
        fits = isinstance(parent, ast.Return) or isinstance(parent, ast.Assign) and is_number(node)
        fits = fits and (is_number(node) or isinstance(node, ast.Name) and scope.may_be_number(node.id))
    if not fits or field == "targets":
        return
    start, end = page.outer(node)
    others = [name for name in scope.at(start) if scope.may_be_number(name) and name != getattr(node, "id", "")][:4]
    whole, tight = page.operand(node), page.tight(node)
    yield "add-term", start, end, [page.fitted(node, f"{whole} {sign} 0.1 * {name}") for name in others for sign in "+-"]
    yield "factor", start, end, [page.fitted(node, f"{tight} {sign} {name}") for name in others for sign in "*/"]
    if not is_number(node):
        yield "power", start, end, [page.fitted(node, f"{tight} ** {power}") for power in ("0.5", "2")]


def arguments(page, scope, node, helpers):
    """Two positional arguments of a call change places."""
    given = node.args
    if len(given) < 2 or any(isinstance(arg, ast.Starred) for arg in given) or called(node) in ORDERLESS:
        return
    for i in range(min(len(given), 4)):
        for j in range(i + 1, min(len(given), 4)):
            (a, b), (c, d) = page.outer(given[i]), page.outer(given[j])
            named = any(isinstance(arg, ast.Constant) and isinstance(arg.value, str) for arg in (given[i], given[j]))
            if not named and not same(given[i], given[j]):
                text = page.source
                yield "arguments", a, d, [text[c:d] + text[b:c] + text[a:b]]


def callees(page, scope, node, helpers):
    """Another function of the module that takes as many arguments; `min` for `max`."""
    name = called(node)
    if not isinstance(node.func, ast.Name):
        return
    if name in OPPOSITES and name not in helpers:
        yield "extreme", *page.span(node.func), [OPPOSITES[name]]
    elif name in helpers and not node.keywords and not any(isinstance(arg, ast.Starred) for arg in node.args):
        returns = helpers[name][2]
        own = {name, *scope.label.split(".")}
        options = []
        for other, (least, most, gives) in helpers.items():
            if other not in own and least <= len(node.args) <= most and (gives == returns or not gives or not returns):
                options.append(other)
        yield "callee", *page.span(node.func), options[:MOST]


def called(node):
    return getattr(node.func, "id", None) or getattr(node.func, "attr", "")


def names(page, scope, node, helpers):
    """Another name of the function that is bound there; no number for a thing."""
    parent, field = page.parents[node]
    if not isinstance(node.ctx, ast.Load) or isinstance(parent, ast.Call) and field == "func":
        return
    start, end = page.span(node)
    bound = scope.at(start)
    if node.id in bound:
        yield "name", start, end, [name for name in bound if name != node.id and scope.alike(name, node.id)][:MOST]


def returned(page, scope, node, helpers):
    """What the function returns elsewhere, where its names are bound here too."""
    if node.value is None:
        return
    start, end = page.span(node.value)
    bound = set(scope.at(start))
    local = {name for name, _, _ in scope.bound}
    options = []
    for other, used in scope.returns:
        text = page.text(other.value)
        if not same(other.value, node.value) and used & local <= bound and "\n" not in text:
            options.append(page.fitted(node.value, text, atom=is_atom(other.value)))
    yield "return", *page.outer(node.value), options[:MOST]


def statements(page, scope, node, helpers):
    """A step that is not taken."""
    if isinstance(node, (ast.AugAssign, ast.Continue)) or isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "statement", *page.span(node), ["pass"]


RULES = {
    ast.Constant: (numbers, booleans, grown),
    ast.Compare: (comparisons,),
    ast.BinOp: (arithmetic, terms, grown),
    ast.AugAssign: (steps, statements),
    ast.BoolOp: (logic,),
    ast.If: (conditions,),
    ast.IfExp: (conditions, branches),
    ast.comprehension: (conditions,),
    ast.Call: (arguments, callees),
    ast.Name: (names, grown),
    ast.Return: (returned,),
    ast.Expr: (statements,),
    ast.Continue: (statements,),
}
