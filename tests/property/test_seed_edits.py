"""Edits of random functions: whatever the layout, the splice is exact."""

import ast
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.seed_agent import modules
from tests.unit.test_seed_edits import stays_in_its_place

agent = modules("edits", "places", "policy")
edits, policy = agent.edits, agent.policy

NAMES = ["a", "b", "größe", "xs"]
BLANKS = st.sampled_from([" ", " ", "  "])
LEAVES = st.one_of(
    st.sampled_from([*NAMES, "True", "'ö # (é'", "xs[0]", "-3", 'f"{a + 1}"']),
    st.integers(0, 10**6).map(str),
    st.floats(0, 1e6, allow_nan=False).map(repr),
)
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "|", "&", "<", "<=", "==", "!=", "in", "not in", "is", "and", "or"]


@st.composite
def combined(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """One more operation around expressions, in parentheses, over lines and with comments as it comes."""
    a, b, c = draw(inner), draw(inner), draw(inner)
    blank = draw(BLANKS)
    operator = draw(st.sampled_from(OPERATORS))
    return draw(
        st.sampled_from(
            [
                f"{a}{blank}{operator} {b}",
                f"{a} {operator}{blank}{b}",
                f"-{a}",
                f"({a}{blank}{operator} {b})",
                f"(({a}) {operator}{blank}({b}))",
                f"({a}  # so (ä) and +\n        {operator} {b}\n    )",
                f"(\n        {a} {operator} ({b})\n    )",
                f"({a} if {b} else {c})",
                f"[x for x in ({a}) if {b}]",
                f"max({a}, {b})",
                f"g({a},{blank}{b}, {c})",
                f"(not {a})",
                f"(-({a}))",
                f"(lambda x: {a})",
                f"xs[{a}:{b}]",
            ]
        )
    )


EXPRESSIONS = st.recursive(LEAVES, combined, max_leaves=8)
BARE = st.tuples(EXPRESSIONS, st.sampled_from(["+", "-", "*", "/", "**", "<", "and", "or"]), EXPRESSIONS).map(" ".join)


@st.composite
def functions(draw: st.DrawFn) -> str:
    first, second, third = draw(st.one_of(EXPRESSIONS, BARE)), draw(BARE), draw(st.one_of(EXPRESSIONS, BARE))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = f"""# Zürich
def g(a, b, c=2): return a + b
def other(x, y): return x
def f(a, xs, größe=1.5, *, b=0):
    '''Länge: 3'''
    y = {first}; z = {second}  # naïve
    if {third}:
        return y
    for k, w in enumerate(xs):
        y += k * {first}
    return {second}
"""
    return text.replace("\n", end)


@given(functions(), st.integers(0, 2**32))
def test_every_edit_of_any_function_is_an_exact_splice(source: str, seed: int) -> None:
    rng = random.Random(seed)
    found = edits.sites(source, "m.py")
    for site in policy.choose(policy.start(), found, rng, 12):
        result = edits.variants(source, site, rng)
        assert result == source[: site.start] + site.options[0] + source[site.end :]
        assert edits.key_of("m.py", result) == site.keys[0]
        assert stays_in_its_place(source, site, result), site.text
        assert edits.describe(source, result)


@given(functions())
def test_all_that_is_found_differs_from_the_source_and_from_one_another(source: str) -> None:
    found = edits.sites(source, "m.py")
    keys = [key for site in found for key in site.keys]
    assert len(keys) == len(set(keys))
    assert all(source[site.start : site.end] == site.old for site in found)
    original = ast.dump(ast.parse(source))
    site = max(found, key=lambda s: len(s.options))
    for k in range(len(site.options)):
        assert ast.dump(ast.parse(edits.variants(source, site.only(k), random.Random(0)))) != original


def told(found: list[Any]) -> list[Any]:
    return [[getattr(site, name) for name in edits.Site.__slots__] for site in found]


@given(functions(), st.integers(0, 2**32))
def test_what_is_remembered_of_a_function_is_what_would_be_found(source: str, seed: int) -> None:
    """After an edit most functions are as they were, but stand elsewhere, and may have other functions beside them."""
    rng = random.Random(seed)
    for before in ("", "C = 1\n\n\ndef one(a):\n    return a\n\n\n"):
        whole = before + source
        edits.sites(whole)
        found = edits.sites(whole)
        if found:
            site = rng.choice(found)
            whole = edits.spliced(whole, [(site, rng.choice(site.options))])
        warm = edits.sites(whole)
        edits.known.clear()
        agent.places.helpers.clear()
        assert told(warm) == told(edits.sites(whole))
