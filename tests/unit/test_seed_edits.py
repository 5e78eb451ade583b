"""The seed agent's edits: which it finds in a source, and what it makes of them. Its policy is in the second half."""

import ast
import json
import random
import textwrap
from functools import lru_cache
from typing import Any

import pytest

from tests.seed_agent import SEED, modules

agent = modules("edits", "policy")
edits, policy = agent.edits, agent.policy

LEARNING = textwrap.dedent(
    '''
    """How weights are learned: counts, smoothed — „näher an eins“."""

    from math import log

    __all__ = ["smooth"]
    RATE = 0.1
    LIMITS: tuple[int, int] = (1, 8)


    def smooth(counts, prior=1.0):
        """Counts to shares; prior of 3.0 is too much."""
        total = sum(counts.values()) + prior * len(counts)  # größer als 0
        return {name: (count + prior) / total for name, count in counts.items()}


    def cost(share, scale=4, floor: float = 1e-3):
        if share < floor or not scale:
            share = floor
        return max(1, round(-log(share) * scale))


    def price(share, scale=4):
        return scale - share


    class Corpus:
        most = 500

        def add(self, tasks, rng, *, shuffled=True):
            kept = []
            for k, task in enumerate(tasks):
                if task in self.seen and k > 0:
                    continue
                kept.append(task)
                self.size += 1
            if shuffled and len(kept) > 1:
                rng.shuffle(kept)
            return kept[: self.most] if kept else []


    def epochs(tasks, passes, share):
        """Ünïcode before code: """
        weight = share * 0.5; name = "grün"; rest = (1 - share) * passes
        if weight > rest:
            return cost(weight, passes)
        return f"{name} {weight * 2}" if rest == 0 else price(rest, weight + rest)
    '''
)


def options(source: str, family: str, function: str | None = None) -> list[tuple[str, str]]:
    found = edits.sites(source, "m.py")
    return [(s.old, new) for s in found if s.family == family and function in (None, s.function) for new in s.options]


def leaves(old: ast.AST, new: ast.AST) -> list[ast.AST]:
    """All smallest nodes of the old tree that are not the same in the new one."""
    if type(old) is not type(new):
        return [old]
    found: list[ast.AST] = []
    for (_, a), (_, b) in zip(ast.iter_fields(old), ast.iter_fields(new), strict=True):
        pairs = list(zip(a, b, strict=True)) if isinstance(a, list) and isinstance(b, list) and len(a) == len(b) else [(a, b)]
        for x, y in pairs:
            if isinstance(x, ast.AST) and isinstance(y, ast.AST):
                inner = leaves(x, y)
                found += [leaf if hasattr(leaf, "lineno") else old for leaf in inner]
            elif x != y:
                found.append(old)
    return found


@lru_cache(maxsize=2)
def page_of(source: str) -> Any:
    return edits.Page(source)


def stays_in_its_place(source: str, site: Any, result: str) -> bool:
    """Nothing but the text of the site changed, and the tree changed nowhere else than there or in the operation it belongs to."""
    page = page_of(source)
    changed = leaves(page.tree, ast.parse(result))
    spans = [edits.Page.span(page, node) for node in changed]
    operator = site.family in ("comparison", "arithmetic")
    inside = [a >= site.start and b <= site.end or operator and a <= site.start and site.end <= b and len(changed) == 1 for a, b in spans]
    texts = result.startswith(source[: site.start]) and result.endswith(source[site.end :])
    return bool(changed) and all(inside) and texts


@pytest.mark.parametrize("name", ["LEARNING", "edits.py", "policy.py", "variant.py"])
def test_every_edit_gives_a_program_that_differs_at_its_place_and_nowhere_else(name: str) -> None:
    source = LEARNING if name == "LEARNING" else (SEED / name).read_text("utf-8")
    rng = random.Random(1)
    found = [site.only(k) for site in edits.sites(source, name) for k in range(len(site.options))]
    chosen = found if name == "LEARNING" else rng.sample(found, 30)
    wrong = [s.text for s in chosen if not stays_in_its_place(source, s, edits.variants(source, s, rng))]
    assert len(chosen) >= 30 and not wrong


def test_no_two_edits_give_the_same_source() -> None:
    found = [site.only(k) for site in edits.sites(LEARNING, "m.py") for k in range(len(site.options))]
    results = [edits.variants(LEARNING, site, random.Random(0)) for site in found]
    assert len(set(results)) == len(results) == len({site.keys for site in found})
    assert ast.dump(ast.parse(LEARNING)) not in {ast.dump(ast.parse(result)) for result in results}


def test_all_families_are_found_in_code_that_learns() -> None:
    source = LEARNING + "\n\ndef pick(a, b):\n    if a and b:\n        return a[0]\n    return [x for x in b if x in a]\n"
    found = {site.family for site in edits.sites(source, "m.py")}
    assert found == set(edits.FAMILIES)


def test_docstrings_annotations_lists_of_names_and_formatted_strings_are_left_alone() -> None:
    source = '__all__ = ["f"]\n\n\ndef f(x: list[3]) -> tuple[4]:\n    """2 and 3"""\n    y: dict[5] = x\n    return f"{y + 7}"\n'
    assert {site.family for site in edits.sites(source)} <= {"name"}


