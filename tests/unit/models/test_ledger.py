"""Money for models: set aside before, settled after, never more than there is."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from rsi.kernel.models.ledger import NANO, Hold, Ledger, Spent

BUDGET = Spent(calls=3, tokens=1_000, nano=NANO)


def test_what_is_set_aside_is_waited_for_and_what_a_call_did_not_use_is_there_for_the_next() -> None:
    ledger, got = Ledger(BUDGET), []
    hold = ledger.reserve(800, None)
    assert isinstance(hold, Hold)
    waiting = threading.Thread(target=lambda: got.append(ledger.reserve(990, None)))
    waiting.start()
    waiting.join(timeout=0.1)
    assert waiting.is_alive() and got == []
    ledger.settle(hold, Spent(calls=1, tokens=10))
    waiting.join(timeout=10)
    assert isinstance(got[0], Hold) and ledger.left["tokens_left"] == 0


def test_who_waits_is_refused_when_the_others_used_it_up() -> None:
    ledger, got = Ledger(BUDGET), []
    hold = ledger.reserve(800, None)
    assert isinstance(hold, Hold)
    waiting = threading.Thread(target=lambda: got.append(ledger.reserve(201, None)))
    waiting.start()
    ledger.settle(hold, Spent(calls=1, tokens=800))
    waiting.join(timeout=10)
    assert "200 of 1,000 are left" in got[0]


def test_each_of_the_three_limits_refuses_and_names_its_key() -> None:
    ledger = Ledger(Spent(calls=1, tokens=100, nano=NANO), Spent(calls=1))
    assert "models.calls" in str(ledger.reserve(1, None))
    assert "models.tokens" in str(Ledger(BUDGET).reserve(1_001, None))
    assert "models.dollars" in str(Ledger(BUDGET).reserve(1, NANO + 1))


def test_a_call_whose_price_nobody_knows_is_counted_in_tokens_alone() -> None:
    ledger = Ledger(BUDGET)
    hold = ledger.reserve(100, None)
    assert isinstance(hold, Hold)
    ledger.settle(hold, Spent(calls=1, tokens=100))
    assert ledger.left == {"calls_left": 2, "tokens_left": 900, "dollars_left": 1.0}


def test_a_provider_that_reports_more_than_could_be_asked_of_it_leaves_nothing_and_not_less() -> None:
    ledger = Ledger(BUDGET)
    hold = ledger.reserve(10, 10)
    assert isinstance(hold, Hold)
    ledger.settle(hold, Spent(calls=1, tokens=5_000, nano=5 * NANO))
    assert ledger.left == {"calls_left": 2, "tokens_left": 0, "dollars_left": 0.0}
    assert isinstance(ledger.reserve(1, 0), str)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, NANO // 3), st.floats(0, 1), st.booleans()), max_size=30))
def test_whatever_is_asked_nothing_beyond_the_budget_is_ever_spent_or_set_aside(steps: list[tuple[int, int, float, bool]]) -> None:
    ledger, holds, spent = Ledger(BUDGET), [], Spent()
    for tokens, nano, share, is_settled in steps:
        left = ledger.left
        fits = bool(left["calls_left"]) and tokens <= left["tokens_left"] and nano <= round(left["dollars_left"] * NANO)
        if fits or not holds:
            hold = ledger.reserve(tokens, nano)
            assert isinstance(hold, Hold) == fits
            if isinstance(hold, Hold):
                holds.append(hold)
        if holds and is_settled:
            hold = holds.pop()
            cost = Spent(calls=1, tokens=int(hold.most.tokens * share), nano=int(hold.most.nano * share))
            ledger.settle(hold, cost)
            spent += cost
        held = sum((hold.most for hold in holds), Spent())
        assert spent.calls + held.calls <= 3 and spent.tokens + held.tokens <= 1_000 and spent.nano + held.nano <= NANO
        assert ledger.left["tokens_left"] == 1_000 - spent.tokens - held.tokens
