"""The dialect of the gym: what a program may say, what it gives, and that it cannot break out or go on for ever."""

import ast
import sys
from typing import Any

import pytest

from rsi.suites.gym.guest.dialect import FAULTS, compiled, shallow, started
from rsi.suites.gym.guest.grammar import Refused, admit
from rsi.suites.gym.guest.guards import Spent

STEPS = 40_000


def call(source: str, *arguments: object, entry: str = "f", steps: int = STEPS) -> Any:
    code = compiled(source)
    with shallow():
        return started(code, entry, steps)(*arguments)


def body(text: str, *arguments: object) -> Any:
    """What `f(a)` gives whose body is this text."""
    return call("def f(a=0):\n" + "".join(f"    {line}\n" for line in text.split("\n")), *arguments)


REFUSED = [
    "import os",
    "from math import sqrt",
    "x = ().__class__",
    "def f():\n    return f.__globals__",
    "def f():\n    g = (i for i in [1])\n    return g.gi_frame",
    "def f():\n    return _step",
    "def f():\n    _step = 1",
    "def _f():\n    pass",
    "def f(_x):\n    pass",
    "def f():\n    for _ in [1]:\n        pass",
    "f = lambda: __builtins__",
    "x = 'text'",
    "x = f'{1}'",
    "x = b'bytes'",
    "x = 1j",
    "x = ...",
    "x = 99999999999999999999",
    "try:\n    pass\nexcept ValueError:\n    pass",
    "raise ValueError",
    "assert True",
    "with f:\n    pass",
    "class A:\n    pass",
    "def f(*xs):\n    pass",
    "def f(**xs):\n    pass",
    "def f():\n    g(*[1])",
    "def f():\n    g(**{1: 2})",
    "x = [*[1]]",
    "x = {**{1: 1}}",
    "x = {1, 2}",
    "def f():\n    yield 1",
    "async def f():\n    pass",
    "def f():\n    global x",
    "def f():\n    def g():\n        nonlocal x",
    "x: int = 1",
    "def f(x: int):\n    pass",
    "def f() -> int:\n    pass",
    "@f\ndef g():\n    pass",
    "del x",
    "x = (y := 1)",
    "xs = [1]\nxs[0:1] = [2]",
    "x = a @ b",
    "match x:\n    case 1:\n        pass",
    "x = [1].extend",
    "[1].extend([2])",
    "x = [1].append",
    "x = [1].clear()",
    "x.y = 1",
    "print >> 1 .real",
    "def f(:",
    "x = 'a\0b'",
    "ｘ_ = 1",
]


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_not_part_of_the_dialect_is_refused(source: str) -> None:
    with pytest.raises(Refused):
        compiled(source)


@pytest.mark.parametrize("source", ["(" * 500, "-" * 5000 + "1", "x = " + "[" * 90 + "]" * 90, "x = 1\n" * 3000, "x=1" + " " * 30_000])
def test_text_that_is_too_deep_or_too_large_is_refused(source: str) -> None:
    with pytest.raises(Refused):
        admit(source)


