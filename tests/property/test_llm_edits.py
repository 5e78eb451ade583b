"""Edits of the language-model agent, on texts of any shape: what is not meant stays byte for byte, a lenient match is the only one."""

import ast
import json
import textwrap

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.llm_agent import Scripted, change, modules

agent = modules()
edits, blocks = agent.edits, agent.blocks

line = st.text(alphabet="ab =<>`\t.", max_size=6)
lines = st.lists(line, min_size=1, max_size=12)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[list[str], int, int]:
    """Lines and a span of them."""
    text = draw(lines)
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


@given(cuts(), lines)
def test_an_edit_changes_the_lines_that_it_names_and_no_other(cut: tuple[list[str], int, int], new: list[str]) -> None:
    text, start, end = cut
    search, found = "\n".join(text[start:end]), [k for k in range(len(text)) if text[k : k + end - start] == text[start:end]]
    try:
        after = edits.replaced("\n".join(text), search, "\n".join(new))
    except edits.Rejected:
        assert len(found) > 1 or not search.strip()
    else:
        assert found == [start] and after == "\n".join([*text[:start], *new, *text[end:]])


@given(cuts(), lines, st.data())
def test_a_search_with_other_white_space_changes_the_only_place_that_it_can_mean(
    cut: tuple[list[str], int, int], new: list[str], data: st.DataObject
) -> None:
    text, start, end = cut
    wanted = [data.draw(st.sampled_from(["", " ", "\t  "])) + "  ".join(row.split()) for row in text[start:end]]
    try:
        after = edits.replaced("\n".join(text), "\n".join(wanted), "\n".join(new)).split("\n")
    except edits.Rejected:
        return
    bare = [row.split() for row in wanted]
    while not bare[0]:
        bare = bare[1:]
    while not bare[-1]:
        bare = bare[:-1]
    places = [k for k in range(len(text) - len(bare) + 1) if [row.split() for row in text[k : k + len(bare)]] == bare]
    exact = [k for k in range(len(text)) if text[k : k + len(wanted)] == wanted]
    at, size = (exact[0], len(wanted)) if len(exact) == 1 else (places[0], len(bare))
    assert len(exact) == 1 or len(places) == 1
    assert after[:at] == text[:at] and after[len(after) - (len(text) - at - size) :] == text[at + size :]
    assert [row.split() for row in after[at : len(after) - (len(text) - at - size)]] == [row.split() for row in new]


@given(lines, lines, st.text(alphabet="ab\n<>= SEARCHREPLACE", max_size=60))
def test_any_text_can_be_put_in_with_marks_that_are_long_enough(before: list[str], after: list[str], noise: str) -> None:
    search, replace = "\n".join(before), "\n".join([*after, noise])
    longest = max(len(row) for row in f"{search}\n{replace}".split("\n"))
    assert edits.blocks(change(search, replace, mark=max(7, longest + 1))) == [(search, replace, False)]


@given(st.text(alphabet="a`\n ", max_size=80), st.sampled_from(["edit x.py", "note", "finish"]))
def test_any_text_survives_in_a_fence_that_is_long_enough(text: str, head: str) -> None:
    found = blocks.actions(f"I think.\n\n{blocks.fenced(text, head)}\nDone.")
    assert [(one.name, one.argument, one.body) for one in found] == [(head.split()[0], head.partition(" ")[2], text)]


@given(st.text(alphabet="`~ab {}<>think/\n\r\t\u2028é", max_size=120))
def test_a_reply_of_any_shape_is_read_or_named_unreadable(text: str) -> None:
    try:
        found = blocks.actions(text)
    except blocks.Unreadable as error:
        assert "is never closed" in str(error)
    else:
        assert all(isinstance(one.body, str) for one in found)


PIECES = st.sampled_from(
    [
        "```edit a.py\n",
        "```function a.py f\n",
        "```create b.py\n",
        "```shell\n",
        "```evaluate\n",
        "```read a.py 1-x\n",
        "```read a.py 9-2\n",
        "```finish\nreason: x\nlow: -\n```\n",
        "```note\n",
        "```stop\n```\n",
        "```\n",
        "<<<<<<< SEARCH\n",
        "=======\n",
        ">>>>>>> REPLACE\n",
        "def f():\n    return 1\n",
        "    return 2\n",
        "\ud800\0\x1b",
        "7, 0 x\n",
    ]
)


@given(st.lists(st.lists(PIECES, max_size=7).map("".join), max_size=8))
def test_whatever_the_model_says_a_call_ends_with_proposals_or_a_reason_and_plain_data(replies: list[str]) -> None:
    files = {"a.py": "def f():\n    return 1\n", "c.bin": ""}
    target = {"name": "t", "kind": "program", "brief": "", "surfaces": {"code": ["*.py"]}, "files": files}
    findings = [{"case": 0, "score": 0.0, "label": "bad"}, {"case": 1, "score": None, "error": "\ud800"}]
    message = {"limitations": [], "memory": None, "count": 2, "programs": 9, "seed": 1, "target": target, "findings": findings}
    ask = Scripted(*replies, evaluate=lambda asked: {"results": [{"score": 1.0} for _ in asked["cases"]], "left": 3})
    answer = agent.main.propose(message, ask)
    assert answer["proposals"] or answer["why"].startswith("no proposal, because ")
    for plain in (answer, *ask.chats, *ask.evaluated):
        json.dumps(plain, ensure_ascii=False, allow_nan=False).encode("utf-8")
    for made in answer["proposals"]:
        assert made["surface"] == "code" and made["edits"] and made["reason"].strip()


BODIES = ["return x", 's = """a\n  b\nc"""\nreturn s', "if x:\n    return 1\nreturn 2", "y = f'''{x}\n  '''\nreturn y"]


@given(st.lists(st.sampled_from(BODIES), min_size=2, max_size=5), st.data())
def test_replacing_a_method_leaves_every_other_definition_as_it_was(bodies: list[str], data: st.DataObject) -> None:
    def method(number: int, body: str, margin: str) -> str:
        rows = body.split("\n")
        inner = margin + "    "
        texts, is_inside = [], False
        for row in rows:
            texts.append(row if is_inside else inner + row)
            is_inside ^= (row.count('"""') + row.count("'''")) % 2 == 1
        return "\n".join([f"{margin}def f{number}(self, x):", *texts])

    text = "class A:\n" + "\n\n".join(method(k, body, "    ") for k, body in enumerate(bodies)) + "\n\n\nlast = 1\n"
    chosen = data.draw(st.integers(0, len(bodies) - 1))
    new = data.draw(st.sampled_from(BODIES))
    margin = data.draw(st.sampled_from(["", "    ", "        "]))
    assume(ast.parse(text))
    after = edits.function_replaced(text, f"A.f{chosen}", method(chosen, new, margin))
    wanted = (
        "class A:\n" + "\n\n".join(method(k, new if k == chosen else body, "    ") for k, body in enumerate(bodies)) + "\n\n\nlast = 1\n"
    )
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(wanted)), textwrap.indent(after, "| ")
    assert after.split(f"def f{chosen}(")[0] == text.split(f"def f{chosen}(")[0]
