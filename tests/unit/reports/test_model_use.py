"""What language models were used is told once, in the view and in the report, with what kept them from answering."""

from rsi.analytics import progress_of
from rsi.cli.view.plain import PlainView
from rsi.core.protocols import Entry
from rsi.core.records import Json
from rsi.reports.costs import cost_blocks
from rsi.reports.document import Facts, Table
from rsi.testing.events import RunBuilder

ANSWERED: Json = {
    "outcome": "answered",
    "model": "openai:a",
    "used": {"calls": 1, "tokens": 1_500, "dollars": 0.25},
    "priced": True,
    "tries": 1,
}
UNPRICED: Json = {
    "outcome": "answered",
    "model": "openai:b",
    "used": {"calls": 2, "tokens": 500, "dollars": 0},
    "priced": False,
    "tries": 2,
}
REFUSED: Json = {"outcome": "auth", "used": {"calls": 0, "tokens": 0, "dollars": 0.0}, "reason": "openai:a: the key was refused (401)"}
SCRIPTED: Json = {"model": "scripted"}


def run_with(*bodies: Json) -> list[Entry]:
    entries = list(RunBuilder().entries)
    last = entries[-1]
    return [
        *entries,
        *(Entry(seq=last.seq + k, kind="model.called", body=body, clock=last.clock, hash="") for k, body in enumerate(bodies, 1)),
    ]


def test_requests_are_summed_and_those_without_a_price_are_named() -> None:
    progress = progress_of(run_with(ANSWERED, UNPRICED, REFUSED, REFUSED, SCRIPTED))
    use = progress.costs.models
    assert (use.requests, use.answered, use.calls, use.tokens, use.dollars, use.unpriced) == (5, 3, 3, 2_000, 0.25, 1)
    blocks = list(cost_blocks(progress))
    facts = next(dict(block.items) for block in blocks if isinstance(block, Facts))
    assert (
        facts["Language models"] == "5 requests, 3 answered by openai:a, openai:b, scripted; "
        "3 calls, 2000 tokens, $0.25; 1 answer of models without a known price not counted"
    )
    table = next(block for block in blocks if isinstance(block, Table))
    assert table.rows == (("2", "auth", "openai:a: the key was refused (401)"),)


def test_a_run_without_models_says_nothing_of_them() -> None:
    blocks = list(cost_blocks(progress_of(RunBuilder().entries)))
    facts = next(dict(block.items) for block in blocks if isinstance(block, Facts))
    assert "Language models" not in facts


def test_a_wrong_key_is_one_line_however_often_it_is_refused() -> None:
    lines: list[str] = []
    view = PlainView(lines.append)
    for entry in run_with(REFUSED, REFUSED, ANSWERED, REFUSED):
        view.observe(entry)
    assert [line.split("  ")[-1] for line in lines if "language model" in line] == [
        "no answer of a language model (auth): openai:a: the key was refused (401)"
    ]