ENDLESS = {
    "a loop": "while True:\n    pass",
    "a loop without a body of its own": "xs = [1]\nfor x in xs:\n    xs.append(x)",
    "recursion": "g = lambda x, g: g(x, g)\nreturn g(1, g)",
    "nested comprehensions": "return [1 for a in range(1000) for b in range(1000) for c in range(1000)]",
    "a huge range": "return sum(range(10 ** 12))",
    "ints that square": "x = 3\nwhile True:\n    x = x * x",
    "ints that square in place": "x = 3\nwhile True:\n    x *= x",
    "ints that double": "x = 3\nwhile True:\n    x = x + x",
    "a tower of powers": "return 9 ** 9 ** 9",
    "a huge shift": "return 1 << 10 ** 9",
    "a negative power of something huge": "return (2 ** 60) ** (-(10 ** 9))",
    "lists that double": "x = [1]\nwhile True:\n    x = x + x",
    "lists that double in place": "x = [1]\nwhile True:\n    x += x",
    "lists that repeat": "return [0] * 10 ** 9",
    "lists that repeat the other way round": "return 10 ** 9 * [0]",
    "lists that repeat in place": "x = [0]\nwhile True:\n    x *= 2",
    "an entry that repeats in place": "x = [[0]]\nwhile True:\n    x[0] *= 2",
    "tuples that double": "x = (1, 1)\nwhile True:\n    x = x + x",
    "tuples that nest": "x = (1, 1)\nwhile True:\n    x = (x, x)",
    "tuples that nest through a dict": "x = (1,)\nwhile True:\n    for pair in {x: x}.items():\n        x = pair",
    "tuples that nest through zip": "x = (1,)\nwhile True:\n    for pair in zip([x], [x]):\n        x = pair",
    "lists compared that nest": "x, y = [1], [1]\nfor i in range(60):\n    x, y = [x, x], [y, y]\nreturn x == y",
    "lists sorted that nest": "x, y = [1], [1]\nfor i in range(60):\n    x, y = [x, x], [y, y]\nreturn sorted([x, y])",
    "lists looked for that nest": "x, y = [1], [1]\nfor i in range(60):\n    x, y = [x, x], [y, y]\nreturn x in [y]",
    "the least of lists that nest": "x, y = [1], [1]\nfor i in range(60):\n    x, y = [x, x], [y, y]\nreturn min(x, y)",
    "a list that holds itself": "x = []\nx.append(x)\nreturn x == [x]",
    "long lists looked through": "x = list(range(50000))\nwhile True:\n    a = 1.5 in x",
    "long lists shifted": "x = list(range(50000))\nwhile True:\n    x.insert(0, 1)",
    "long lists emptied from the front": "x = list(range(90000))\nwhile True:\n    x.append(x.pop(0))",
    "long lists copied": "x = list(range(50000))\nwhile True:\n    y = x[1:]",
    "long lists sorted": "x = list(range(50000))\nwhile True:\n    x.sort()",
    "long lists counted": "x = list(range(50000))\nwhile True:\n    x.count(1)",
    "long lists turned round": "x = list(range(50000))\nwhile True:\n    x.reverse()",
    "long lists summed": "x = list(range(50000))\nwhile True:\n    a = sum(x)",
    "long dicts listed": "x = {i: i for i in range(9000)}\nwhile True:\n    a = x.values()",
    "iterators of iterators": "x = [1]\nwhile True:\n    x = enumerate(x)\n    x = reversed(x)\n    x = zip(x, x)",
    "keys that are huge": "x = [0] * 1000\nwhile True:\n    a = sorted([x, x], key=lambda y: [x] * 1000)",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_program_without_end_ends_by_its_steps(text: str) -> None:
    with pytest.raises((Spent, RecursionError)):
        body(text)


@pytest.mark.parametrize("text", ["x = [1]\nfor k in {1: 2}:\n    return k.real", "return len.real", "return f.append(1)"])
def test_what_has_no_such_method_has_none(text: str) -> None:
    with pytest.raises((Refused, AttributeError)):
        body(text)


FAILING = [
    *("return (-8) ** 0.5", "return round(1.5, 10 ** 9)", "return 1 / 0", "return [][0]", "return {}[1]", "return a.get(1)", "return g()"),
    *("d = {1: 1}\nfor k in d:\n    d[k + 1] = 1", "return sum([[1]], [])", "return {1: 1} | {2: 2}", "return max([])", "return log(-1)"),
    *("return sorted([1], lambda x: x, 3, 4)", "return min([], nothing=1)", "x = (1,)\nx += (2,)", "return exp(1e9)", "return int(1e999)"),
]


@pytest.mark.parametrize("text", FAILING)
def test_what_fails_fails_as_a_fault_of_the_program(text: str) -> None:
    with pytest.raises(FAULTS):
        body(text)


SAME = [
    "return [x * 2 for x in [3, 1, 2] if x > 1]",
    "xs = [3, 1, 2]\nxs.sort(key=lambda x: -x)\nreturn xs",
    "return sorted([(2, 1), (1, 5)], reverse=True)",
    "return min([3, 1, 2], key=lambda x: abs(x - 2)), max(4, 7), min([], default=5), max((1, 2))",
    "xs = [1]\nys = xs\nys += [2]\nreturn xs, ys",
    "d = {}\nfor i, x in enumerate([5, 6, 5]):\n    d[x] = d.get(x, 0) + i\nreturn [(k, v) for k, v in d.items()], d.keys() == [5, 6]",
    "xs = [5, 3, 9]\nxs.insert(1, 7)\nxs.remove(9)\nxs.append(xs.pop(0))\nreturn xs, xs.index(7), xs.count(3), 3 in xs, 4 not in xs",
    "t = 0\nwhile t < 9:\n    t += 2\n    if t == 4:\n        continue\n    if t > 6:\n        break\nelse:\n    t = -1\nreturn t",
    "return 2 ** 10, 2 ** -1, 2.0 ** 0.5, 7 // 2, -7 % 3, 1 << 4, 5 | 2, 6 & 3, 6 ^ 3, ~5, not 0",
    "def g(x, y=2):\n    return x + y\nreturn g(1), g(1, y=5), (lambda x: x * x)(4)",
    "return [1, 2, 3, 4][1:3], [1, 2, 3][::-1], (1, 2) + (3,), [0] * 3, (1,) * 2",
    "return 1 < 2 <= 2 < 3, [1, 2] < [1, 3], (1, 2) == (1, 2), None is None, 3 if a else 4",
    "return any(x > 2 for x in [1, 3]), all([]), sum([1.5, 2]), len([1, 2]), round(2.567, 1), round(2.5), int(3.9), divmod(7, 2)",
    "return list(zip([1, 2], [3, 4])), list(reversed([1, 2])), tuple([1]), dict([(1, 2)]), list(range(2, 9, 3))",
    "a, (b, c) = 1, (2, 3)\nreturn c, b, a",
]


@pytest.mark.parametrize("text", SAME)
def test_a_program_gives_what_python_gives(text: str) -> None:
    source = "def f(a=0):\n" + "".join(f"    {line}\n" for line in text.split("\n"))
    space: dict[str, Any] = {}
    exec(source.replace("d.keys()", "list(d.keys())"), space)  # noqa: S102 - texts of this file
    assert body(text) == space["f"]()


def test_each_evaluation_has_a_fresh_module() -> None:
    source = "SEEN = []\ndef f(xs=[]):\n    SEEN.append(1)\n    xs.append(1)\n    return len(SEEN) + len(xs)\n"
    assert [call(source), call(source)] == [2, 2]


def test_steps_decide_and_not_the_clock() -> None:
    source = "def f():\n    t = 0\n    for i in range(100):\n        t += i\n    return t\n"
    least = next(steps for steps in range(1, 1000) if not _ends(source, steps))
    assert [_ends(source, least - 1), _ends(source, least)] == [True, False]
    assert 100 < least < 200


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("min(a, 2)", 1),
        ("max(a, 2.5)", 1),
        ("min(a, 2, 3)", 1),
        ("min([a, 2])", 2),
        ("min(a, 2, key=abs)", 1),
        ("min([a], [2])", 3),
        ("a + 2", 0),
    ],
)
def test_what_a_call_costs(text: str, steps: int) -> None:
    source = f"def f(a):\n    return {text}\n"
    assert next(least for least in range(100) if not _ends(source, least, 7)) == 1 + steps


