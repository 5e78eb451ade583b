"""The gateway process may end, hang or say nonsense; whoever waits is told."""

import sys
import threading

import pytest

from rsi.core.errors import InfrastructureError
from rsi.kernel.models.link import Ended, Link, _Running
from rsi.kernel.models.redact import Redactor

# A process that greets, then does what the name in a question says.
PROCESS = """
import json, os, sys, time
hello = json.loads(sys.stdin.readline())
print(json.dumps({"id": 0, "offers": {"environment": sorted(os.environ), "hello": hello}}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    what = message.get("do")
    if "cancel" in message:
        cancelled = message["cancel"]
    elif what == "echo":
        print(json.dumps({"id": message["id"], "answer": message["text"]}), flush=True)
    elif what == "end":
        print("the last words, with my-key-123", file=sys.stderr, flush=True)
        sys.exit(1)
    elif what == "nonsense":
        print("]] no JSON", flush=True)
        print(json.dumps({"answer": "without a number"}), flush=True)
        print(json.dumps({"id": message["id"], "answer": "after it"}), flush=True)
    elif what == "cancelled":
        print(json.dumps({"id": message["id"], "answer": cancelled}), flush=True)
"""


def link(code: str = PROCESS, **environment: str) -> Link:
    return Link(command=(sys.executable, "-S", "-c", code), environment=environment, hello={"x": 1}, redactor=Redactor.of(["my-key-123"]))


def test_a_question_gets_its_own_answer_among_many() -> None:
    road, said = link(), {}
    try:
        threads = [
            threading.Thread(target=lambda k=k: said.update({k: road.ask({"do": "echo", "text": k}, timeout_s=20)})) for k in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        road.close()
    assert {k: one["answer"] for k, one in said.items()} == {k: k for k in range(8)}


def test_the_process_gets_the_environment_that_it_is_given_and_no_other() -> None:
    road = link(A_KEY="x")
    offers = road.offers()
    road.close()
    assert isinstance(offers, dict) and set(offers["environment"]) - {"LC_CTYPE"} == {"A_KEY"} and offers["hello"] == {"x": 1}


def test_a_process_that_ends_is_started_again_but_not_for_ever() -> None:
    road = link()
    try:
        for _ in range(2):
            assert road.ask({"do": "end"}, timeout_s=20) == Ended(reason="the gateway process ended")
        said = road.ask({"do": "echo", "text": "here again"}, timeout_s=20)
        assert isinstance(said, dict) and said["answer"] == "here again"
        for _ in range(3):
            assert isinstance(road.ask({"do": "end"}, timeout_s=20), Ended)
        with pytest.raises(InfrastructureError, match="ended 3 times in a row: the last words, with .redacted"):
            road.ask({"do": "echo", "text": "?"}, timeout_s=20)
    finally:
        road.close()


def test_a_process_that_hangs_is_ended_and_the_next_question_is_answered() -> None:
    road = link()
    try:
        assert road.ask({"do": "hang"}, timeout_s=0.2) == Ended(reason="the gateway process hung and was ended")
        assert isinstance(road.ask({"do": "echo", "text": 1}, timeout_s=20), dict)
    finally:
        road.close()


def test_nonsense_is_passed_over() -> None:
    road = link()
    try:
        said = road.ask({"do": "nonsense"}, timeout_s=20)
    finally:
        road.close()
    assert isinstance(said, dict) and said["answer"] == "after it"


def test_a_process_that_cannot_start_says_why() -> None:
    road = link("import sys; sys.exit('no module named my-key-123')")
    said = road.offers()
    road.close()
    assert isinstance(said, Ended) and "no module named [redacted]" in said.reason
    with pytest.raises(InfrastructureError, match="cannot be started"):
        Link(command=("/nowhere/python",), environment={}, hello=None, redactor=Redactor()).offers()


def test_a_process_that_is_over_before_anybody_waits_for_it_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Running, "say", lambda running, message: [thread.join() for thread in running._threads])
    road = link("import sys; sys.exit('no such thing')")
    said = road.offers()
    road.close()
    assert isinstance(said, Ended) and "no such thing" in said.reason


def test_who_waits_when_the_road_is_closed_is_told_at_once() -> None:
    road, said = link(), []
    road.offers()
    thread = threading.Thread(target=lambda: said.append(road.ask({"do": "hang"}, timeout_s=60)))
    thread.start()
    while not road._running.slots:
        pass
    road.close()
    thread.join(timeout=10)
    assert said == [Ended(reason="the gateway is closed")]
    assert road.ask({"do": "echo"}, timeout_s=1) == Ended(reason="the gateway is closed")


def test_a_question_that_nobody_waits_for_any_more_is_cancelled_there() -> None:
    class Interrupted(threading.Event().__class__):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    road = link()
    try:
        road.offers()
        running = road._running
        wait_for = running.wait_for

        def interrupt(number: int, slot: object) -> bool:
            slot.done = Interrupted()
            return wait_for(number, slot)

        running.wait_for = interrupt
        with pytest.raises(KeyboardInterrupt):
            road.ask({"do": "hang"}, timeout_s=20)
        running.wait_for = wait_for
        said = road.ask({"do": "cancelled"}, timeout_s=20)
    finally:
        road.close()
    assert isinstance(said, dict) and said["answer"] == 1
