"""The road to models without its process: tries, pauses, fallbacks, budgets, record and replay."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsi.config.model import ModelsConfig
from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import IntegrityError, UserError
from rsi.core.records import Json
from rsi.kernel.models import ModelGateway, Redactor, Replay
from rsi.kernel.models.link import Ended
from rsi.kernel.models.record import Record
from rsi.testing.conformance.gateway import asking
from rsi.testing.gateway import chat_response

A, B = "openai:a", "anthropic:b"
PRICE = {"input": 1e-6, "output": 2e-6}
Said = dict[str, Any] | Ended


def answer(text: str = "Hello.", *, model: str = A, tokens: list[int] | None = None, dollars: float | None = 1e-5) -> Said:
    return {
        "answer": {"response": chat_response(text, model=model), "tokens": [10, 5, 0] if tokens is None else tokens, "dollars": dollars}
    }


def fault(kind: str, *, again: bool = False, charged: bool = False, retry_after: float | None = None) -> Said:
    return {"fault": {"type": kind, "message": f"{kind} it is", "again": again, "charged": charged, "retry_after": retry_after}}


class Script:
    """Stands for the link to the process: says one thing after the other, the last one from then on, or what a function says."""

    def __init__(self, *said: Said, does: Callable[[str], Said] | None = None, offer: Json = PRICE) -> None:
        self._said, self._does, self._offer = list(said), does, offer
        self.asked: list[str] = []

    def offers(self) -> Json:
        return {A: self._offer, B: self._offer}

    def ask(self, question: dict[str, Any], *, timeout_s: float) -> Said:
        self.asked.append(question["model"])
        if self._does:
            return self._does(question["model"])
        return self._said.pop(0) if len(self._said) > 1 else self._said[0]

    def close(self) -> None:
        pass


def gateway(
    folder: Path, script: Script, pauses: list[float] | None = None, redactor: Redactor | None = None, **config: Any
) -> ModelGateway:
    def pause(seconds: float) -> bool:
        (pauses if pauses is not None else []).append(seconds)
        return False

    settings = ModelsConfig(**{"model": A, **config})
    return ModelGateway(settings, link=script, record=Record(folder / "models"), redactor=redactor or Redactor(), pause=pause)


def chat(road: ModelGateway | Replay, text: str = "Hi.", purpose: str = "job 1") -> dict[str, Any]:
    said = road.chat(asking(text), purpose=purpose)
    assert isinstance(said, dict)
    return said


def test_an_answer_says_what_it_cost_and_what_is_left(tmp_path: Path) -> None:
    said = chat(gateway(tmp_path, Script(answer()), calls=3, tokens=20_000, dollars=1.0))
    assert said["chat"]["rsi"] == {
        "cost": {"tokens": 15, "dollars": 1e-5, "tries": 1},
        "left": {"calls_left": 2, "tokens_left": 19_985, "dollars_left": 0.99999},
    }
    called = said["called"]
    assert called.pop("request") == sha256_hex(canonical(asking("Hi.")))
    used = {"calls": 1, "tokens": 15, "dollars": 1e-5}
    assert called == {"outcome": "answered", "model": A, "tries": 1, "used": used, "counted": True, "priced": True}


def test_a_rate_limit_is_waited_out_as_the_provider_asks_and_else_with_growing_pauses(tmp_path: Path) -> None:
    pauses: list[float] = []
    script = Script(fault("rate", again=True, retry_after=7.0), fault("network", again=True), fault("network", again=True), answer())
    said = chat(gateway(tmp_path, script, pauses))
    assert pauses == [7.0, 1.0, 2.0] and said["chat"]["rsi"]["cost"]["tries"] == 4


def test_tries_are_bounded_and_the_error_is_that_of_the_last(tmp_path: Path) -> None:
    script = Script(fault("rate", again=True))
    road = gateway(tmp_path, script, retries=2, calls=5)
    assert chat(road)["error"] == {"type": "rate", "message": "rate it is"}
    assert len(script.asked) == 3 and road.left["calls_left"] == 5


def test_a_provider_that_asks_for_more_than_a_minute_is_not_waited_for(tmp_path: Path) -> None:
    script = Script(fault("rate", again=True, retry_after=3_600.0))
    assert chat(gateway(tmp_path, script))["error"]["message"] == "rate it is (it asks to wait 3600 s)"
    assert len(script.asked) == 1


@pytest.mark.parametrize(("kind", "asked"), [("auth", [A, B]), ("no_model", [A, B]), ("bad_request", [A]), ("budget", [A])])
def test_the_next_model_is_asked_where_it_may_do_better(tmp_path: Path, kind: str, asked: list[str]) -> None:
    script = Script(does=lambda model: answer(model=B) if model == B else fault(kind))
    said = chat(gateway(tmp_path, script, fallbacks=[B]))
    assert script.asked == asked and ("chat" in said) == (len(asked) == 2)


def test_a_request_may_name_one_of_the_models(tmp_path: Path) -> None:
    script = Script(answer())
    body = asking("Hi.")
    assert isinstance(body, dict)
    gateway(tmp_path, script, fallbacks=[B]).chat({**body, "model": "b"}, purpose="job")
    assert script.asked == [B]


def test_what_nobody_counted_counts_with_all_that_was_set_aside(tmp_path: Path) -> None:
    for number, said in enumerate([answer(tokens=[]), fault("timeout", charged=True), Ended(reason="it ended")]):
        if isinstance(said, dict) and "answer" in said:
            said["answer"]["tokens"] = None
        road = gateway(tmp_path / str(number), Script(said), calls=5, tokens=20_000, retries=0)
        chat(road)
        assert road.left["calls_left"] == 4 and 5_000 < road.left["tokens_left"] < 20_000 - 8_192


def test_a_budget_that_cannot_bear_the_most_a_call_may_take_is_not_spent(tmp_path: Path) -> None:
    script = Script(answer())
    for key, config in {"tokens": {"tokens": 5_000}, "dollars": {"dollars": 0.001}, "calls": {"calls": 0}}.items():
        error = chat(gateway(tmp_path / key, script, **config))["error"]
        assert error["type"] == "budget" and f"models.{key}" in error["message"]
    assert script.asked == []


def test_a_price_that_nobody_knows_is_said_and_the_call_is_counted_in_tokens(tmp_path: Path) -> None:
    road = gateway(tmp_path, Script(answer(dollars=None), offer=None), dollars=0.0, tokens=20_000)
    said = chat(road)
    assert said["chat"]["rsi"]["cost"]["dollars"] is None and not said["called"]["priced"] and road.left["tokens_left"] == 19_985


def test_no_more_calls_are_under_way_than_may_be(tmp_path: Path) -> None:
    under_way, most, lock, full = 0, 0, threading.Lock(), threading.Barrier(2, timeout=10)

    def does(model: str) -> Said:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        full.wait()
        with lock:
            under_way -= 1
        return answer()

    road = gateway(tmp_path, Script(does=does), concurrency=2)
    threads = [threading.Thread(target=chat, args=(road, f"{k}", f"job {k}")) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert most == 2 and road.left["calls_left"] == 994


def test_what_else_a_job_was_told_is_told_again_to_the_same_job_and_in_a_replay(tmp_path: Path) -> None:
    times = iter(range(9))
    wish: Json = {"shell": {"commands": "date; echo the-key", "files": {}}}

    def made() -> dict[str, Json]:
        return {"output": f"{next(times)} the-key"}

    live = gateway(tmp_path, Script(answer()), redactor=Redactor.of(["the-key"]))
    told = [live.kept(wish, purpose=job, make=made) for job in ("job 1", "job 1", "job 2")]
    assert [str(one)[12:14] for one in told] == ["0 ", "1 ", "2 "] and "the-key" not in str(told)
    again = gateway(tmp_path, Script(answer()), redactor=Redactor.of(["the-key"]))
    replay = Replay(tmp_path, models=(A,), max_tokens=8_192, redactor=Redactor.of(["the-key"]))
    for road in (again, replay):
        road.begin("job 1")
        assert [road.kept(wish, purpose=job, make=made) for job in ("job 1", "job 1", "job 2")] == told
    with pytest.raises(IntegrityError, match="has none to request .*made for time number 3 by 'job 1'"):
        replay.kept(wish, purpose="job 1", make=made)
    assert live.left == again.left and "the-key" not in "".join(path.read_text() for path in tmp_path.rglob("*.json*"))


def test_a_run_is_replayed_bit_for_bit_with_its_errors(tmp_path: Path) -> None:
    live = gateway(tmp_path, Script(answer("one"), fault("auth"), answer("two")))
    told = [chat(live), chat(live, "What else?"), chat(live), chat(live, purpose="job 2")]
    assert "error" in told[1]
    replay = Replay(tmp_path, models=(A,), max_tokens=8_192)
    again = [chat(replay), chat(replay, "What else?"), chat(replay), chat(replay, purpose="job 2")]
    assert [canonical(one) for one in again] == [canonical(one) for one in told]
    assert replay.left == live.left


def test_a_request_that_is_not_in_the_record_is_named_with_who_made_it(tmp_path: Path) -> None:
    chat(gateway(tmp_path, Script(answer())))
    replay = Replay(tmp_path, models=(A,), max_tokens=8_192)
    chat(replay)
    with pytest.raises(IntegrityError, match=r"none to request [0-9a-f]{12}, made for time number 2 by 'job 1'"):
        chat(replay)
    with pytest.raises(IntegrityError, match=r"none to request [0-9a-f]{12}, made by 'job 1'"):
        chat(replay, "Something else.")


def test_a_folder_without_a_record_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no record of calls"):
        Replay(tmp_path, models=(A,), max_tokens=1)


def test_after_an_interruption_what_was_answered_is_told_again_and_what_failed_is_asked_again(tmp_path: Path) -> None:
    first = gateway(tmp_path, Script(answer("one"), fault("auth")), calls=10)
    told = [chat(first, "1"), chat(first, "2")]
    script = Script(answer("two"))
    second = gateway(tmp_path, script, calls=10)
    assert second.left["calls_left"] == 9
    assert chat(second, "1") == told[0] and chat(second, "2")["chat"]["choices"][0]["message"]["content"] == "two"
    assert len(script.asked) == 1
    replay = Replay(tmp_path, models=(A,), max_tokens=8_192)
    assert "chat" in chat(replay, "2")


def test_no_key_is_sent_or_recorded(tmp_path: Path) -> None:
    key = "the-value-of-my-key"
    script = Script(answer())
    chat(gateway(tmp_path, script, redactor=Redactor.of([key])), f"My key is {key}, another is sk-{'x1' * 20}.")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"[redacted]" in kept and key.encode() not in kept and b"sk-x1" not in kept


def test_the_log_says_why_there_was_no_answer_unless_that_may_quote_the_request(tmp_path: Path) -> None:
    road = gateway(tmp_path, Script(fault("auth"), fault("bad_request")))
    logged = [chat(road, text)["called"] for text in "ab"]
    assert [(one["outcome"], one.get("reason")) for one in logged] == [("auth", "auth it is"), ("bad_request", None)]


def test_what_is_logged_of_a_call_has_no_text_of_it(tmp_path: Path) -> None:
    said = chat(gateway(tmp_path, Script(answer("a secret plan"))), "the whole prompt")
    assert b"plan" not in canonical(said["called"]) and b"prompt" not in canonical(said["called"])
