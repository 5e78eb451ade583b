"""The report of a run: what it says, and that no word of an agent becomes anything but a word."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rsi.analytics import progress_of
from rsi.core.codec import encode
from rsi.core.errors import IntegrityError, UserError
from rsi.core.records import CandidateId, Effect, JailProof, Prediction, Rejected
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.judge import Belief
from rsi.reports import report_of, summary_of, write_report
from rsi.reports.changes import shortened
from rsi.reports.diffs import code_first
from rsi.reports.html import render_html
from rsi.reports.markdown import render_markdown
from rsi.testing.events import RunBuilder, example_run

HOSTILE = "\n".join(
    [
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "</code></pre></article>",
        '" onmouseover="x',
        "````\n# Heading from inside\n````",
        "[click](javascript:alert(1)) http://evil.example www.evil.example <http://evil.example>",
        "| a | b |\n|---|---|",
        "**bold** _soft_ ~~gone~~ &amp; &lt;b&gt;",
        "\x1b[2J\x1b]0;title\x07 \x00 \x7f \x9b \u202egpj.exe \u200b \u2028 end",
    ]
)
PROOF = JailProof(tier="S1", suite="quick", attacks=9, held=7, got_through=(), reported=2, at=0.0)
KEYS = (
    "run seed jail ended programs proposals trials violations predictions outcome tried course could_have_seen calibration uses accepted "
    "retests growth start release claim safety wall_s cpu_s"
).split()


def write(folder: Path, *, text: str = "", accepted: int = 3, entries: int | None = None) -> Path:
    archive = GitArchive(folder / "objects.git")
    run = example_run(archive=archive, text=text, accepted=accepted)
    archive.close()
    log = FileEventLog(folder / "log.jsonl", kernel="0" * 8)
    for entry in run.entries[:entries]:
        log.append(entry.kind, entry.body, entry.clock)
    log.close()
    return folder


def pages(run: RunBuilder) -> tuple[str, str]:
    document = report_of(progress_of(run.entries), lambda before, after: f"--- {before}\n+++ {after}\n-old\n+new {HOSTILE}\n")
    return render_markdown(document), render_html(document)


class Page(HTMLParser):
    """Tags, attributes and visible words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]
        if tag not in {"meta", "line", "rect", "circle", "polyline"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data


def test_the_files_are_written_and_the_summary_is_what_is_returned(tmp_path: Path) -> None:
    summary = write_report(write(tmp_path))
    assert json.loads((tmp_path / "summary.json").read_text("utf-8")) == summary
    assert {path.name for path in tmp_path.glob("*.*")} == {"objects.git", "log.jsonl", "report.md", "report.html", "summary.json"}


def test_the_summary_has_exactly_the_promised_keys() -> None:
    run = example_run()
    summary = summary_of(progress_of(run.entries))
    assert list(summary) == KEYS
    assert summary["claim"] == {"gain": 0.18, "low": 0.11, "high": 0.25}
    assert summary["start"] == {"candidate": run.start, "score": 0.5}
    assert summary["release"] == {"candidate": run.incumbent, "score": 0.6799999999999999}
    first = summary["accepted"][0]
    assert list(first) == ["candidate", "proposal", "surface", "reason", "pairs", "believed", "prediction", "cycle"]
    assert first["pairs"] == 96 and 0 < first["believed"]["gain"] < 0.1 and 0.5 < first["believed"]["p_better"] < 1
    assert summary["outcome"] == "improvement certified" and summary["tried"]["code"] == {"accepted": 1, "refused": 1}
    assert (summary["proposals"], len(summary["accepted"]), summary["trials"]) == (6, 3, 1264)


def test_the_certificate_comes_first_and_is_said_in_numbers() -> None:
    markdown, html = pages(example_run())
    assert markdown.index("Certified gain on sealed cases: +18.0 points (+11.0 … +25.0)") < markdown.index("## ")
    assert "the release scores 68.0 % where the start scored 50.0 %" in markdown
    assert '<section class="claim good">' in html


def certified(*, release_s: float, outcome: str = "crashed") -> RunBuilder:
    run = RunBuilder()
    run.cycle()
    name = run.propose()
    candidate = run.test(name)
    run.trials(candidate, [1.0, None], first=run.trials(run.start, [0.0, 1.0]), outcome=outcome)
    run.accept(name, candidate)
    for first in (0, 100):
        run.trials(run.start, [0.0] * 100, purpose="certificate", first=first, cpu_s=1.0)
        run.trials(candidate, [1.0] * 100, purpose="certificate", first=first, cpu_s=release_s)
    run.certify()
    run.end()
    return run


def test_what_a_case_costs_in_processor_time_stands_beside_the_certificate() -> None:
    for page in pages(certified(release_s=1.6)):
        assert "costs 1.6 times the processor time per case: 16.0 ms, the start 10.0 ms" in page
        assert page.index("Certified gain") < page.index("processor time per case") < page.index("Programs tried")
        assert "Warning" not in page


def test_a_release_that_takes_more_than_five_times_as_long_is_warned_of() -> None:
    assert all("costs 6.0 times" in page and "a part of the gain may be bought with it" in page for page in pages(certified(release_s=6.0)))


def test_clocks_without_processor_time_say_nothing_about_it() -> None:
    assert all("processor time per case" not in page for page in pages(certified(release_s=0.0)))
    assert all("processor time per case" not in page for page in pages(example_run(accepted=0)))


def test_trials_that_ran_out_of_time_are_warned_of() -> None:
    for page in pages(certified(release_s=1.0, outcome="timed_out")):
        assert "1 trial was ended for running out of time: a slower machine could decide otherwise" in page


def test_every_kept_change_is_shown_with_diff_reason_limitation_prediction_and_effect(tmp_path: Path) -> None:
    write_report(write(tmp_path))
    markdown = (tmp_path / "report.md").read_text("utf-8")
    for number, surface in ((1, "parameters"), (2, "code"), (3, "training")):
        card = markdown.split(f"### v{number}, cycle {number} ({surface}): +5.8 points")[1].split("\n##")[0]
        assert f"-DEPTH = {number + 2}\n+DEPTH = {number + 3}" in card
        assert f"**Limitation** level {number} tasks run out of budget" in card and "**Reason** search deeper" in card
        assert "better with probability 60.0 %, by −1.0 … +8.0 points: it came out within that" in card
        assert "better with probability 79 %; evidence 31 after 96 cases where 20 was asked" in card and "10.0" not in card


def test_a_run_without_a_gain_says_so_and_what_could_have_been_seen() -> None:
    markdown, html = pages(example_run(accepted=0))
    assert "Sealed certificate: No improvement found" in markdown
    assert "a gain above +6.0 points is ruled out" in markdown
    assert "The longest test took 48 pairs" in markdown and "too few to see an effect of any size" in markdown
    assert "Nothing. The release is the start." in markdown
    assert "Certified gain" not in html and '<section class="claim neutral">' in html


def test_a_gain_whose_interval_holds_zero_is_no_gain() -> None:
    run = example_run()
    run.certify(gain=0.05, low=-0.01, high=0.11)
    markdown, _ = pages(run)
    assert "No improvement found" in markdown and "3 changes were kept, but that shows no gain" in markdown


def test_a_certified_loss_is_called_a_loss() -> None:
    run = example_run()
    run.certify(gain=-0.1, low=-0.2, high=-0.02)
    markdown, html = pages(run)
    assert "Certified loss on sealed cases: −10.0 points" in markdown and '<section class="claim bad">' in html


def test_a_run_that_was_cut_off_anywhere_has_a_report() -> None:
    entries = example_run(text=HOSTILE, accepted=1).entries
    for length in range(1, len(entries) - 1):
        progress = progress_of(entries[:length])
        document = report_of(progress, lambda before, after: "")
        assert "This run is not finished" in render_markdown(document)
        assert Page(render_html(document)).open == []
        assert list(summary_of(progress)) == KEYS


def test_a_run_that_ended_before_its_certificate_says_so() -> None:
    run = RunBuilder()
    run.end("budget")
    markdown, _ = pages(run)
    assert "No sealed case was opened: No improvement found" in markdown and "No change came as far as a comparison" in markdown


def test_a_version_without_fresh_cases_is_left_out_of_the_curve_and_named() -> None:
    run = RunBuilder()
    run.trials(run.start, [1.0, 0.0] * 8)
    run.cycle()
    name = run.propose()
    run.accept(name, run.test(name))
    assert "Not run on any fresh case: v1." in pages(run)[0]


def test_a_frozen_control_is_named() -> None:
    assert "frozen control" in pages(RunBuilder(frozen=True))[0]


def test_no_word_of_an_agent_becomes_markup_of_the_page() -> None:
    calm, wild = Page(pages(example_run())[1]), Page(pages(example_run(text=HOSTILE))[1])
    assert set(wild.tags) <= set(calm.tags) and not {"script", "img", "a", "iframe", "b"} & set(wild.tags)
    assert wild.attributes == calm.attributes and not [name for name in wild.attributes if name.startswith("on")]
    assert wild.open == calm.open == []
    assert "<script>alert(1)</script>" in wild.words and "onmouseover" in wild.words


def test_the_page_fetches_nothing_and_forbids_it() -> None:
    _, html = pages(example_run(text=HOSTILE))
    assert "default-src 'none'" in html
    page = Page(html)
    assert not {"src", "href", "action", "srcset", "xlink:href"} & page.attributes
    assert not [value for value in page.values if "//" in value]
    assert "url(" not in html.split("</style>")[0] and "@import" not in html


@pytest.mark.parametrize("form", [0, 1])
def test_no_control_or_invisible_character_reaches_a_page(form: int) -> None:
    page = pages(example_run(text=HOSTILE))[form]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e]", page)


