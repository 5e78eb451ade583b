"""The view of a run: what is said, what is drawn, and that words of an agent cannot do harm."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from rsi.cli.view.live import LiveView, seconds_left
from rsi.cli.view.picture import Note, Picture
from rsi.cli.view.plain import PlainView
from rsi.cli.view.state import RunState
from rsi.cli.view.text import clean, count, duration, effect, evidence, points, short_time
from rsi.core.protocols import Entry
from rsi.core.records import JailProof, Surface
from rsi.kernel.judge import PairedEProcess
from rsi.reports.words import enforced
from rsi.testing.events import RunBuilder, example_run

HOSTILE = "\x1b[31mred\x1b]0;title\x07 [bold]x[/bold] [/] \u202eevil\u2028line\r\nsecond\x00 \x9b2J"


def told(run: RunBuilder) -> list[str]:
    lines: list[str] = []
    view = PlainView(lines.append)
    for entry in run.entries:
        view.observe(entry)
    return lines


def drawn(entries: list[Entry], *, width: int = 130, notes: tuple[Note, ...] = (), left: float | None = None) -> str:
    state, out = RunState(), io.StringIO()
    for entry in entries:
        state.take(entry)
    Console(file=out, width=width, color_system=None).print(Picture(state=state, notes=notes, left=left))
    return out.getvalue()


def test_a_run_is_told_from_its_start_to_its_end() -> None:
    lines = told(example_run())
    assert "agent seed, seed 7, budget 40.0 M programs, jail S2" in lines[0]
    assert "ended (budget)" in lines[-1] and "3 of 6 changes kept" in lines[-1]
    kept = [line for line in lines if "KEPT" in line]
    assert len(kept) == 3
    assert "KEPT parameters: search deeper — believed +5.8 points (± 3.9), better with probability" in kept[0]
    assert "after 96 pairs; evidence 31, needed 20" in kept[0] and "+10.0" not in kept[0]


def test_of_a_change_without_a_prediction_none_is_told() -> None:
    run = RunBuilder()
    run.cycle()
    run.test(run.propose(prediction=None))
    assert "(its own guess: nothing was foretold)" in told(run)[-1]


def test_the_first_line_says_what_attacks_showed_of_the_jail() -> None:
    known = JailProof(tier="S2", suite="full", attacks=71, held=70, got_through=(), reported=1, at=0.0)
    assert "70 attacks held (full suite), 1 got through that this tier does not promise to hold" in told(RunBuilder(proof=known))[0]


def test_a_weaker_jail_is_said_plainly() -> None:
    assert "S2 (no namespaces" in told(example_run())[0] and "no namespaces" in drawn(list(example_run().entries))
    assert "network and other files are NOT closed off" in enforced("S1") and "NOT" not in enforced("S3")


def test_step_0_is_told_before_the_first_change_and_so_is_a_refusal() -> None:
    seen = {"is": "Calibration", "trials": 176, "cases": 64, "repeated": 16, "answered": 176, "score": 0.3, "noise": 0.0025, "between": 0.1}
    rows = [{"is": "Power", "edits": 16, "trials": 9000, "effect": 0.031}]
    prospect = {"is": "Prospect", "trials": 9000, "variance": 0.12, "cases": None, "floor": None, "rows": rows}
    body: dict[str, Any] = {"programs": 700_000, "refused": None, "prospect": prospect}
    run, told_no = RunBuilder(), RunBuilder()
    run.add("calibration.done", {**body, "calibration": {**seen, "floor": 0.6, "ceiling": 0.2, "programs": 3900.0}})
    words = "noise 5.0 points between repeats; 60 % of 64 cases at the floor, 20 % at the ceiling; 3900 programs per trial; "
    assert told(run)[-1].endswith(f"step 0: {words}this budget can detect +3.1 points if 16 changes share it")
    assert "Step 0" in drawn(run.entries) and "noise 5.0 points" in drawn(run.entries)
    told_no.add("calibration.done", {**body, "prospect": None, "calibration": None, "refused": "the suite s gives no cases"})
    assert told(told_no)[-1].endswith("step 0: the suite s gives no cases")


def test_what_was_not_kept_is_told_with_its_reason() -> None:
    text = "\n".join(told(example_run()))
    assert "rejected search: search less — no prospect; believed −" in text
    assert "undecided training: perhaps — the budget ended" in text
    assert "refused code: edit the judge: the path leaves the tree" in text
    assert "the agent's propose gave no answer (timed_out)" in text
    assert "certificate over 200 sealed cases: start 50 %, release 68 %, gain +18.0 points (+11.0 … +25.0)" in text


def test_a_call_that_crashed_is_told_without_its_traceback() -> None:
    run = RunBuilder()
    run.job("propose", outcome="crashed", reason="RuntimeError: no key Traceback (most recent call last): File x", programs=1)
    assert told(run)[-1].endswith("the agent's propose gave no answer (crashed): RuntimeError: no key")


def test_times_count_from_the_start_and_leave_out_the_pause_before_a_resume() -> None:
    run = RunBuilder()
    run.cycle()
    run.resume(after_s=5000)
    run.cycle()
    assert [line.split()[0] for line in told(run)] == ["0:00", "0:01", "0:01", "0:02"]


def test_a_run_without_progress_is_told_without_inventing_any() -> None:
    run = RunBuilder(frozen=True)
    run.end("nothing to try")
    assert "improver frozen at version 0" in told(run)[0]
    assert "0 of 0 changes kept" in told(run)[-1]


def test_practice_is_told_by_batch() -> None:
    run = RunBuilder()
    body = {"job": "j", "call": "practise", "improver": run.start, "outcome": "answered", "reason": "", "programs": 10, "result": None}
    run.add("job.done", {**body, "solved": 141, "tasks": 300})
    run.cycle()
    assert "cycle 1: practice: 141 of 300 solved;" in told(run)[-1]
    assert "141 of 300 tasks solved in the last batch" in drawn(run.entries)


def test_words_of_an_agent_cannot_control_the_terminal() -> None:
    run = example_run(text=HOSTILE)
    for text in ["\n".join(told(run)), drawn(run.entries), drawn(run.entries, width=80)]:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    assert all("\n" not in line for line in told(run))


def test_words_of_an_agent_are_not_read_as_markup() -> None:
    assert "[bold]x[/bold]" in drawn(example_run(text="[bold]x[/bold]").entries[:8])


@pytest.mark.parametrize("width", [40, 80, 118, 200])
def test_a_picture_keeps_to_its_width(width: int) -> None:
    run = example_run(text="very " * 100)
    notes = (Note(seconds=3, text="KEPT " + "long " * 80),)
    for upto in (1, 7, 30, len(run.entries)):
        assert max(len(line) for line in drawn(run.entries[:upto], width=width, notes=notes, left=90).splitlines()) <= width


def open_test(pairs: int) -> RunBuilder:
    run = RunBuilder()
    run.cycle()
    name = run.propose(reason="longer dreams", surface=Surface.TRAINING)
    candidate = run.test(name, threshold=600)
    first = run.trials(run.incumbent, [1.0, 0.0, 0.0, 1.0] * pairs)
    run.trials(candidate, [1.0, 1.0, 0.0, 1.0] * pairs, first=first)
    return run


def test_an_open_test_shows_its_effect_so_far_and_the_judges_own_evidence() -> None:
    process = PairedEProcess()
    for difference in [0.0, 1.0, 0.0, 0.0] * 4:
        process.add(difference)
    text = drawn(open_test(4).entries)
    assert "Being tried" in text and "longer dreams" in text and "16 pairs" in text
    assert "+25.0 points" not in text and "better with probability" in text
    assert f"{evidence(process.e_value)} of 600" in text


def test_an_open_test_without_pairs_says_so() -> None:
    assert "first cases are running" in drawn(open_test(0).entries)


def test_a_test_that_ended_is_no_longer_shown_as_open() -> None:
    assert "Being tried" not in drawn(example_run().entries)


def test_capability_is_that_of_fresh_cases_or_not_shown() -> None:
    run = example_run(accepted=1)
    promoted = next(i for i, entry in enumerate(run.entries) if entry.kind == "incumbent.changed")
    assert "version 1  not measured on fresh cases yet" in drawn(run.entries[: promoted + 1])
    assert "version 1  75 % of judge cases" in drawn(run.entries[: promoted + 2])


def test_the_certificate_is_shown_when_it_is_there() -> None:
    assert "+18.0 points (+11.0 … +25.0)  on 200 sealed cases" in drawn(example_run().entries)


def test_before_the_first_entry_the_view_says_that_it_starts() -> None:
    assert "starting" in drawn([])


def test_time_left_follows_the_pace_of_this_process() -> None:
    state = RunState()
    run = RunBuilder()
    for entry in run.entries:
        state.take(entry)
    assert seconds_left(state, 100.0, 0) is None
    run.job("practise", programs=10_000_000)
    state.take(run.entries[-1])
    assert seconds_left(state, 1.0, 0) is None
    assert seconds_left(state, 100.0, 0) == pytest.approx(300.0)
    assert seconds_left(state, 100.0, 5_000_000) == pytest.approx(600.0)
    run.end()
    state.take(run.entries[-1])
    assert seconds_left(state, 100.0, 0) is None


def test_the_live_view_draws_in_a_terminal_and_leaves_its_last_picture() -> None:
    out = io.StringIO()
    with LiveView(Console(file=out, force_terminal=True, width=120, color_system=None), lambda: 0.0) as view:
        for entry in example_run().entries:
            view.observe(entry)
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "ended: budget" in last and "Certified" in last and "3 of 6 changes kept" in last


def test_numbers_are_short() -> None:
    assert [count(n) for n in (0, 940, 9999, 18_240, 4_000_000, 2.5e9)] == ["0", "940", "9999", "18.2 k", "4.0 M", "2.5 G"]
    assert [duration(s) for s in (0, 59.9, 61, 600, 3600, 36_125)] == ["0:00", "0:59", "1:01", "10:00", "1:00:00", "10:02:05"]
    assert [evidence(e) for e in (0.041, 1.0, 13.2, 5e12)] == ["0.04", "1.00", "13", "> 1 G"]
    assert points(-0.012) == "−1.2"
    assert [short_time(s) for s in (0.0263, 0.9994, 0.9999, 2.94)] == ["26.3 ms", "999 ms", "1.0 s", "2.9 s"]
    assert effect(0.073, -0.012, 0.159) == "+7.3 points (−1.2 … +15.9)"


def test_long_text_is_cut_and_any_value_becomes_one_line() -> None:
    assert clean("word " * 100, 20) == "word word word word…"
    assert clean(None) == "" and clean(12) == "12"
    assert clean("x" * 10_000_000, 10) == "xxxxxxxxx…"
