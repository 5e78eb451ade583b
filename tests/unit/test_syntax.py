"""Parsing in several threads: a tree or the text's own error, whatever other threads do meanwhile."""

import ast
import gc
import sys
import threading

import pytest

from rsi.core.records import Pool
from rsi.core.syntax import syntax
from rsi.suites.gym import Gym
from rsi.suites.gym.suite import _start_transcripts
from rsi.suites.seeds import secret_seeds

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


def test_the_kernel_scores_starts_without_touching_how_deep_other_threads_may_call() -> None:
    gym = Gym(secret_seeds(3))
    cases, limits = list(gym.cases(Pool.JUDGE, 0, 8)), set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            limits.add(sys.getrecursionlimit())

    _start_transcripts.cache_clear()
    alone = [gym.start_score(case) for case in cases]
    _start_transcripts.cache_clear()
    watcher, before = threading.Thread(target=watch), sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        watcher.start()
        together = [gym.start_score(case) for case in cases]
    finally:
        over.set()
        watcher.join()
        sys.setswitchinterval(before)
    assert together == alone
    assert limits == {sys.getrecursionlimit()}
