"""Attacks on the way that questions take: forged, replayed, doubled, endless, hostile, late, and never to be answered."""

import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from rsi.core.errors import Halted
from rsi.core.protocols import Limits
from rsi.core.records import Json, Outcome
from rsi.kernel.sandbox import ZygoteJail, unreachable
from rsi.testing.conformance.jail import ask, talk

WRITE = """import json, os, struct, sys, time
def message(body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return struct.pack('>Q', len(body)) + body
def told():
    size = struct.unpack('>Q', os.read(5, 8))[0]
    return json.loads(os.read(5, size))
"""
PLAIN_PROCESS = f"{sys.executable} -I -c {{program}}"
GENUINE = "{{'nonce': ask.nonce, 'number': {number}, 'ask': {asked}}}"


class Heard(list[Json]):
    """Answers every question with its number."""

    def __call__(self, question: Json) -> Json:
        self.append(question)
        return len(self)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.mark.usefixtures("works_afterwards")
class TestQuestions:
    def test_a_genuine_question_written_by_hand_is_answered(self, jail: ZygoteJail, heard: Heard) -> None:
        """So that the forgeries below fail for what is wrong with them."""
        source = WRITE + f"def f(x, ask):\n    os.write(4, message({GENUINE.format(number=1, asked=7)}))\n    return told()"
        assert talk(jail, source, heard).value == 1 and heard == [7]

    @pytest.mark.parametrize(
        ("message", "name"),
        [
            ("{'nonce': '0' * 32, 'number': 1, 'ask': 1}", "message of another call"),
            ("{'number': 1, 'ask': 1}", "message of another call"),
            ("[1]", "message of another call"),
            ("{'nonce': ask.nonce, 'ask': 1}", "message of unknown shape"),
            ("{'nonce': ask.nonce, 'number': 1, 'ask': 1, 'value': 1}", "message of unknown shape"),
            ("{'nonce': ask.nonce, 'number': 2, 'ask': 1}", "question that may not be asked"),
            ("{'nonce': ask.nonce, 'number': True, 'ask': 1}", "question that may not be asked"),
            ("{'nonce': ask.nonce, 'number': 1.0, 'ask': 1}", "question that may not be asked"),
            ("b''", "question that may not be asked"),
            ("b'[' * 100_000", "question that may not be asked"),
            ("b'[' * 100_000 + b']' * 100_000", "question that may not be asked"),
            ("b'9' * 100_000", "question that may not be asked"),
            ("b'NaN'", "question that may not be asked"),
            ("b'1e400'", "question that may not be asked"),
            ('b\'{"a": 1, "a": 2}\'', "question that may not be asked"),
            ("b'\"\\\\ud800\"'", "question that may not be asked"),
            ("b'\\xff'", "question that may not be asked"),
            ("b'{} {}'", "question that may not be asked"),
        ],
    )
    def test_a_forged_or_hostile_question_ends_the_call(self, jail: ZygoteJail, heard: Heard, message: str, name: str) -> None:
        source = WRITE + f"def f(x, ask):\n    os.write(4, message({message}))\n    time.sleep(60)"
        reply = talk(jail, source, heard)
        assert reply.outcome is Outcome.VIOLATION and reply.reason.startswith(name) and reply.value is None and heard == []

    def test_a_question_that_was_answered_is_not_answered_again(self, jail: ZygoteJail, heard: Heard) -> None:
        source = WRITE + (
            f"def f(x, ask):\n    once = message({GENUINE.format(number=1, asked=7)})\n"
            "    os.write(4, once)\n    told()\n    os.write(4, once)\n    time.sleep(60)"
        )
        reply = talk(jail, source, heard)
        assert reply.outcome is Outcome.VIOLATION and "out of turn" in reply.reason and heard == [7]

    def test_a_question_of_an_earlier_call_is_of_no_use(self, jail: ZygoteJail, heard: Heard) -> None:
        kept = talk(jail, f"def f(x, ask):\n    return {GENUINE.format(number=1, asked=7)}", heard).value
        reply = talk(jail, WRITE + "def f(kept, ask):\n    os.write(4, message(kept))\n    time.sleep(60)", heard, kept)
        assert reply.outcome is Outcome.VIOLATION and reply.reason.startswith("message of another call") and heard == []

    def test_bytes_behind_a_question_end_the_call(self, jail: ZygoteJail, heard: Heard) -> None:
        source = WRITE + f"def f(x, ask):\n    os.write(4, message({GENUINE.format(number=1, asked=7)}) + b'x')\n    time.sleep(60)"
        reply = talk(jail, source, heard)
        assert reply.outcome is Outcome.VIOLATION and reply.reason.startswith("bytes behind the message") and heard == []

    @pytest.mark.parametrize("first", ["b'\\0' * 1_000_000", "b'\\xff' * 1_000_000", "message(b'[' * 900_000)"])
    def test_a_flood_of_questions_ends_the_call_and_fills_nothing_here(self, jail: ZygoteJail, heard: Heard, first: str) -> None:
        reply = talk(jail, WRITE + f"def f(x, ask):\n    while True:\n        os.write(4, {first})", heard)
        assert reply.outcome is Outcome.VIOLATION and heard == []

    def test_a_question_without_end_lasts_as_long_as_its_time(self, jail: ZygoteJail, heard: Heard) -> None:
        source = WRITE + "def f(x, ask):\n    os.write(4, message('x' * 1000)[:-1])\n    time.sleep(60)"
        assert talk(jail, source, heard, limits=Limits(wall_s=0.5)).outcome is Outcome.TIMED_OUT and heard == []

    def test_a_reply_that_is_never_read_blocks_nobody_here(self, jail: ZygoteJail) -> None:
        source = WRITE + f"def f(x, ask):\n    os.write(4, message({GENUINE.format(number=1, asked=7)}))\n    time.sleep(60)"
        reply = talk(jail, source, lambda question: "x" * 5_000_000, limits=Limits(wall_s=1.0))
        assert reply.outcome is Outcome.TIMED_OUT

    def test_asking_again_before_a_long_reply_was_read_ends_the_call(self, jail: ZygoteJail) -> None:
        first, second = GENUINE.format(number=1, asked=7), GENUINE.format(number=2, asked=8)
        source = WRITE + f"def f(x, ask):\n    os.write(4, message({first}))\n    os.read(5, 8)\n    os.write(4, message({second}))\n"
        source += "    time.sleep(60)"
        reply = talk(jail, source, lambda question: "x" * 5_000_000)
        assert reply.outcome is Outcome.VIOLATION and "before it had read its reply" in reply.reason

    @pytest.mark.parametrize("close", ["os.close(4)", "os.close(5)", "os.close(4); os.close(5)", "os.closerange(3, 64)"])
    def test_a_call_that_closes_its_ends_only_loses_them(self, jail: ZygoteJail, heard: Heard, close: str) -> None:
        source = WRITE + f"def f(x, ask):\n    {close}\n    try:\n        ask(1)\n    except OSError:\n        return 5"
        reply = talk(jail, source, heard)
        if close == "os.closerange(3, 64)":  # the way of the result too
            assert reply.outcome is Outcome.CRASHED
        elif close == "os.close(5)":  # it was asked, and came behind the result if nobody had read it by then
            assert reply.outcome in (Outcome.ANSWERED, Outcome.VIOLATION)
        else:
            assert reply.value == 5

    def test_closing_the_way_of_replies_after_asking_harms_nobody(self, jail: ZygoteJail) -> None:
        source = WRITE + f"def f(x, ask):\n    os.write(4, message({GENUINE.format(number=1, asked=7)}))\n    os.close(5)\n    return 5"
        for _ in range(5):
            assert talk(jail, source, lambda question: "x" * 5_000_000).outcome in (Outcome.ANSWERED, Outcome.VIOLATION)

    def test_a_question_behind_the_result_ends_the_call(self, jail: ZygoteJail, heard: Heard) -> None:
        question, result = GENUINE.format(number=1, asked=7), "{'nonce': ask.nonce, 'value': 1}"
        source = WRITE + f"def f(x, ask):\n    os.write(3, message({result}))\n    time.sleep(0.3)\n    os.write(4, message({question}))\n"
        source += "    os._exit(0)"
        reply = talk(jail, source, heard)
        assert reply.outcome is Outcome.VIOLATION and "behind the result" in reply.reason and heard == []

    def test_a_question_in_the_last_moment_never_blocks(self, jail: ZygoteJail, heard: Heard) -> None:
        """Written just before the end of the process, with and without a result: heard or not, it is an outcome."""
        question = GENUINE.format(number=1, asked=7)
        for end, outcomes in (("return 1", (Outcome.ANSWERED, Outcome.VIOLATION)), ("os._exit(0)", (Outcome.CRASHED,))):
            source = WRITE + f"def f(x, ask):\n    os.write(4, message({question}))\n    {end}"
            assert {talk(jail, source, heard).outcome for _ in range(10)} <= set(outcomes)

    def test_a_call_that_is_killed_while_it_is_answered_is_a_crash(self, jail: ZygoteJail, heard: Heard) -> None:
        """Its CPU time ends, or it ends itself by a timer, while nobody here looks."""
        source = "import signal\ndef f(x, ask):\n    signal.setitimer(signal.ITIMER_REAL, 0.2)\n    ask(1)\n    return 1"

        def slow(question: Json) -> Json:
            time.sleep(0.7)
            return heard(question)

        reply = talk(jail, source, slow)
        assert reply.outcome is Outcome.CRASHED and "SIGALRM" in reply.reason and heard == [1]

    def test_an_answer_later_than_the_end_of_the_call_is_too_late_for_it(self, jail: ZygoteJail, heard: Heard) -> None:
        """Far beyond all grace: the call is ended by word, its zygote is none the worse."""

        def slow(question: Json) -> Json:
            time.sleep(1.5)
            return heard(question)

        source = "def f(x, ask):\n    while True:\n        ask(1)"
        before = jail.standing
        reply = talk(jail, source, slow, limits=Limits(wall_s=0.3))
        assert reply.outcome is Outcome.TIMED_OUT and heard == [1] and jail.standing == before

    def test_closing_a_jail_whose_call_is_being_answered_ends_it(self, jail: ZygoteJail) -> None:
        with ZygoteJail(tier=jail.tier) as other:
            asked, ended = threading.Event(), threading.Event()

            def serve(question: Json) -> Json:
                asked.set()
                assert ended.wait(timeout=20)
                raise Halted("closed meanwhile")

            found: list[BaseException] = []

            def act() -> None:
                try:
                    talk(other, "def f(x, ask):\n    ask(1)", serve)
                except Halted as error:
                    found.append(error)

            thread = threading.Thread(target=act)
            thread.start()
            assert asked.wait(timeout=20)
            other.close()
            ended.set()
            thread.join(timeout=10)
            assert not thread.is_alive() and len(found) <= 1

    def test_no_descriptor_is_lost_here_whatever_becomes_of_a_call(self, jail: ZygoteJail, heard: Heard) -> None:
        sources = [
            "def f(x, ask):\n    ask(1)",
            "import os\ndef f(x, ask):\n    os.write(4, b'\\xff' * 9)\n    ask(1)",
            "def f(x, ask):\n    ask(10**60)",
        ]
        talk(jail, sources[0], heard)
        before = len(os.listdir("/proc/self/fd"))
        for source in sources * 3:
            talk(jail, source, heard)
        assert len(os.listdir("/proc/self/fd")) <= before