def test_a_number_keeps_its_kind_and_changes_its_size() -> None:
    assert {new for _, new in options("A = 8", "number")} == {"16", "4", "10", "6", "9", "7", "0", "1", "-8"}
    assert {new for _, new in options("A = 0.5", "number")} == {"1.0", "0.25", "0.625", "0.4", "1.5", "-0.5", "0.0"}
    assert all(abs(int(new)) <= edits.LARGEST for _, new in options("A = 9_000_000", "number"))


@pytest.mark.parametrize(
    ("body", "family", "expected"),
    [
        ("return -2 ** a", "number", "return -(-2) ** a"),
        ("return-1", "number", "return 0"),
        ("return a - -1", "number", "return a - (-2)"),
        ("return (a - b) * 2", "drop-term", "return a * 2"),
        ("return (a - b) * 2", "drop-term", "return a - b"),
        ("return a - b * 2", "drop-term", "return -(b * 2)"),
        ("return 1 / (a - b)", "drop-term", "return 1"),
        ("return a / b / 2", "drop-term", "return (1 / b) / 2"),
        ("return -a ** b", "arithmetic", "return -(a * b)"),
        ("return (a) < (b)", "comparison", "return (a) <= (b)"),
        ("return a not  in b", "comparison", "return a in b"),
        ("return a and b or 2", "logic", "return (a or b) or 2"),
        ("return a or b and 2", "logic", "return a or (b or 2)"),
        ("return a and b and 2", "drop-term", "return a and 2"),
        ("return not (a and b)", "drop-term", "return not b"),
        ("return a if a > 1 else b", "branch", "return b"),
        ("return sum(x for x in a if x)", "condition", "return sum(x for x in a if True)"),
        ("if not a: return b", "condition", "if a: return b"),
        ("if a or b: return b", "condition", "if not (a or b): return b"),
        ("return f(b, (a)) + g(a)", "arguments", "return f((a), b) + g(a)"),
        ("return max(a, b)", "extreme", "return min(a, b)"),
        ("a += 2", "arithmetic", "a -= 2"),
        ("a += 2", "statement", "pass"),
        ("return (a  # plus (\n     * b)", "drop-term", "return b"),
        ("return a - 2", "add-term", "return a - 2 + 0.1 * a"),
        ("return 2", "add-term", "return 2 + 0.1 * b"),
        ("return a + b", "factor", "return (a + b) / b"),
        ("return a", "power", "return a ** 0.5"),
        ("return a[1], b", "index", "return a[0], b"),
        ("return 'ü', f(a), b", "name", "return 'ü', f(b), b"),
    ],
)
def test_the_new_text_means_what_the_edit_says(body: str, family: str, expected: str) -> None:
    source = f"def h(a, b):\n    {body}\n"
    found = [site for site in edits.sites(source, "m.py") if site.family == family]
    results = [edits.variants(source, s.only(k), random.Random(0)) for s in found for k in range(len(s.options))]
    assert f"def h(a, b):\n    {expected}\n" in results


def test_a_name_is_replaced_only_by_one_that_is_bound_there() -> None:
    source = "def f(a):\n    use(a)\n    b = a\n    for c in b:\n        use(c)\n    d = [e for e in b]\n    return d\n"
    found = {(site.line, site.old): set(site.options) for site in edits.sites(source) if site.family == "name"}
    assert (2, "a") not in found
    assert found[4, "b"] == {"a"} and found[5, "c"] == {"a", "b"} and found[7, "d"] == {"a", "b"}
    assert found[6, "e"] == {"a", "b"} and found[6, "b"] == {"a"}


def test_numbers_and_things_do_not_change_places() -> None:
    source = "def f(items, rate=0.5, size=2):\n    return items[rate - size]\n"
    assert set(options(source, "name")) == {("rate", "size"), ("size", "rate")}
    assert options("def f(items, size):\n    for x in items:\n        use(x)\n    return 3\n", "factor") == [
        ("3", "3 * size"),
        ("3", "3 / size"),
    ]


def test_a_call_goes_only_to_small_functions_that_take_as_many_arguments() -> None:
    heads = {"a(x)": "return x", "b(y)": "return y", "c(x, y)": "return x", "d(x)": "print(x)", "e(z)": "return a(z)"}
    source = "".join(f"def {head}:\n    {body}\n" for head, body in heads.items())
    assert options(source, "callee") == [("a", "b")]


def test_edits_can_be_limited_to_some_functions() -> None:
    assert {site.function for site in edits.sites(LEARNING, only={"cost", "RATE"})} == {"cost", "RATE"}
    assert {site.function for site in edits.sites(LEARNING, only={"add"})} == {"Corpus.add"}


def test_a_site_says_in_words_where_and_what() -> None:
    site = next(s for s in edits.sites(LEARNING, "learning.py") if s.function == "smooth" and s.old == "1.0")
    assert site.only(site.options.index("0.5")).text == "learning.py: smooth(): 1.0 → 0.5"
    rate = next(s for s in edits.sites(LEARNING, "learning.py") if s.function == "RATE")
    assert rate.text.startswith("learning.py: RATE: 0.1 → 0.2 | 0.05") and rate.line == 7