KNOWN = "C = 2.5\nN = 3\ndef half(x):\n    return x / 2\ndef same(x):\n    return x\n"


@pytest.mark.parametrize(
    "text", ["C * a", "a * -C", "a + N", "half(a) + a", "a * half(a)", "a > N", "pi * a", "a + C * a", "a > len(b)", "sqrt(a) + a"]
)
def test_what_is_known_to_be_a_number_needs_no_guard(text: str) -> None:
    assert "_" not in _rewritten(KNOWN, text)


@pytest.mark.parametrize(
    ("above", "text", "guard"),
    [
        ("", "N * a", "_mul"),
        ("", "same(a) + a", "_add"),
        ("", "abs(a) + a", "_add"),
        ("", "a > same(N)", "_flat"),
        ("", "N > a", "_flat"),
        ("", "N ** a", "_pow"),
        ("C = [1]\n", "C * a", "_mul"),
        ("def g(C):\n    return C * 2\n", "C * a", "_mul"),
        ("for N in [[1]]:\n    pass\n", "a + N", "_add"),
        ("def half(x):\n    return x\n", "half(a) + a", "_add"),
        ("def half(x):\n    def g():\n        return x\n    return x / 2\n", "half(a) + a", "_add"),
        ("pi = [1]\n", "pi * a", "_mul"),
        ("sqrt = sorted\n", "sqrt(a) + a", "_add"),
        ("xs = [pi for pi in [1]]\n", "pi * a", "_mul"),
    ],
)
def test_what_is_not_known_to_be_a_number_keeps_its_guard(above: str, text: str, guard: str) -> None:
    assert guard in _rewritten(KNOWN + above, text)


def _rewritten(above: str, text: str) -> str:
    return ast.unparse(admit(f"{above}def f(a, b):\n    return {text}\n").body[-1]).partition("return ")[2]


def _ends(source: str, steps: int, *arguments: object) -> bool:
    try:
        call(source, *arguments, steps=steps)
    except Spent:
        return True
    return False


def test_the_depth_of_recursion_does_not_depend_on_who_calls() -> None:
    source = "def f(n):\n    if n == 0:\n        return 0\n    return 1 + f(n - 1)\n"

    def deepest() -> int:
        return max(n for n in range(200) if _reaches(source, n))

    def from_below(frames: int) -> int:
        return deepest() if frames == 0 else from_below(frames - 1)

    before = sys.getrecursionlimit()
    assert deepest() == from_below(300) > 100
    assert sys.getrecursionlimit() == before


def _reaches(source: str, depth: int) -> bool:
    try:
        call(source, depth)
    except RecursionError:
        return False
    return True


@pytest.mark.parametrize("source", ["f = 1", "f = len", "f = range", "def g():\n    pass", "f = [lambda: 1]"])
def test_an_entry_is_a_function_of_the_program(source: str) -> None:
    with pytest.raises(Refused):
        started(compiled(source), "f", STEPS)