def test_no_word_of_an_agent_becomes_markup_of_the_markdown() -> None:
    markdown, _ = pages(example_run(text=HOSTILE))
    prose = outside_of_fences(markdown)
    assert not re.search(r"(?<!\\)[<>]", prose) and not re.search(r"(?<!\\)\[", prose)
    assert "http://" not in prose and "www.evil" not in prose
    assert [line for line in prose.splitlines() if line.startswith("#")] == [
        line for line in outside_of_fences(pages(example_run())[0]).splitlines() if line.startswith("#")
    ]


def test_a_fence_is_longer_than_every_fence_inside_it() -> None:
    markdown, _ = pages(example_run(text=HOSTILE))
    assert "`````diff\n" in markdown
    assert "Heading from inside" not in outside_of_fences(markdown.replace("# Heading from inside ", ""))


def outside_of_fences(markdown: str) -> str:
    """What a Markdown reader takes for prose."""
    prose, fence = [], ""
    for line in markdown.splitlines():
        opening = re.match(r"`{3,}", line)
        if fence:
            if line.startswith(fence) and set(line.strip()) == {"`"}:
                fence = ""
        elif opening:
            fence = opening[0]
        else:
            prose.append(line)
    assert not fence
    return "\n".join(prose)


def test_tables_keep_their_columns_whatever_stands_in_them() -> None:
    markdown, _ = pages(example_run(text=HOSTILE))
    rows = [line for line in outside_of_fences(markdown).splitlines() if line.startswith("| ")]
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    starts = [index for index, row in enumerate(rows) if set(row) <= set("|-: ")]
    assert len(starts) >= 7
    for begin, end in zip(starts, [*(i - 1 for i in starts[1:]), len(rows)], strict=True):
        assert len(set(widths[begin - 1 : end])) == 1


