"""When two trees are the same program, and which functions a module has: told from syntax alone."""

import pytest

from rsi.kernel.workspace import arguments_of, shape_of

PLAIN = b"def f(x):\n    return (x + 1) * 2\n"


def one(content: bytes, **others: bytes) -> str:
    return shape_of({"a.py": content, **others})


@pytest.mark.parametrize(
    "same",
    [
        b"# what\ndef f(x):\n\n    return (x+1) * 2  # why\n",
        b'"""What."""\n\ndef f(x):\n    """How."""\n    return ((x + 1)) * 2\n',
        b"def f(\n    x,\n):\n    return (\n        x + 1\n    ) * 2\n",
    ],
)
def test_comments_blanks_brackets_and_docstrings_make_no_other_program(same: bytes) -> None:
    assert one(same) == one(PLAIN)


@pytest.mark.parametrize("other", [PLAIN.replace(b"2", b"3"), PLAIN.replace(b"x", b"y"), PLAIN + b"f = 1\n", PLAIN.replace(b"2", b"2.0")])
def test_whatever_runs_otherwise_is_another_program(other: bytes) -> None:
    assert one(other) != one(PLAIN)


def test_docstrings_count_where_they_are_read_and_comments_where_source_is() -> None:
    said, other = b'def f():\n    """Be brief."""\n', b'def f():\n    """Be long."""\n'
    assert one(said) == one(other)
    assert one(said, **{"b.py": b"import a\nprompt = a.f.__doc__\n"}) != one(other, **{"b.py": b"import a\nprompt = a.f.__doc__\n"})
    reads = b"import inspect, a\ntext = inspect.getsource(a)\n"
    assert one(PLAIN, **{"b.py": reads}) != one(b"# more\n" + PLAIN, **{"b.py": reads})


def test_other_texts_are_the_same_but_for_blanks_at_the_ends_of_lines() -> None:
    assert shape_of({"p.md": b"Say it.  \r\nNow.\n\n"}) == shape_of({"p.md": b"Say it.\nNow."})
    assert shape_of({"p.md": b"Say it."}) != shape_of({"p.md": b"Say  it."}) != shape_of({"q.md": b"Say it."})
    assert shape_of({"b.bin": b"\xff "}) != shape_of({"b.bin": b"\xff"})


@pytest.mark.parametrize(
    "hostile", ["-" * 60_000 + "1", "(" * 5_000, "a" + ".b" * 20_000, "+".join("a" * 20_000), "def f(:", "x = 0x" + "f" * 9_000]
)
def test_what_does_not_parse_or_is_nested_without_end_counts_as_text(hostile: str) -> None:
    content = hostile.encode()
    assert one(content) == one(content + b"\n") and one(content) != one(content + b"\nx = 1\n")


def test_functions_and_their_arguments_are_told_without_importing() -> None:
    main = b"import os\nfrom b import propose\n\n\ndef diagnose(message):\n    pass\n\n\ndef learn(message, ask=None):\n    pass\n"
    files = {"main.py": main, "pack/__init__.py": b"def solve(*words):\n    pass\n"}
    assert [arguments_of(files, "main", name) for name in ("diagnose", "learn", "practise")] == [1, 2, None]
    assert (arguments_of(files, "main", "propose") or 0) > 2 and (arguments_of(files, "pack", "solve") or 0) > 2
    assert (arguments_of({"main.py": b"from b import *\n"}, "main", "solve") or 0) > 2
    assert (arguments_of({"main.py": b"def ("}, "main", "solve") or 0) > 2
