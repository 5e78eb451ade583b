"""The report of `benchmarks.seed`: a table for the terminal, report.json, report.html with the curves, seed.svg and accepted.md."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.seed_figure import Line, draw, standalone
from benchmarks.seed_stats import Estimate
from benchmarks.seed_summary import ARMS, DIFFERENCE, curve_of, estimates, kept_by_surface
from benchmarks.seed_trials import Run, Version
from rsi.cli.folders import open_run
from rsi.core.records import CandidateId, Json
from rsi.reports.changes import change_blocks, shortened
from rsi.reports.document import Block, Card, Claim, Document, Figure, Heading, Paragraph, Table, Tone
from rsi.reports.html import render_html
from rsi.reports.markdown import render_markdown
from rsi.reports.words import count, interval, plural, points

__all__ = ["accepted_document", "report_document", "short_diff", "table", "write_all"]

_COLOURS = {False: "var(--accent)", True: "var(--soft)"}
_DATA_LINES = 12
_SOURCE_LINES = 90
_HEADER = ("seed", "arm", "programs", "minutes", "kept", "certificate", "hard: start", "release", "outside: start", "release")


def write_all(runs: Sequence[Run], folder: Path, *, cases: int, programs: int) -> None:
    """Write every file of the report into `folder`."""
    document = report_document(runs, cases=cases, programs=programs)
    (folder / "report.html").write_text(render_html(document), encoding="utf-8")
    (folder / "report.md").write_text(render_markdown(document), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(_data(runs, cases, programs), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "seed.svg").write_text(standalone(_drawing(runs, cases)), encoding="utf-8")
    (folder / "accepted.md").write_text(render_markdown(accepted_document(runs)), encoding="utf-8")


def table(runs: Sequence[Run]) -> str:
    """Runs and estimates as plain text in columns."""
    return "\n\n".join(_columns([_HEADER, *_rows(runs)]) if part == 0 else _columns(_estimate_rows(runs)) for part in range(2))


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _rows(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    return [
        (
            str(run.seed),
            ARMS[run.frozen],
            count(run.progress.costs.programs),
            f"{run.progress.costs.wall_s / 60:.1f}",
            ", ".join(f"{n} {surface}" for surface, n in sorted(kept_by_surface(run).items())) or "nothing",
            _certificate(run),
            str(run.start.solved),
            str(run.release.solved),
            _outside(run.start),
            _outside(run.release),
        )
        for run in runs
    ]


def _certificate(run: Run) -> str:
    issued = run.progress.certificate
    return "none" if issued is None else f"{points(issued.gain)} ({interval(issued.low, issued.high)})"


def _outside(version: Version) -> str:
    return "" if version.outside is None else str(sum(result.solved for result in version.outside))


def _estimate_rows(runs: Sequence[Run]) -> list[tuple[str, str, str]]:
    return [(name, *_told(name, estimate)) for name, estimate in estimates(runs).items()]


def _told(name: str, estimate: Estimate) -> tuple[str, str]:
    low, high = estimate.low, estimate.high
    if "in score" in name:
        return f"{points(estimate.mean)} points", "one seed: no interval" if low is None or high is None else interval(low, high)
    form = "+.1f" if "−" in name else ".1f"
    if low is None or high is None:
        return _number(estimate.mean, form), "one seed: no interval"
    return _number(estimate.mean, form), f"{_number(low, form)} … {_number(high, form)}"


def _number(number: float, form: str) -> str:
    return format(number, form).replace("-", "−")


def _drawing(runs: Sequence[Run], cases: int) -> str:
    curves = {frozen: curve_of(runs, frozen=frozen) for frozen in ARMS}
    lines = [Line(name=ARMS[frozen], colour=_COLOURS[frozen], dashed=frozen, points=curve) for frozen, curve in curves.items() if curve]
    return draw(lines, cases=cases, x_name="candidate programs spent by the run")


def report_document(runs: Sequence[Run], *, cases: int, programs: int) -> Document:
    """The whole report as a document."""
    seeds = len({run.seed for run in runs})
    return Document(
        title="Does it help that the improver improves?",
        subtitle=(
            f"{plural(seeds, 'run seed')}, two arms with the same budget: in the recursive arm every version goes on improving the next, "
            "in the frozen arm version 0 makes every pass, over whatever the incumbent is. Every version was then run on hard "
            f"tasks (levels 2 to 4) from a secret seed that no run has used: {cases} per run seed, the same for both arms, "
            f"{programs:,} candidate programs each. Solved means right on examples that were not shown."
        ),
        blocks=tuple(_blocks(runs, cases)),
    )


def _headline(runs: Sequence[Run], cases: int) -> Claim | None:
    """The paired difference of the arms, as the seeds show it; None without a pair."""
    found = estimates(runs)
    over_seeds, over_cases = (found.get(f"{DIFFERENCE}: hard tasks, over {what}") for what in ("seeds", "cases"))
    if over_seeds is None or over_cases is None:
        return None
    low, high = over_seeds.low, over_seeds.high
    tone = Tone.NEUTRAL if low is None or high is None or low <= 0 <= high else Tone.GOOD if low > 0 else Tone.BAD
    mean, seeds = _told(DIFFERENCE, over_seeds)
    return Claim(
        label=f"{DIFFERENCE}, hard tasks of {cases}",
        headline=f"{mean} ({seeds})",
        detail=f"Mean difference of the releases with its 95 % interval over {plural(over_seeds.n, 'run seed')} (Student’s t, paired); "
        f"{_told(DIFFERENCE, over_cases)[1]} over cases (bootstrap, paired).",
        tone=tone,
    )


def _blocks(runs: Sequence[Run], cases: int) -> Iterator[Block]:
    if claim := _headline(runs, cases):
        yield claim
    yield Heading(text="Hard tasks solved against programs spent")
    yield Figure(
        svg=_drawing(runs, cases),
        caption=f"Mean over run seeds of {cases} fresh hard tasks, with Student’s 95 % interval over seeds; a version counts from the "
        "moment it became the incumbent, up to the whole budget.",
        table=_curve_table(runs),
    )
    yield Heading(text="What follows from it")
    header = ("what", "mean", "95 % interval")
    yield Table(header=header, rows=tuple(_estimate_rows(runs)), numeric=frozenset({1, 2}))
    yield Paragraph(
        line=(
            "Over seeds: Student’s t, paired by run seed; says what other runs would show. Over cases: bootstrap of cases within "
            "their seed, paired by case; says what other cases would show of these runs. Certificates are in points of score on each "
            "run’s own sealed cases of all four levels, everything else in tasks. There is no correction for looking at several rows.",
        ),
        quiet=True,
    )
    yield Heading(text="The runs")
    yield Table(header=_HEADER, rows=tuple(_rows(runs)), numeric=frozenset({0, 2, 3, 6, 7, 8, 9}))


def _curve_table(runs: Sequence[Run]) -> Table:
    rows = tuple(
        (str(run.seed), ARMS[run.frozen], f"v{version.number}", version.surface or "start", count(version.programs), str(version.solved))
        for run in runs
        for version in run.versions
    )
    return Table(header=("seed", "arm", "version", "surface", "from", "solved"), rows=rows, numeric=frozenset({0, 4, 5}))


def accepted_document(runs: Sequence[Run]) -> Document:
    """Every change that was kept in the recursive arm with its diff."""
    chosen = [run for run in runs if not run.frozen]
    total = sum(len(run.versions) - 1 for run in chosen)
    return Document(
        title="Every change that was kept",
        subtitle=(
            f"{plural(total, 'change')} in {plural(len(chosen), 'default run')}: what each answers, its reason, what it predicted of "
            "itself, what was measured on the cases by which it was accepted (which tends to flatter), and its diff. Data files are cut "
            "short, and so are long diffs; “rsi diff” shows all of it."
        ),
        blocks=tuple(block for run in chosen for block in _accepted(run)),
    )


def _accepted(run: Run) -> Iterator[Block]:
    yield Heading(text=f"Run seed {run.seed}: {plural(len(run.versions) - 1, 'change')}")
    told = f"{run.start.solved} fresh hard tasks solved by version 0, {run.release.solved} by the release; certificate {_certificate(run)}."
    yield Paragraph(line=(told,))
    names = {version.candidate: f"v{version.number}" for version in run.versions}
    with open_run(run.folder) as opened:

        def diff(before: CandidateId, after: CandidateId) -> str:
            return short_diff(opened.archive.diff(before, after), names[after])

        yield from (block for block in change_blocks(run.progress, diff) if isinstance(block, Card))


def short_diff(diff: str, name: str) -> str:
    """A diff with sources first and nearly whole, and a few lines of each data file; `name` is the version that it leads to."""
    files: list[list[str]] = []
    for new, lines in groupby(diff.splitlines(keepends=True), key=lambda line: line.startswith("--- ")):
        if new:
            files += [[line] for line in lines]
        elif files:
            files[-1].extend(lines)
    texts = ["".join(lines) for lines in files]
    return "\n".join(_short_file(text, name) for text in sorted(texts, key=_is_source, reverse=True))


def _short_file(text: str, name: str) -> str:
    return shortened(text, lines=_SOURCE_LINES if _is_source(text) else _DATA_LINES, characters=20_000, name=name)


def _is_source(text: str) -> bool:
    return any(line.rstrip().endswith(".py") for line in text.splitlines()[:2])


def _data(runs: Sequence[Run], cases: int, programs: int) -> Json:
    return {
        "cases": cases,
        "programs": programs,
        "estimates": {name: _plain(estimate) for name, estimate in estimates(runs).items()},
        "curves": {ARMS[f]: [{"x": p.x, **_plain(p.value)} for p in curve_of(runs, frozen=f)] for f in ARMS},
        "runs": [_run_data(run) for run in runs],
    }


def _plain(estimate: Estimate) -> dict[str, Json]:
    return {"mean": estimate.mean, "low": estimate.low, "high": estimate.high, "n": estimate.n}


def _run_data(run: Run) -> Json:
    issued = run.progress.certificate
    return {
        "seed": run.seed,
        "arm": ARMS[run.frozen],
        "run": run.progress.run,
        "programs": run.progress.costs.programs,
        "wall_s": run.progress.costs.wall_s,
        "cpu_s": run.progress.costs.cpu_s,
        "cycles": len(run.progress.cycles),
        "proposals": len(run.progress.attempts),
        "kept": dict(kept_by_surface(run)),
        "certificate": None if issued is None else {"gain": issued.gain, "low": issued.low, "high": issued.high},
        "versions": [_version_data(version) for version in run.versions],
    }


def _version_data(version: Version) -> Json:
    families = sorted({result.family for result in version.hard})
    return {
        "number": version.number,
        "candidate": version.candidate,
        "surface": version.surface,
        "programs": version.programs,
        "hard": version.solved,
        "families": {family: sum(r.solved for r in version.hard if r.family == family) for family in families},
        "outside": None if version.outside is None else sum(result.solved for result in version.outside),
    }
