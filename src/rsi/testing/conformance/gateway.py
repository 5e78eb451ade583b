"""What every gateway to language models must hold to: subclass `GatewayConformance` and give it a gateway with a budget of calls."""

import threading
from abc import ABC, abstractmethod

import pytest

from rsi.core.codec import canonical
from rsi.core.protocols import Gateway
from rsi.core.records import Json

__all__ = ["ERRORS", "GatewayConformance", "asking"]

ERRORS = frozenset({"budget", "auth", "rate", "timeout", "network", "bad_request", "no_model"})
"""The types of errors that a gateway may give."""


def asking(text: str) -> Json:
    """A request with one message of the user."""
    return {"messages": [{"role": "user", "content": text}]}


class GatewayConformance(ABC):
    """The contract of `rsi.core.protocols.Gateway`."""

    @abstractmethod
    def make_gateway(self, *, calls: int) -> Gateway:
        """A gateway to some model that answers whatever it is asked, with money for so many calls."""

    def test_a_request_is_answered_in_the_plain_shape(self) -> None:
        """One choice with a text, and what it took in tokens."""
        gateway = self.make_gateway(calls=2)
        try:
            said = gateway.chat(asking("Say hello."), purpose="a test")
        finally:
            gateway.close()
        assert isinstance(said, dict) and set(said) <= {"chat", "called"}
        response = said["chat"]
        assert isinstance(response, dict) and isinstance(response["choices"], list) and isinstance(response["usage"], dict)
        choice = response["choices"][0]
        assert isinstance(choice, dict) and isinstance(choice["message"], dict)
        assert choice["message"]["role"] == "assistant" and isinstance(choice["message"]["content"], str)
        assert isinstance(response["usage"]["prompt_tokens"], int) and isinstance(response["usage"]["completion_tokens"], int)
        assert canonical(said)

    @pytest.mark.parametrize("body", [None, 5, "hello", [], {}, {"messages": "hello"}, {"messages": []}, {"messages": [7]}])
    def test_what_is_no_request_is_a_bad_one_and_costs_nothing(self, body: Json) -> None:
        """Jailed code makes requests, so they may be anything."""
        gateway = self.make_gateway(calls=1)
        try:
            assert self._error(gateway.chat(body, purpose="a test")) == "bad_request"
            assert _calls_left(gateway) == 1
        finally:
            gateway.close()

    def test_a_budget_ends_exactly(self) -> None:
        """What is left is told, and what is not left is not spent."""
        gateway = self.make_gateway(calls=2)
        try:
            assert _calls_left(gateway) == 2
            for left in (1, 0):
                answered = gateway.chat(asking("Say hello."), purpose="a test")
                assert isinstance(answered, dict) and "chat" in answered
                assert _calls_left(gateway) == left
            assert self._error(gateway.chat(asking("And once more."), purpose="a test")) == "budget"
            assert _calls_left(gateway) == 0
        finally:
            gateway.close()

    def test_a_budget_ends_exactly_for_threads_that_ask_at_once(self) -> None:
        """Money is set aside before a call is made."""
        gateway = self.make_gateway(calls=3)
        said: list[Json] = []
        try:
            threads = [threading.Thread(target=lambda: said.append(gateway.chat(asking("Hello."), purpose="a test"))) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=120)
        finally:
            gateway.close()
        answered = [one for one in said if isinstance(one, dict) and "chat" in one]
        assert len(said) == 6 and len(answered) == 3
        assert {self._error(one) for one in said if one not in answered} == {"budget"}

    def test_a_closed_gateway_answers_with_an_error(self) -> None:
        """Closing twice is harmless."""
        gateway = self.make_gateway(calls=1)
        gateway.close()
        gateway.close()
        assert self._error(gateway.chat(asking("Is anybody there?"), purpose="a test")) in ERRORS

    def _error(self, said: Json) -> str:
        assert isinstance(said, dict) and set(said) <= {"error", "called"}
        error = said["error"]
        assert isinstance(error, dict) and set(error) == {"type", "message"}
        assert error["type"] in ERRORS and isinstance(error["message"], str) and error["message"]
        return str(error["type"])


def _calls_left(gateway: Gateway) -> Json:
    left = gateway.left
    assert isinstance(left, dict) and set(left) == {"calls_left", "tokens_left", "dollars_left"}
    return left["calls_left"]