def test_the_filter_of_system_calls_is_no_weaker_for_calls_that_may_ask(strict: ZygoteJail, heard: Heard) -> None:
    source = "import socket\ndef f(x, ask):\n    try:\n        socket.socketpair()\n    except OSError:\n        return ask(1)"
    assert talk(strict, source, heard).value == 1


def test_a_call_without_anybody_to_ask_has_no_descriptor_more(jail: ZygoteJail) -> None:
    source = "import os\ndef f(x, *ask):\n    found = []\n    for fd in range(64):\n        try:\n            os.fstat(fd)\n"
    source += "            found.append(fd)\n        except OSError:\n            pass\n    return found"
    assert talk(jail, source, lambda question: 1).value == [0, 1, 2, 3, 4, 5]
    assert ask(jail, source).value == [0, 1, 2, 3]


@pytest.mark.usefixtures("works_afterwards")
def test_two_processes_of_one_call_cannot_both_ask_under_one_number(jail: ZygoteJail, heard: Heard) -> None:
    source = "import os\ndef f(x, ask):\n    if not os.fork():\n        ask(1)\n        os._exit(0)\n    os.wait()\n    return ask(1)"
    reply = talk(jail, source, heard)
    assert reply.outcome is (Outcome.VIOLATION if heard else Outcome.CRASHED)
    assert heard in ([], [1])


