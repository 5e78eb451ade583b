"""The language in which the agent writes: typed productions for functions over lists of ints.

A value is a tuple with one item per example (types L, I, B, M), per element of the inputs (e, p: inside a
comprehension over the input, with its position), or per probe number (f, q: closed lambdas of one number; g: of two).
Most productions work item by item, so `op` is an ordinary function of items; the others cross from one kind of value to
another and name a method of `Scope` instead.

    L list of ints    I int    B bool    M list of bools
    e int-valued, p bool-valued expression over an element x, its position i and the whole input
    f int-valued, q bool-valued closed lambda of a number x       g int-valued closed lambda of a, x

An I may be None where Python raises (the first item of nothing): `xs[0] if xs else 0` has a value. All else refuses None (+None raises).
"""

import operator
from itertools import accumulate, compress
from functools import reduce

LARGEST = 1_000_000
LONGEST = 64


class Production:
    """One way to build an expression: `result <- args`; `op` for items or `cross` for a method of Scope; `text` writes it."""

    __slots__ = ("name", "result", "args", "op", "cross", "text", "level", "needs", "symmetric", "function")
    __slots__ += ("body", "scoped", "uses", "apply", "item")

    def __init__(self, name, result, args, text, op=None, cross=None, level=9, needs=None, symmetric=False, function=None):
        self.name = name
        self.result = result
        self.args = tuple(args.split()) if isinstance(args, str) else tuple(args)
        self.op = op
        self.cross = cross
        self.text = text
        self.level = level
        self.needs = needs or (0,) * len(self.args)
        self.symmetric = symmetric
        self.function = function


def small_product(a, b):
    result = a * b
    if -LARGEST < result < LARGEST:
        return result
    raise OverflowError


def small_sum(items):
    result = sum(items)
    if -LARGEST < result < LARGEST:
        return result
    raise OverflowError


def product(items):
    result = 1
    for item in items:
        result *= item
        if not -LARGEST < result < LARGEST:
            raise OverflowError
    return result


def repeated(items, times):
    if len(items) * times > LONGEST:
        raise OverflowError
    return items * times


def joined(left, right):
    if len(left) + len(right) > LONGEST:
        raise OverflowError
    return left + right


def numbers(stop):
    if stop > LONGEST:
        raise OverflowError
    return tuple(range(stop))


def item_at(items, index):
    return items[index] if -len(items) <= index < len(items) else None


def equal(a, b):
    return +a == +b


def is_in(item, items):
    return +item in items


def unique(items):
    return tuple(dict.fromkeys(items))


def choose(condition, yes, no):
    return yes if condition else no


def negation(flag):
    return not flag


def both(a, b):
    return a and b


def either(a, b):
    return a or b


def alone(item):
    if item is None:
        raise TypeError
    return (item,)


def first(items):
    return items[0] if items else None


def last(items):
    return items[-1] if items else None


def largest(items):
    return max(items) if items else None


def smallest(items):
    return min(items) if items else None


def arithmetic(kind, flag):
    """Arithmetic and comparisons for one kind of number (I, f, e, g) and its kind of flag."""
    n = kind
    made = [
        Production(n + "+", n, (n, n), "{} + {}", operator.add, level=5, needs=(5, 6), symmetric=True),
        Production(n + "-", n, (n, n), "{} - {}", operator.sub, level=5, needs=(5, 6)),
        Production(n + "*", n, (n, n), "{} * {}", small_product, level=6, needs=(6, 7), symmetric=True),
        Production(n + "//", n, (n, n), "{} // {}", operator.floordiv, level=6, needs=(6, 7)),
        Production(n + "%", n, (n, n), "{} % {}", operator.mod, level=6, needs=(6, 7)),
        Production(n + "max", n, (n, n), "max({}, {})", max, symmetric=True),
        Production(n + "min", n, (n, n), "min({}, {})", min, symmetric=True),
    ]
    if flag:
        made += [
            Production(n + "if", n, (flag, n, n), "{1} if {0} else {2}", choose, level=0, needs=(1, 1, 0)),
            Production(flag + "==", flag, (n, n), "{} == {}", equal if kind == "I" else operator.eq, level=4, needs=(5, 5), symmetric=True),
            Production(flag + "<", flag, (n, n), "{} < {}", operator.lt, level=4, needs=(5, 5)),
            Production(flag + "not", flag, (flag,), "not {}", negation, level=3, needs=(3,)),
            Production(flag + "and", flag, (flag, flag), "{} and {}", both, level=2, needs=(2, 3), symmetric=True),
            Production(flag + "or", flag, (flag, flag), "{} or {}", either, level=1, needs=(1, 2), symmetric=True),
        ]
    return made


