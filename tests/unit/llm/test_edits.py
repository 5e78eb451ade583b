"""How the language-model agent changes files: what fits is changed there and nowhere else, what does not fit is told with the reason."""

import ast

import pytest

from tests.llm_agent import change, modules

agent = modules()
edits = agent.edits
Rejected = edits.Rejected

FILES = {
    "solution.py": "def f(x):\n    return x\n\n\ndef g(x):\n    return x + 1\n",
    "prompts/a.md": "Hello.\nBe brief.\n",
    "prepare.py": "N = 1\n",
    "flow.py": "STEPS = 3\n",
    "data.json": '{"n": 1}\n',
}


def draft() -> object:
    return edits.Draft(
        {
            "files": FILES,
            "surfaces": {"code": ["*.py"], "prompt": ["prompts/*.md"], "parameters": ["*.json"]},
            "protected": ["prepare.py"],
            "omitted": ["logo.png"],
        }
    )


def test_a_block_that_is_found_once_is_replaced() -> None:
    assert edits.edited(FILES["solution.py"], change("    return x", "    return 2 * x")) == FILES["solution.py"].replace(
        "return x\n", "return 2 * x\n", 1
    )


def test_lines_may_be_deleted_and_emptied() -> None:
    assert edits.edited("a\nb\nc\n", "<<<<<<< SEARCH\nb\n=======\n>>>>>>> REPLACE") == "a\nc\n"
    assert edits.edited("a\nb\nc\n", change("b", "")) == "a\n\nc\n"


def test_several_blocks_apply_one_after_the_other() -> None:
    assert edits.edited("a\nb\n", f"{change('a', 'c')}\n\n{change('c', 'd')}") == "d\nb\n"


def test_wrong_indentation_is_forgiven_and_the_files_own_is_kept() -> None:
    text = "class A:\n    def f(self):\n        return 1\n"
    assert edits.edited(text, change("def f(self):\n    return 1", "def f(self):\n    return 2")) == text.replace("1", "2")
    assert edits.edited("if a:\n  b()\n", change("        b()", "        c()\n        d()")) == "if a:\n  c()\n  d()\n"


