"""What is left is counted from the log, the same in a run and in its replay."""

from pathlib import Path

from rsi.config.model import ModelsConfig
from rsi.kernel.models import Spent, left_after, used_in
from tests.unit.models.test_gateway import Script, answer, chat, fault, gateway


def test_what_the_log_says_is_left_is_what_the_gateway_says_when_nothing_is_under_way(tmp_path: Path) -> None:
    script = Script(answer(), fault("timeout", charged=True), answer(dollars=0.1234567891))
    road = gateway(tmp_path, script, retries=0, calls=9, tokens=100_000, dollars=1.0)
    logged = [chat(road, text)["called"] for text in "abc"]
    used = sum((used_in(one) for one in logged), Spent())
    config = ModelsConfig(model="openai:a", calls=9, tokens=100_000, dollars=1.0)
    assert left_after(config, used) == road.left


def test_a_gateway_that_counts_nothing_used_nothing() -> None:
    assert used_in({"model": "scripted", "usage": {}}) == used_in(None) == Spent()