def constants(kind, values):
    return [Production(kind + str(k), kind, (), str(k), cross="constant", level=9 if k >= 0 else 7) for k in values]


def base():
    """All productions that the agent starts with."""
    made = [
        Production("xs", "L", (), "xs", cross="input_list"),
        Production("n", "I", (), "n", cross="input_int"),
        Production("x", "e", (), "x", cross="elements"),
        Production("i", "e", (), "i", cross="positions"),
        Production("fx", "f", (), "x", cross="probe"),
        Production("gx", "g", (), "x", cross="probe_x"),
        Production("ga", "g", (), "a", cross="probe_a"),
    ]
    made += constants("I", (-1, 0, 1, 2, 3, 4, 5))
    made += constants("f", (0, 1, 2, 3, 4, 5, 10))
    made += constants("e", (0, 1, 2))
    made += arithmetic("I", "B") + arithmetic("f", "q") + arithmetic("e", "p") + arithmetic("g", None)
    made += [
        Production("len", "I", "L", "len({})", len),
        Production("sum", "I", "L", "sum({})", small_sum),
        Production("product", "I", "L", "prod({})", product),
        Production("max", "I", "L", "max({})", largest),
        Production("min", "I", "L", "min({})", smallest),
        Production("head", "I", "L", "{}[0]", first, needs=(9,)),
        Production("last", "I", "L", "{}[-1]", last, needs=(9,)),
        Production("index", "I", "L I", "{}[{}]", item_at, needs=(9, 0)),
        Production("count", "I", "q L", "sum(1 for x in {1} if {0})", cross="count", needs=(0, 1)),
        Production("fold", "I", "g I L", "reduce(lambda a, x: {0}, {2}, {1})", cross="fold"),
        Production("all", "B", "q L", "all({0} for x in {1})", cross="all", needs=(0, 1)),
        Production("any", "B", "q L", "any({0} for x in {1})", cross="any", needs=(0, 1)),
        Production("has", "B", "I L", "{} in {}", is_in, level=4, needs=(5, 5)),
        Production("same", "B", "L L", "{} == {}", operator.eq, level=4, needs=(5, 5), symmetric=True),
        Production("marks", "M", "q L", "[{0} for x in {1}]", cross="marks", needs=(0, 1)),
        Production("marksi", "M", "p", "[{} for i, x in enumerate(xs)]", cross="split"),
        Production("map", "L", "f L", "[{0} for x in {1}]", cross="map", needs=(0, 1)),
        Production("filter", "L", "q L", "[x for x in {1} if {0}]", cross="filter", needs=(1, 1)),
        Production("mapi", "L", "e", "[{} for i, x in enumerate(xs)]", cross="split"),
        Production("filteri", "L", "p", "[x for i, x in enumerate(xs) if {}]", cross="keep", needs=(1,)),
        Production("scan", "L", "g L", "list(accumulate({1}, lambda a, x: {0}))", cross="scan"),
        Production("sort", "L", "L", "sorted({})", lambda items: tuple(sorted(items))),
        Production("reverse", "L", "L", "{}[::-1]", lambda items: items[::-1], needs=(9,)),
        Production("tail", "L", "L", "{}[1:]", lambda items: items[1:], needs=(9,)),
        Production("init", "L", "L", "{}[:-1]", lambda items: items[:-1], needs=(9,)),
        Production("take", "L", "L I", "{}[:{}]", lambda items, k: items[:+k], needs=(9, 0)),
        Production("drop", "L", "L I", "{}[{}:]", lambda items, k: items[+k:], needs=(9, 0)),
        Production("concat", "L", "L L", "{} + {}", joined, level=5, needs=(5, 6)),
        Production("single", "L", "I", "[{}]", alone),
        Production("repeat", "L", "L I", "{} * {}", repeated, level=6, needs=(6, 7)),
        Production("range", "L", "I", "list(range({}))", numbers),
        Production("unique", "L", "L", "list(dict.fromkeys({}))", unique),
        Production("ifL", "L", "B L L", "{1} if {0} else {2}", choose, level=0, needs=(1, 1, 0)),
        Production("lift", "e", "I", "{}", cross="lift", level=-1),
        Production("at", "e", "e", "xs[{}]", cross="at"),
    ]
    return made