ELSEWHERE = [("S3", "agent", None), ("S4", "function", PLAIN_PROCESS), ("S4", "agent", PLAIN_PROCESS)]


@pytest.fixture(scope="module", params=ELSEWHERE, ids=lambda way: f"{way[0]}-{way[1]}")
def elsewhere(request: pytest.FixtureRequest) -> Iterator[ZygoteJail]:
    """The jails in which a question goes another way: through a process of ours, or across a border."""
    tier, profile, template = request.param
    why = unreachable(tier, profile, template)
    if why is not None:
        pytest.skip(f"{tier} ({profile}) cannot be had here: {why}")
    with ZygoteJail(tier=tier, profile=profile, template=template) as jail:
        yield jail


class TestElsewhere:
    @pytest.mark.parametrize("noise", ["b'\\xff' * 1_000_000", "message({'nonce': '0' * 32, 'number': 1, 'ask': 1})", "b'x'"])
    def test_what_one_call_writes_in_its_last_moment_is_never_held_against_the_next(
        self, elsewhere: ZygoteJail, heard: Heard, noise: str
    ) -> None:
        """Even if it makes its pipe as big as it may be."""
        source = WRITE + f"import fcntl\ndef f(x, ask):\n    fcntl.fcntl(4, 1031, 1 << 20)\n    os.write(4, {noise})\n    os._exit(0)"
        for number in range(1, 6):
            assert talk(elsewhere, source, lambda question: 1).outcome is not Outcome.ANSWERED
            assert talk(elsewhere, "def f(x, ask):\n    return ask(x)", heard, 5).value == number

    def test_replies_that_are_never_read_block_nobody_and_do_not_reach_the_next_call(self, elsewhere: ZygoteJail, heard: Heard) -> None:
        source = WRITE + f"def f(x, ask):\n    os.write(4, message({GENUINE.format(number=1, asked=7)}))\n    time.sleep(60)"
        for number in range(1, 3):
            reply = talk(elsewhere, source, lambda question: "x" * 5_000_000, limits=Limits(wall_s=1.0))
            assert reply.outcome is Outcome.TIMED_OUT
            assert talk(elsewhere, "def f(x, ask):\n    return ask(x)", heard, 5).value == number

    def test_a_long_reply_to_a_call_that_floods_its_output_meanwhile_comes_through(self, elsewhere: ZygoteJail) -> None:
        """Both ways are full at once."""
        source = WRITE + (
            "import threading\ndef shout():\n    for _ in range(200):\n        os.write(1, b'z' * 100_000)\n"
            "def f(x, ask):\n    try:\n        thread = threading.Thread(target=shout)\n        thread.start()\n"
            "    except RuntimeError:\n        shout()\n        return len(ask(1))\n    size = len(ask(1))\n    thread.join()\n"
            "    return size"
        )
        reply = talk(elsewhere, source, lambda question: "x" * 5_000_000, limits=Limits(wall_s=30.0, processes=2))
        assert reply.value == 5_000_000, reply.reason

    def test_a_flood_of_questions_ends_the_call_there_too(self, elsewhere: ZygoteJail, heard: Heard) -> None:
        reply = talk(elsewhere, WRITE + "def f(x, ask):\n    while True:\n        os.write(4, b'\\xff' * 1_000_000)", heard)
        assert reply.outcome is Outcome.VIOLATION and heard == []
        assert talk(elsewhere, "def f(x, ask):\n    return ask(x)", heard, 5).value == 1
