"""The client that agents carry speaks the chat shape from inside a real jail."""

from typing import Any

import pytest

from rsi.core.protocols import Call, Limits, Serve
from rsi.core.records import Json, Outcome
from rsi.kernel.sandbox import TIERS, ZygoteJail, unreachable
from rsi.testing.gateway import ScriptedGateway
from tests.architecture.source import SRC

CLIENT = SRC / "rsi/agents/client/rsi_model.py"
AGENT = b"""
from rsi_model import Model, Unanswered

def propose(message, ask):
    model = Model(ask, temperature=0.5)
    told = [model([{"role": "user", "content": text}], max_tokens=9) for text in message["texts"]]
    try:
        Model(ask)("no messages")
    except Unanswered as error:
        return {"told": told, "calls": model.calls, "tokens": model.tokens, "left": model.left, "kind": error.kind, "why": str(error)}
"""


def in_a_jail(serve: Serve) -> dict[str, Any]:
    tier = next((tier for tier in TIERS if tier != "S4" and unreachable(tier) is None), None)
    if tier is None:
        pytest.skip("no jail can be had here")
    files = {"rsi_model.py": CLIENT.read_bytes(), "main.py": AGENT}
    with ZygoteJail(tier=tier) as jail:
        call = Call(files=files, module="main", function="propose", payload={"texts": ["a b", "c"]}, limits=Limits(wall_s=20.0))
        reply = jail.call(call, serve)
    assert reply.outcome is Outcome.ANSWERED, reply.reason
    assert isinstance(reply.value, dict)
    return reply.value


def test_an_agent_asks_through_it_and_learns_what_it_used_and_why_there_is_no_answer() -> None:
    gateway = ScriptedGateway(lambda body: f"said to {len(str(body['messages']))}")

    def serve(question: Json) -> Json:
        assert isinstance(question, dict)
        reply = gateway.chat(question["chat"], purpose="a test")
        assert isinstance(reply, dict)
        return {key: value for key, value in reply.items() if key != "called"}

    said = in_a_jail(serve)
    assert [text.split()[0] for text in said["told"]] == ["said", "said"] and said["calls"] == 2 and said["tokens"] > 5
    assert said["kind"] == "bad_request" and said["why"].startswith("bad_request: ")
    assert gateway.bodies[0]["temperature"] == 0.5 and gateway.bodies[0]["max_tokens"] == 9


@pytest.mark.parametrize("reply", [None, 5, {}, {"error": "words"}, {"error": {"type": "budget"}}, {"chat": 7}])
def test_a_reply_of_any_shape_is_an_answer_or_a_reason(reply: Json) -> None:
    space: dict[str, Any] = {}
    exec(CLIENT.read_text(), space)  # noqa: S102
    with pytest.raises(space["Unanswered"]) as error:
        space["Model"](lambda question: reply)([])
    assert error.value.kind in ("no_model", "budget")
    with pytest.raises(space["Unanswered"], match="nobody answers"):
        space["Model"](None)([])


def test_the_client_is_at_most_50_lines_and_every_agent_that_carries_one_carries_this() -> None:
    content = CLIENT.read_bytes()
    assert content.count(b"\n") <= 50
    assert all(path.read_bytes() == content for path in (SRC / "rsi/agents").rglob("rsi_model.py"))