def test_a_change_is_described_by_the_smallest_part_that_differs() -> None:
    changed = LEARNING.replace("share < floor", "share <= floor")
    assert edits.describe(LEARNING, changed) == "cost(): share < floor → share <= floor"
    assert edits.describe(LEARNING, LEARNING + "# a comment\n") == ""
    assert edits.describe("def f(a):\n    return a\n", "def f(a, b):\n    return a\n").startswith("f(): def f(a): return a →")


def test_an_edit_of_another_source_is_refused() -> None:
    site = edits.sites(LEARNING, "m.py")[0]
    with pytest.raises(ValueError, match="not the source that was searched"):
        edits.variants("# one line more\n" + LEARNING, site, random.Random(0))


def test_the_policy_never_chooses_an_edit_twice_and_stops_when_all_are_tried() -> None:
    found, rng, state = edits.sites(LEARNING, "m.py"), random.Random(3), policy.start()
    total = sum(len(site.options) for site in found)
    chosen = [s for _ in range(total // 25 + 2) for s in policy.choose(state, found, rng, 25)]
    assert len(chosen) == total == len({site.keys for site in chosen})
    assert policy.choose(state, found, rng, 5) == []


def test_the_policy_comes_to_favour_a_family_that_keeps_being_accepted() -> None:
    found, rng, state = edits.sites((SEED / "policy.py").read_text("utf-8"), "policy.py"), random.Random(4), policy.start()
    before = [site.family for site in policy.choose(state, found, rng, 60)]
    for _ in range(40):
        for site in policy.choose(state, found, rng, 2):
            policy.update(state, site, {"judged": site.family == "number"})
    after = [site.family for site in policy.choose(state, found, rng, 60)]
    assert before.count("number") <= 15
    assert after.count("number") >= 40


def test_the_policy_comes_to_favour_a_function_that_keeps_being_accepted() -> None:
    body = LEARNING[LEARNING.index("def epochs") :]
    found = edits.sites("\n\n".join(body.replace("epochs", f"part{k}") for k in range(6)), "m.py")
    after: list[str] = []
    for seed in range(5):
        rng, state = random.Random(seed), policy.start()
        for site in policy.choose(state, found, rng, 60):
            good = site.function == "part3"
            policy.update(state, policy.tag(site), {"judged": good, "replayed": 0.01 if good else -0.01})
        after += [site.function for site in policy.choose(state, found, rng, 40)]
    assert after.count("part3") / len(after) > 2 / 6


def test_the_policy_is_plain_json_of_bounded_size() -> None:
    (site, *_), state = edits.sites("def f():\n    return 1\n", "m.py"), policy.start()
    for k in range(3000):
        moved = edits.Site("m.py", f"{k} {site.source}", f"f{k}", site.family, site.line, site.start, site.end, site.options)
        policy.update(state, moved, {"replayed": 0.01, "se": 0.01, "judged": k % 2 == 0})
    assert json.loads(json.dumps(state)) == state
    assert len(state["tried"]) == policy.MOST_TRIED and len(state["places"]) == policy.MOST_PLACES
    assert len(json.dumps(state)) < 400_000


def test_the_same_state_and_seed_choose_the_same_edits() -> None:
    found = edits.sites(LEARNING, "m.py")
    first, second = ([site.keys for site in policy.choose(policy.start(), found, random.Random(9), 30)] for _ in range(2))
    assert len(first) == 30 and first == second


def test_a_prediction_is_replay_evidence_shrunken_towards_what_the_family_brought() -> None:
    site, state = edits.sites("A = 1", "m.py")[0], policy.start()
    weak, strong = policy.predict(state, 0.02, 0.05, site), policy.predict(state, 0.02, 0.005, site)
    assert 0.5 < weak["p_better"] < 0.7 < strong["p_better"]
    assert strong["low"] < (strong["low"] + strong["high"]) / 2 < 0.02
    for _ in range(30):
        policy.update(state, site, {"replayed": -0.02, "se": 0.005})
    assert policy.predict(state, 0.02, 0.05, site)["p_better"] < 0.5
    assert policy.predict(state, None, 0.0, site)["p_better"] < 0.2


def test_the_intervals_of_a_prediction_hold_the_true_gain_in_four_of_five_cases_and_in_half_of_them() -> None:
    rng, state, inside = random.Random(6), policy.start(), []
    site = edits.sites("A = 1", "m.py")[0]
    for k in range(2000):
        gain, error = rng.gauss(-0.01, 0.03), 0.02
        seen = rng.gauss(gain, error)
        said = policy.predict(state, seen, error, site)
        policy.update(state, site, {"replayed": seen, "se": error})
        if k >= 100:
            inside.append((said["low"] <= gain <= said["high"], said["quartiles"][0] <= gain <= said["quartiles"][2]))
    assert 0.77 < sum(wide for wide, _ in inside) / len(inside) < 0.83
    assert 0.47 < sum(narrow for _, narrow in inside) / len(inside) < 0.53
