"""Compiled forms beside the sources of a call: what is the same with and without them."""

from collections.abc import Iterator

import pytest

from rsi.core.protocols import Call, Files
from rsi.core.records import Json, Outcome
from rsi.kernel.sandbox import ZygoteJail, open_jail
from rsi.kernel.sandbox.bytecode import Compiled

_FILLING = "".join(f"def f{k}(x):\n    return x + {k}\n" for k in range(600))
_SEEN = b"""
import importlib.machinery
import os

def is_formed(module):
    return type(module.__loader__) is not importlib.machinery.SourceFileLoader

def f(payload):
    import big
    return [big.f7(payload), sorted(os.listdir(".")), is_formed(big)]
"""


@pytest.fixture(scope="module")
def jail() -> Iterator[ZygoteJail]:
    with open_jail() as opened:
        yield opened


def told(jail: ZygoteJail, files: Files, payload: Json = 1) -> Json:
    reply = jail.call(Call(files=files, module="guest", function="f", payload=payload))
    assert reply.outcome is Outcome.ANSWERED, reply.reason
    return reply.value


def test_a_tree_finds_the_compiled_forms_of_its_modules(jail: ZygoteJail) -> None:
    files = {"guest.py": _SEEN, "big.py": _FILLING.encode()}
    assert told(jail, files) == [8, ["big.py", "guest.py"], True]


def test_modules_of_packages_are_found_in_their_compiled_forms_with_and_without_an_init(jail: ZygoteJail) -> None:
    guest = b"""
import importlib.machinery
import os

def f(payload):
    import plain.big
    import whole.inner.big
    from whole import inner
    found = [plain.big, whole, inner, whole.inner.big]
    usual = importlib.machinery.SourceFileLoader
    return [
        plain.big.f7(payload), whole.inner.big.f7(payload), whole.name, [type(module.__loader__) is not usual for module in found],
        [os.path.relpath(module.__file__) for module in found],
    ]
"""
    big = _FILLING.encode()
    files = {"guest.py": guest, "plain/big.py": big, "whole/__init__.py": b"name = __name__\n", "whole/inner/__init__.py": b""}
    found = told(jail, {**files, "whole/inner/big.py": big})
    places = ["plain/big.py", "whole/__init__.py", "whole/inner/__init__.py", "whole/inner/big.py"]
    assert found == [8, 8, "whole", [True] * 4, places]


def test_a_module_of_the_tree_hides_one_of_the_library_but_none_that_is_built_in(jail: ZygoteJail) -> None:
    guest = b"def f(payload):\n    import colorsys, time\n    return [hasattr(colorsys, 'f7'), hasattr(time, 'f7')]\n"
    assert told(jail, {"guest.py": guest, "colorsys.py": _FILLING.encode(), "time.py": _FILLING.encode()}) == [True, False]


def test_another_content_at_the_same_path_is_what_is_run(jail: ZygoteJail) -> None:
    for shift in (0, 5, 0):
        files = {"guest.py": _SEEN, "big.py": (_FILLING + f"\ndef f7(x):\n    return x + 100 + {shift}\n").encode()}
        assert told(jail, files)[0] == 101 + shift  # type: ignore[index]


def test_a_small_tree_is_sent_as_it_is(jail: ZygoteJail) -> None:
    small = b"import os\n\ndef f(payload):\n    return os.listdir('.')\n"
    assert told(jail, {"guest.py": small}) == ["guest.py"]


def test_a_tree_with_compiled_forms_of_its_own_is_sent_as_it_is(jail: ZygoteJail) -> None:
    files = {"guest.py": _SEEN, "big.py": _FILLING.encode(), "__pycache__/other.txt": b""}
    assert told(jail, files)[2] is False  # type: ignore[index]


def test_a_source_that_does_not_compile_fails_where_it_is_imported(jail: ZygoteJail) -> None:
    files = {"guest.py": _SEEN, "big.py": (_FILLING + "def f7(:\n").encode(), "good.py": b"x = 1\n"}
    for _ in range(2):
        reply = jail.call(Call(files=files, module="guest", function="f", payload=1))
        assert reply.outcome is Outcome.CRASHED
        assert "SyntaxError" in reply.reason


def test_an_error_names_the_line_of_the_source(jail: ZygoteJail) -> None:
    files = {
        "guest.py": b"import big\n\ndef f(payload):\n    return big.fault()\n",
        "big.py": (_FILLING + "def fault():\n    return 1 / 0\n").encode(),
    }
    reply = jail.call(Call(files=files, module="guest", function="f", payload=1))
    assert "ZeroDivisionError" in reply.reason
    assert "big.py" in reply.reason + reply.stderr
    assert "return 1 / 0" in reply.reason + reply.stderr


def test_files_that_come_out_again_are_those_of_the_call(jail: ZygoteJail) -> None:
    files = {"guest.py": _SEEN, "big.py": _FILLING.encode()}
    reply = jail.call(Call(files=files, module="guest", function="f", payload=1, collect_bytes=1_000_000))
    assert sorted(reply.files) == ["big.py", "guest.py"]


def test_forms_are_made_once_for_each_content(jail: ZygoteJail) -> None:
    made, compiled = [], Compiled()

    def run(call: Call):  # type: ignore[no-untyped-def]
        made.append(call)
        return jail.call(call)

    call = Call(files={"guest.py": _SEEN, "big.py": _FILLING.encode()}, module="guest", function="f", payload=1)
    first, second = compiled.of(call, run), compiled.of(call, run)
    assert first == second
    assert len(first) == 2
    assert len(made) == 1
