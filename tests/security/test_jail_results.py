"""Attacks on the result channel: forged, doubled, replayed, broken and hostile messages."""

import pytest

from rsi.core.records import Outcome
from rsi.kernel.sandbox import ZygoteJail
from rsi.testing.conformance.jail import ask

WRITE = """import os, json, struct, sys
def message(data):
    body = json.dumps(data).encode()
    return struct.pack('>Q', len(body)) + body
"""


class TestResults:
    @pytest.mark.parametrize("nonce", ["", "0" * 32])
    def test_a_message_with_another_nonce_is_a_violation(self, jail: ZygoteJail, nonce: str) -> None:
        reply = ask(jail, WRITE + f"def f(x):\n    os.write(3, message({{'nonce': {nonce!r}, 'value': 1}}))\n    os._exit(0)")
        assert reply.outcome is Outcome.VIOLATION and reply.value is None

    def test_a_second_message_is_a_violation(self, jail: ZygoteJail) -> None:
        reply = ask(jail, WRITE + "def f(x):\n    os.write(3, message({'nonce': 'x', 'value': 1}))\n    return 2")
        assert reply.outcome is Outcome.VIOLATION and reply.value is None

    @pytest.mark.parametrize(
        "body",
        ["{'nonce':1}", "b'\\xff' * 8 + b'x'", "b'\\0' * 7", "b'\\0' * 7 + b'\\5' + b'[1,'", "b'\\0' * 7 + b'\\7' + b'{}garba'"],
    )
    def test_a_broken_message_is_never_an_answer(self, jail: ZygoteJail, body: str, works_afterwards: None) -> None:
        write = f"message({body})" if body.startswith("{") else body
        reply = ask(jail, WRITE + f"def f(x):\n    os.write(3, {write})\n    os._exit(0)")
        assert reply.outcome in (Outcome.MALFORMED, Outcome.VIOLATION, Outcome.CRASHED) and reply.value is None

    @pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400", "1" * 5000, "[" * 100_000, '{"a":1,"a":2}', '"\\ud800"', "[1]]", "\\xff"])
    def test_hostile_text_in_a_message_is_malformed(self, jail: ZygoteJail, text: str, works_afterwards: None) -> None:
        source = WRITE + (
            "def f(text):\n    encode = json.JSONEncoder().encode\n"
            "    json.dumps = lambda data, **_: encode(data).replace('\"HOLE\"', text)\n"
            "    return 'HOLE'"
        )
        reply = ask(jail, source, text)
        assert reply.outcome is Outcome.MALFORMED and reply.value is None

    @pytest.mark.parametrize("act", ["exit(0)", "os._exit(0)", "quit()", "sys.exit('ok')", "os.abort()"])
    def test_ending_the_process_is_no_answer(self, jail: ZygoteJail, act: str, works_afterwards: None) -> None:
        reply = ask(jail, f"import os, sys\ndef f(x):\n    {act}")
        assert reply.outcome is Outcome.CRASHED and reply.value is None

    def test_classes_that_only_look_like_plain_data_come_out_as_what_they_hold(self, jail: ZygoteJail) -> None:
        source = "class One(int):\n    def __eq__(self, other):\n        return True\n    __hash__ = None\ndef f(x):\n    return [One(3)]"
        reply = ask(jail, source)
        assert reply.value == [3] and isinstance(reply.value, list) and type(reply.value[0]) is int
