"""What every jail must hold to that lets its code ask: a part of `rsi.testing.conformance.jail`, which is what a jail runs."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

import pytest

from rsi.core.errors import UserError
from rsi.core.protocols import Call, Jail, Limits, Reply, Serve
from rsi.core.records import Json, Outcome

__all__ = ["QuestionConformance", "ask", "talk"]


def ask(jail: Jail, source: str, payload: Json = None, *, limits: Limits | None = None, files: Mapping[str, bytes] | None = None) -> Reply:
    """Call `f(payload)` of a module with this source, next to other files."""
    tree = {"guest.py": source.encode(), **(files or {})}
    return jail.call(Call(files=tree, module="guest", function="f", payload=payload, limits=limits or Limits(wall_s=20.0)))


def talk(jail: Jail, source: str, serve: Serve, payload: Json = None, *, limits: Limits | None = None) -> Reply:
    """Call `f(payload, ask)` of a module with this source, with somebody who answers its questions."""
    call = Call(files={"guest.py": source.encode()}, module="guest", function="f", payload=payload, limits=limits or Limits(wall_s=20.0))
    return jail.call(call, serve)


class QuestionConformance(ABC):
    """What `Jail.call` promises of `serve`."""

    isolates = True

    @classmethod
    @abstractmethod
    def open_jail(cls) -> Jail:
        """A jail, used for all tests of the class; skips where the machine cannot have it."""

    @pytest.fixture(scope="class")
    @classmethod
    def jail(cls) -> Iterator[Jail]:
        """The jail of the class, closed at the end."""
        jail = cls.open_jail()
        yield jail
        jail.close()

    @pytest.fixture
    def process(self) -> None:
        """Wanted by tests that only a process of its own can pass."""
        if not self.isolates:
            pytest.skip("this jail has no process of its own")

    def test_questions_are_answered_one_after_the_other_in_the_callers_thread(self, jail: Jail) -> None:
        """Plain data of every kind goes both ways unchanged."""
        data: Json = {"a": [1, -2, 3.5, True, None, "é\n\U0001f40d", []], "b": {"c": {}}, "": 10**30}
        asked: list[Json] = []

        def serve(question: Json) -> Json:
            assert threading.current_thread() is mine
            asked.append(question)
            return {"number": len(asked), "back": data}

        mine = threading.current_thread()
        reply = talk(jail, "def f(x, ask):\n    return [ask([n, x]) for n in range(50)]", serve, data)
        assert reply.outcome is Outcome.ANSWERED, reply.reason
        assert reply.value == [{"number": number + 1, "back": data} for number in range(50)]
        assert asked == [[number, data] for number in range(50)]

    def test_each_item_may_ask(self, jail: Jail) -> None:
        """One process, one row of questions."""
        call = Call(files={"guest.py": b"def f(x, ask):\n    return ask(x)"}, module="guest", function="f", payload=[1, 2, 3], each=True)
        assert jail.call(call, lambda question: [question]).value == [{"value": [1]}, {"value": [2]}, {"value": [3]}]

    def test_large_questions_and_replies_come_through_whole(self, jail: Jail) -> None:
        """Far more than a pipe holds, both ways."""
        reply = talk(jail, "def f(n, ask):\n    return len(ask('x' * n))", lambda question: f"{question}" * 5, 900_000)
        assert reply.value == 4_500_000, reply.reason

    def test_without_anybody_who_answers_there_is_nobody_to_ask(self, jail: Jail) -> None:
        """Before and after calls in which there is."""
        source = "def f(*given):\n    return len(given)"
        assert [talk(jail, source, lambda question: 0).value, ask(jail, source).value, talk(jail, source, lambda question: 0).value] == [
            2,
            1,
            2,
        ]

    @pytest.mark.parametrize("value", ["10**500", "'\\ud800'", "nested(100)"])
    def test_a_question_that_is_no_plain_data_is_a_violation_and_nobody_hears_it(self, jail: Jail, value: str) -> None:
        """And the jail answers the next call."""
        asked: list[Json] = []
        source = (
            f"def nested(n):\n    x = []\n    for _ in range(n):\n        x = [x]\n    return x\ndef f(_, ask):\n    return ask({value})"
        )
        reply = talk(jail, source, asked.append)
        assert reply.outcome is Outcome.VIOLATION and reply.value is None and reply.reason.startswith("question that may not be asked")
        assert asked == [] and ask(jail, "def f(x):\n    return x", 5).value == 5

    @pytest.mark.parametrize("value", ["{1, 2}", "object()", "b'x'", "float('nan')"])
    def test_what_cannot_even_be_said_is_an_error_of_the_code_that_would_ask_it(self, jail: Jail, value: str) -> None:
        """It may catch it and go on."""
        source = f"def f(x, ask):\n    try:\n        ask({value})\n    except (TypeError, ValueError):\n        return ask(1)"
        assert talk(jail, source, lambda question: [question]).value == [1]

    def test_a_question_beyond_its_size_is_a_violation(self, jail: Jail) -> None:
        """One within it is none."""
        limits = Limits(wall_s=20.0, question_bytes=1_000)
        source = "def f(n, ask):\n    return ask('x' * n)"
        assert talk(jail, source, lambda question: 1, 998, limits=limits).value == 1
        reply = talk(jail, source, lambda question: 1, 2_000, limits=limits)
        assert reply.outcome is Outcome.VIOLATION and "1000" in reply.reason

    def test_one_question_too_many_is_a_violation(self, jail: Jail) -> None:
        """Nobody hears it."""
        asked: list[Json] = []
        limits = Limits(wall_s=20.0, questions=3)
        source = "def f(n, ask):\n    return [ask(k) for k in range(n)]"
        assert talk(jail, source, lambda question: 1, 3, limits=limits).value == [1, 1, 1]
        reply = talk(jail, source, asked.append, 4, limits=limits)
        assert reply.outcome is Outcome.VIOLATION and "more than 3" in reply.reason and asked == [0, 1, 2]

    def test_being_told_more_than_it_may_is_a_violation(self, jail: Jail) -> None:
        """All replies count together."""
        limits = Limits(wall_s=20.0, reply_bytes=1_000)
        reply = talk(jail, "def f(x, ask):\n    return [ask(k) for k in range(20)]", lambda question: "x" * 100, limits=limits)
        assert reply.outcome is Outcome.VIOLATION and "1000 bytes" in reply.reason

    def test_an_error_of_whoever_answers_ends_the_call_and_comes_out(self, jail: Jail) -> None:
        """It is ours, no outcome; and the jail answers the next call."""

        def serve(question: Json) -> Json:
            raise UserError("not this way")

        source = "def f(x, ask):\n    try:\n        ask(1)\n    finally:\n        return 5"
        with pytest.raises(UserError, match="not this way"):
            talk(jail, source, serve)
        assert ask(jail, "def f(x):\n    return x", 5).value == 5

    def test_time_goes_on_while_a_question_is_answered(self, jail: Jail, process: None) -> None:
        """And a call that was waiting when it ran out is ended."""
        limits = Limits(wall_s=0.5)
        reply = talk(jail, "import time\ndef f(x, ask):\n    ask(1)\n    time.sleep(60)", lambda _: time.sleep(0.6), limits=limits)
        assert reply.outcome is Outcome.TIMED_OUT
        assert ask(jail, "def f(x):\n    return x", 5).value == 5

    def test_a_pause_that_is_too_long_is_its_end(self, jail: Jail, process: None) -> None:
        """From the start or from a reply to the next question; what we take to answer is no pause of its own."""
        limits = Limits(wall_s=20.0, pause_s=1.5)
        source = "import time\ndef f(pauses, ask):\n    return [(ask(p), time.sleep(p))[0] for p in pauses]"
        assert talk(jail, source, lambda question: time.sleep(0.6), [0, 0, 0], limits=limits).value == [None, None, None]
        reply = talk(jail, source, lambda question: 1, [0, 60, 0], limits=limits)
        assert reply.outcome is Outcome.TIMED_OUT and reply.clock.wall_s < 15
