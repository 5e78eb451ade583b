"""A jail that is watched for the run's canary: replies and questions."""

import pytest

from rsi.core.errors import MessageError
from rsi.core.protocols import Call
from rsi.core.records import Json, Outcome
from rsi.kernel.workspace import Scanner
from rsi.loop.watch import WatchedJail
from rsi.testing.fake_jail import InProcessJail

SCANNER = Scanner({"judge": "12345678901234567890"})
ASK = Call(files={"a.py": b"def f(x, ask):\n    return ask(x)"}, module="a", function="f", payload="anything")


def saying(text: str) -> Call:
    return Call(files=ASK.files, module="a", function="f", payload={"what": [text]})


def test_questions_and_replies_without_the_canary_pass() -> None:
    asked: list[Json] = []
    reply = WatchedJail(InProcessJail(), SCANNER).call(ASK, lambda question: asked.append(question) or 5)  # type: ignore[func-returns-value]
    assert (reply.outcome, reply.value, asked) == (Outcome.ANSWERED, 5, ["anything"])


@pytest.mark.parametrize("spelling", ["plain", "reversed", "hex"])
def test_a_question_that_holds_the_canary_is_a_violation_that_nobody_answers(spelling: str) -> None:
    canary = str(SCANNER.canary)
    text = {"plain": canary, "reversed": canary[::-1], "hex": canary.encode().hex()}[spelling]
    asked: list[Json] = []
    reply = WatchedJail(InProcessJail(), SCANNER).call(saying(text), asked.append)
    assert reply.outcome is Outcome.VIOLATION and reply.reason.startswith("canary of the run: a question of f") and asked == []


def test_an_error_of_whoever_answers_is_not_taken_for_the_canary() -> None:
    def serve(question: Json) -> Json:
        raise MessageError("no such problem")

    with pytest.raises(MessageError, match="no such problem"):
        WatchedJail(InProcessJail(), SCANNER).call(ASK, serve)