def test_many_long_changes_still_make_a_small_page(tmp_path: Path) -> None:
    run = example_run(text="x" * 3000, accepted=60)
    document = report_of(progress_of(run.entries), lambda before, after: "+" + "y & <z>" * 400 + "\n" + "+line\n" * 5000)
    html = render_html(document)
    assert len(html.encode()) < 200_000
    assert "And 20 more: <code>rsi lineage RUN</code>" in html


def test_a_long_diff_is_cut_with_a_pointer_to_the_rest() -> None:
    text = "".join(f"+line {n}\n" for n in range(100))
    short = shortened(text, lines=10, characters=10_000, name="v2")
    assert short.splitlines()[9:] == ["+line 9", "… 90 more lines: rsi diff RUN v2"]
    assert shortened(text, lines=200, characters=10_000, name="v2") == text.rstrip("\n")
    assert len(shortened("+" + "x" * 5000, lines=10, characters=10_000, name="v2")) == 200


def test_a_change_that_the_archive_has_lost_is_said_to_be_lost() -> None:
    def lost(before: CandidateId, after: CandidateId) -> str:
        raise IntegrityError("no such object")

    assert "the archive does not give this change: no such object" in render_markdown(report_of(progress_of(example_run().entries), lost))


def test_a_report_can_be_written_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write_report(write(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*") if path.is_file()}
    write_report(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*") if path.is_file()} == before


def test_a_file_that_cannot_be_written_is_the_users_to_mend_and_the_old_one_stays(tmp_path: Path) -> None:
    write_report(write(tmp_path))
    old = (tmp_path / "report.html").read_bytes()
    (tmp_path / "report.html.new").mkdir()
    with pytest.raises(UserError, match=r"report\.html cannot be written: .*; make room"):
        write_report(tmp_path)
    assert (tmp_path / "report.html").read_bytes() == old


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        write_report(tmp_path)


def test_code_stands_before_data_in_a_change_and_little_is_shown_of_data() -> None:
    data = "--- a/corpus.json\n+++ b/corpus.json\n@@ -0,0 +1,500 @@\n" + "".join(f"+data {n}\n" for n in range(500))
    code = "--- a/library.py\n+++ b/library.py\n@@ -0,0 +1,2 @@\n+def pairs(xs):\n+    return []\n"
    lines = shortened(data + code, lines=100, characters=10_000, name="v3").splitlines()
    assert lines[:5] == code.splitlines() and lines[5:8] == data.splitlines()[:3]
    assert lines[-1] == "… 487 more lines: rsi diff RUN v3" and len(lines) == 5 + 16 + 1


def test_a_changed_line_that_looks_like_the_beginning_of_a_data_file_hides_no_code() -> None:
    rows = ["--- a/solve.py", "+++ b/solve.py", "@@ -1 +1,31 @@", "--- a/x.json", "+++ b/x.json", *["+evil()"] * 30]
    assert code_first(rows) == rows
    assert code_first(["--- a/x.json.py", "+++ b/x.json.py", "@@ -0,0 +1,30 @@", *["+evil()"] * 30])[-1] == "+evil()"


def test_the_report_says_what_attacks_showed_of_the_jail_and_which_guarantee_a_weaker_one_costs() -> None:
    for form in pages(RunBuilder(proof=PROOF)):
        assert "7 attacks held (quick suite), 2 got through that this tier does not promise to hold" in form
        assert "A guarantee is lost:" in form
    for form in pages(RunBuilder(proof=replace(PROOF, tier="S2", reported=0))):
        assert "A guarantee is lost:" not in form
    jail = summary_of(progress_of(RunBuilder(proof=PROOF).entries))["jail"]
    assert jail == {"tier": "S1", "asked": "S2", "proof": encode(PROOF)}


def test_a_log_from_before_jails_were_attacked_says_that_nobody_did() -> None:
    run = RunBuilder()
    run.entries[0] = replace(run.entries[0], clock={"at": 1.0})
    assert all("nobody attacked it" in form for form in pages(run))
    spared = replace(PROOF, attacks=0, held=0, reported=0)
    assert all("no attack could be tried here" in form for form in pages(RunBuilder(proof=spared)))


def test_predictions_are_scored_and_the_report_says_whether_their_word_counts_yet() -> None:
    run = example_run()
    told = summary_of(progress_of(run.entries))["predictions"]
    assert isinstance(told, dict)
    closed = told["closed"]
    assert told["weight"] == 0 and str(told["earned"]).startswith(f"not earned yet: {closed} of 50 tests closed")
    assert {"brier", "base_brier", "crps", "base_crps", "skill", "low", "high", "crps_skill", "e_value", "table"} < told.keys()
    for page in pages(run):
        assert "What was foreseen" in page and f"not earned yet: {closed} of 50 tests closed" in page


def test_a_change_that_came_without_a_prediction_is_shown_as_such_and_scored_nowhere() -> None:
    run = RunBuilder()
    run.cycle()
    run.accept(name := run.propose(prediction=None), run.test(name))
    summary = summary_of(progress_of(run.entries))
    assert summary["predictions"] is None and '"prediction": null' in json.dumps(summary["accepted"])
    assert all("none was made" in page and "foreseen" not in page and "expected of itself" not in page for page in pages(run))


def test_a_run_without_a_closed_test_says_nothing_of_predictions() -> None:
    run = RunBuilder()
    assert summary_of(progress_of(run.entries))["predictions"] is None
    assert all("foreseen" not in page for page in pages(run))


def test_a_record_that_is_earned_is_said_with_its_weight() -> None:
    run = RunBuilder()
    for number in range(120):
        run.cycle()
        better = number % 3 == 0
        hope = Prediction(p_better=0.95 if better else 0.02, low=0.05 if better else -0.1, high=0.2 if better else 0.01)
        name = run.propose(prediction=hope, after=f"DEPTH = {number}\n")
        candidate = run.test(name)
        effect = Effect(mean=0.1 if better else -0.1, low=-0.2, high=0.2, pairs=96, wins=20 if better else 10, losses=10 if better else 20)
        verdict = Rejected(candidate=candidate, effect=effect, e_value=1.0, threshold=20.0, reason="no prospect")
        belief = Belief(p_better=float(better), p_worse=float(not better), mean=effect.mean, spread=0.02, if_better=0.1, if_worse=-0.1)
        run.add("verdict.given", {"verdict": encode(verdict), "proposal": name, "cycle": 0, "surface": "code", "belief": encode(belief)})
    skill = progress_of(run.entries).predictions
    assert skill is not None
    assert skill.closed == 120 and skill.weight == 120 / 170 and skill.low > 0
    assert all("earned: weight 0.71" in page for page in pages(run))
