"""Parsing in several threads: a tree or the text's own error, whatever other threads do meanwhile."""

import ast
import gc
import sys
import threading

import pytest

from rsi.core.syntax import syntax

SOURCE = "\n".join(f"def f{i}(x):\n    return [x + {i} if x else ({i}, [x * {i}]) for x in range({i})]" for i in range(120))


def test_many_threads_that_parse_all_get_the_tree() -> None:
    wanted, found = ast.dump(ast.parse(SOURCE)), []
    before, threshold = sys.getswitchinterval(), gc.get_threshold()

    def parse() -> None:
        found.extend(ast.dump(syntax(SOURCE)) == wanted for _ in range(6))

    threads = [threading.Thread(target=parse) for _ in range(4)]
    sys.setswitchinterval(1e-5)
    gc.set_threshold(50)
    gc.callbacks.append(_any_python)  # what runs in the middle of a tree lets another thread run
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.callbacks.remove(_any_python)
        gc.set_threshold(*threshold)
        sys.setswitchinterval(before)
    assert found == [True] * 24


def _any_python(phase: str, info: dict[str, int]) -> None:
    sum(range(100))


@pytest.mark.parametrize("text", ["def f(:", "x = (", "\0", b"\xff"])
def test_a_text_that_is_no_python_is_told_as_the_parser_tells_it(text: str | bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        syntax(text)