def test_line_ends_of_another_system_stay() -> None:
    assert edits.edited("a\r\nb\r\nc\r\n", change("b", "x\ny")) == "a\r\nx\r\ny\r\nc\r\n"


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        ("    return y", r"not in the file as it is now \(the nearest to its first line is line 2: '    return x'\): read the file"),
        ("nowhere to be found at all", "no line is near its first line"),
        ("", "the SEARCH part is empty"),
    ],
)
def test_a_block_that_is_not_there_is_rejected_with_the_nearest_line(search: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        edits.edited(FILES["solution.py"], change(search, "    return 0"))


def test_a_block_that_is_there_twice_is_rejected_with_both_places() -> None:
    with pytest.raises(Rejected, match=r"found 2 times \(at lines 1, 3\): add lines around them"):
        edits.edited("a\nb\na\n", change("a", "c"))
    with pytest.raises(Rejected, match=r"found 2 times \(at lines 1, 2\)"):
        edits.edited("a  b\n  a b\n", change("a b", "c"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return 1", "line 1 of the edit stands outside of a block: 'return 1'. A block is"),
        ("", "there is no block in the edit"),
        ("<<<<<<< SEARCH\nreturn x\n>>>>>>> REPLACE", "has no line `=======`"),
        ("<<<<<<< SEARCH\nreturn x\n=======\nreturn y", "has no line `>>>>>>> REPLACE`"),
    ],
)
def test_a_malformed_edit_is_rejected_with_its_shape(body: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        edits.edited(FILES["solution.py"], body)


def test_text_with_marks_in_it_is_edited_with_longer_marks() -> None:
    inner = change("old", "new")
    assert edits.edited(f"A block:\n{inner}\nEnd.\n", change(inner, "none", mark=9)) == "A block:\nnone\nEnd.\n"


def test_a_function_is_replaced_with_its_decorators_and_nothing_else() -> None:
    text = "import os\n\n\n@cache\ndef f(x):\n    return x\n\n\ndef g():  # stays\n    return f(1)\n"
    new = edits.function_replaced(text, "f", "def f(x, y=0):\n    return x + y\n")
    assert new == "import os\n\n\ndef f(x, y=0):\n    return x + y\n\n\ndef g():  # stays\n    return f(1)\n"


def test_a_method_gets_the_indentation_of_its_class_but_texts_inside_stay() -> None:
    text = "class A:\n    x = 1\n\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
    source = 'def f(self):\n    """Says.\n\n    More.\n    """\n    return """a\nb"""'
    new = edits.function_replaced(text, "A.f", source)
    assert "    def f(self):\n" in new and '        return """a\nb"""\n' in new and "        More.\n" in new
    indented = edits.function_replaced(text, "A.f", "    def f(self):\n        return 3")
    assert indented == text.replace("return 1", "return 3")
    assert edits.function_replaced(indented, "A", "class A:\n    pass") == "class A:\n    pass\n"
    assert ast.parse(new)


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("h", "def h():\n    pass", "there are 0 functions or classes 'h'; there is: f, g"),
        ("f", "def g(x):\n    pass", "must be the whole definition of 'f' and nothing else"),
        ("f", "def f(x):\n    pass\nx = 1", "must be the whole definition of 'f' and nothing else"),
        ("f", "def f(x:\n    pass", "this is not Python: line 1"),
    ],
)
def test_a_function_that_does_not_fit_is_rejected(name: str, source: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        edits.function_replaced(FILES["solution.py"], name, source)


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("prepare.py", "N = 2\n", "prepare.py is protected"),
        ("rsi-agent.toml", "", "rsi-agent.toml is protected"),
        ("build.json", "{}", "build.json is protected"),
        ("other.txt", "x", "other.txt may not be edited; these files may be: code: "),
        ("../out.py", "x = 1", "may not be edited"),
        ("sub/dir.py", "x = 1", "may not be edited"),
        ("solution.py", FILES["solution.py"], "changes nothing"),
        ("solution.py", "def f(x:\n", "solution.py would be broken: this is not Python: line 1"),
        ("data.json", "{", "data.json would be broken"),
        ("solution.py", "x = 1\0", "is no text"),
    ],
)
def test_a_file_that_may_not_be_changed_or_would_be_broken_is_rejected(path: str, text: str, reason: str) -> None:
    made = draft()
    with pytest.raises(Rejected, match=reason):
        made.put(path, text)  # type: ignore[attr-defined]
    assert made.edits() == []  # type: ignore[attr-defined]


def test_one_change_keeps_to_one_surface() -> None:
    made = edits.Draft({"files": FILES, "surfaces": {"code": ["*.py"], "prompt": ["prompts/*.md"]}})
    made.put("flow.py", "STEPS = 4\n")
    with pytest.raises(Rejected, match=r"prompts/a.md belongs to the surface prompt, and this change already touches flow.py"):
        made.put("prompts/a.md", "Hi.\n")
    assert made.surface() == "code" and [edit["path"] for edit in made.edits()] == ["flow.py"]
    made.undo()
    made.put("prompts/a.md", "Hi.\n")
    assert made.surface() == "prompt"


def test_what_is_changed_back_is_no_part_of_the_patch() -> None:
    made = edits.Draft({"files": FILES, "surfaces": {"code": ["*.py"]}})
    made.put("flow.py", "STEPS = 4\n")
    made.put("flow.py", FILES["flow.py"])
    assert made.edits() == [] and made.surface() is None


def test_a_file_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(Rejected, match=r"'nope.py' does not exist; there is: data.json, flow.py"):
        draft().text("nope.py")  # type: ignore[attr-defined]
    with pytest.raises(Rejected, match=r"'logo.png' is not plain text"):
        draft().text("logo.png")  # type: ignore[attr-defined]