class Memo(dict):
    """A lambda as a table that fills itself: probe values are in it from the start, others are computed when asked for."""

    __slots__ = ("compute",)

    def __missing__(self, key):
        value = self[key] = self.compute(key)
        return value


PAIRS = ((0, 1), (1, 0), (2, 3), (3, 2), (5, 1), (1, 4), (7, 7), (4, 9), (10, 3), (0, 6), (6, 0), (12, 5))
PROBE_A = tuple(a for a, _ in PAIRS)
PROBE_X = tuple(x for _, x in PAIRS)


class Scope:
    """The inputs of one enumeration, and the productions that cross from one kind of value to another."""

    def __init__(self, inputs, input_type):
        self.size = len(inputs)
        self.input_type = input_type
        self.lists = tuple(tuple(item) for item in inputs) if input_type == "list-of-int" else None
        self.ints = tuple(inputs) if input_type == "int" else None
        lists = self.lists or ()
        self.flat = tuple(x for xs in lists for x in xs)
        self.places = tuple(i for xs in lists for i in range(len(xs)))
        self.counts = tuple(len(xs) for xs in lists)
        self.owners = tuple(xs for xs in lists for _ in xs)
        self.cuts = []
        start = 0
        for count in self.counts:
            self.cuts.append((start, start + count))
            start += count
        seen = set(range(-2, 13)) | set(self.flat) | set(self.ints or ())
        self.probes = tuple(sorted(seen)[:48])
        self.closed = {}
        self.inner = {}

    def leaf(self, production):
        """The value of a production without arguments, or None where this input has no such thing."""
        if production.cross == "constant":
            width = {"I": self.size, "f": len(self.probes), "g": len(PAIRS), "e": len(self.flat)}[production.result]
            return (int(production.text),) * width
        return {
            "input_list": self.lists,
            "input_int": self.ints,
            "elements": self.flat if self.lists else None,
            "positions": self.places if self.lists else None,
            "probe": self.probes,
            "probe_x": PROBE_X,
            "probe_a": PROBE_A,
        }[production.cross]

    def lift(self, number):
        value, _, _ = number
        lifted = tuple([v for v, count in zip(value, self.counts) for _ in range(count)])
        if None in lifted:
            raise TypeError
        return lifted

    def at(self, index):
        return tuple([xs[k] for xs, k in zip(self.owners, index[0])])

    def split(self, body):
        value = body[0]
        return tuple([value[a:b] for a, b in self.cuts])

    def keep(self, condition):
        value = condition[0]
        flat = self.flat
        return tuple([tuple(compress(flat[a:b], value[a:b])) for a, b in self.cuts])

    def map(self, body, lists):
        call = body[2].__getitem__
        return tuple([tuple(map(call, xs)) for xs in lists[0]])

    marks = map

    def filter(self, condition, lists):
        call = condition[2].__getitem__
        return tuple([tuple(filter(call, xs)) for xs in lists[0]])

    def count(self, condition, lists):
        call = condition[2].__getitem__
        return tuple([sum(map(call, xs)) for xs in lists[0]])

    def all(self, condition, lists):
        call = condition[2].__getitem__
        return tuple([all(map(call, xs)) for xs in lists[0]])

    def any(self, condition, lists):
        call = condition[2].__getitem__
        return tuple([any(map(call, xs)) for xs in lists[0]])

    def fold(self, body, start, lists):
        call = body[2]
        return tuple([bounded(reduce(call, xs, +s)) for s, xs in zip(start[0], lists[0])])

    def scan(self, body, lists):
        call = body[2]
        return tuple([tuple(map(bounded, accumulate(xs, call))) for xs in lists[0]])


def bounded(number):
    if -LARGEST < number < LARGEST:
        return number
    raise OverflowError
