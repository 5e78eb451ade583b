"""What was tried: the curve, each change that was kept with its diff, and the others by surface and reason."""

from collections import Counter
from collections.abc import Callable, Iterator

from rsi.analytics import Attempt, Fate, Incumbent, Progress
from rsi.core.errors import IntegrityError
from rsi.core.records import CandidateId, Verdict
from rsi.kernel.judge import Belief
from rsi.reports.diffs import code_first
from rsi.reports.document import Block, Card, Code, Figure, Heading, Mono, Paragraph, Strong, Table
from rsi.reports.figures import Reach, Step, reaches, steps
from rsi.reports.words import belief_words, interval, one_line, percent, plain_lines, plural, points

__all__ = ["Diff", "change_blocks", "curve_blocks", "other_blocks", "shortened"]

Diff = Callable[[CandidateId, CandidateId], str]
"""The unified diff from one candidate to another; IntegrityError where the archive does not have them."""

_MOST_CARDS = 40
_MOST_LINES = 100
_DIFF_CHARACTERS = 70_000
_LINE_CHARACTERS = 200
_MOST_REASONS = 25


def curve_blocks(progress: Progress) -> Iterator[Block]:
    """Capability over cycles, on cases that had no part in any acceptance."""
    known = [version for version in progress.incumbents if version.capability is not None]
    if not known:
        return
    yield Heading(text="Capability while it ran")
    yield Paragraph(
        line=(
            "The share of judge cases that each version solved, counted only on cases that were first opened after it had become the "
            "incumbent: never on those that led to its acceptance. Intervals are Wilson’s, 95 %, one version at a time.",
        )
    )
    yield Figure(
        svg=_curve(progress, known),
        caption="Capability per cycle, with intervals; each version stands at the cycle that proposed it.",
        table=_curve_table(known),
    )
    if unmeasured := [_name(version.number) for version in progress.incumbents if version.capability is None]:
        yield Paragraph(line=(f"Not run on any fresh case: {', '.join(unmeasured)}.",), quiet=True)


def _place(version: Incumbent, progress: Progress) -> float:
    """Where a version begins on the axis of cycles; those of one cycle stand side by side in it."""
    if version.cycle is None:
        return 0.0
    mates = [other.number for other in progress.incumbents if other.cycle == version.cycle]
    return version.cycle + 1 + mates.index(version.number) / (len(mates) + 1)


def _curve(progress: Progress, known: list[Incumbent]) -> str:
    curve = [
        Step(x=_place(v, progress), label=_name(v.number), mean=v.capability.mean, low=v.capability.low, high=v.capability.high)
        for v in known
        if v.capability is not None
    ]
    curve.sort(key=lambda step: step.x)
    end = max([step.x for step in curve] + [float(cycle.index + 1) for cycle in progress.cycles]) + 1
    return steps(curve, end=end, x_name=f"cycles 1 to {len(progress.cycles)}" if progress.cycles else "before the first cycle")


def _curve_table(known: list[Incumbent]) -> Table:
    rows = tuple(
        (
            _name(version.number),
            "" if version.cycle is None else str(version.cycle + 1),
            percent(version.capability.mean),
            f"{percent(version.capability.low)} … {percent(version.capability.high)}",
            str(version.capability.cases),
            ", ".join(f"{family} {percent(capability.mean)}" for family, capability in version.families.items()),
        )
        for version in known
        if version.capability is not None
    )
    header = ("version", "cycle", "capability", "95 % interval", "fresh cases", "by family")
    return Table(header=header, rows=rows, numeric=frozenset({1, 2, 3, 4}))


def _name(number: int) -> str:
    return "start" if number == 0 else f"v{number}"


def change_blocks(progress: Progress, diff: Diff) -> Iterator[Block]:
    """Every change that was kept."""
    kept = list(progress.kept)
    yield Heading(text=f"What was kept: {plural(len(kept), 'change')}")
    if not kept:
        yield Paragraph(line=("Nothing. The release is the start." if not progress.removals else "Nothing.",))
        return
    yield Paragraph(
        line=(
            "The estimate by which a change was accepted flatters it, so none is told. What stands here is what is believed of each effect "
            "after all tests of the run, which shrinks it accordingly; what all of them are worth together is the certificate’s to say.",
        ),
        quiet=True,
    )
    if figure := _effects(kept):
        yield figure
    lines = max(12, min(_MOST_LINES, 1200 // len(kept)))
    before = {v.number: progress.incumbents[v.number - 1].candidate for v, _ in kept}
    for version, attempt in kept[:_MOST_CARDS]:
        text = _diff(diff, before[version.number], version.candidate)
        short = shortened(text, lines=lines, characters=_DIFF_CHARACTERS // min(len(kept), _MOST_CARDS), name=_name(version.number))
        yield _card(version, attempt, short)
    if len(kept) > _MOST_CARDS:
        yield Paragraph(line=(f"And {len(kept) - _MOST_CARDS} more: ", Mono("rsi lineage RUN"), " lists all of them."))


def _effects(kept: list[tuple[Incumbent, Attempt]]) -> Figure | None:
    known = [(v, a, a.belief, a.prediction) for v, a in kept if a.belief is not None and a.prediction is not None]
    rows = [
        Reach(
            label=f"{_name(v.number)} · {a.proposal.surface.value}",
            predicted=(guess.low, guess.high),
            mean=belief.mean,
            measured=_likely(belief),
        )
        for v, a, belief, guess in known[:_MOST_CARDS]
    ]
    if not rows:
        return None
    cells = tuple((r.label, interval(*r.predicted), points(r.mean), interval(*r.measured)) for r in rows)
    header = ("change", "predicted (80 %)", "believed", "80 %")
    return Figure(
        svg=reaches(rows),
        caption="What each change expected of itself (pale, its 80 % interval) and what is believed of it (dot and 80 % line), in points.",
        table=Table(header=header, rows=cells, numeric=frozenset({1, 2, 3})),
    )


def _card(version: Incumbent, attempt: Attempt, diff: str) -> Card:
    belief = attempt.belief
    limitation = attempt.limitation.text if attempt.limitation else attempt.proposal.limitation
    blocks: list[Paragraph | Code] = [
        Paragraph(line=(Strong("Limitation"), " ", one_line(limitation, 500) or "none was named")),
        Paragraph(line=(Strong("Reason"), " ", one_line(attempt.proposal.reason, 700) or "none was given")),
        Paragraph(line=(Strong("Prediction"), " ", _prediction(attempt))),
    ]
    if attempt.by:
        blocks.insert(0, Paragraph(line=(Strong("By"), " ", one_line(attempt.by, 80))))
    if belief is not None and attempt.verdict is not None:
        blocks.append(Paragraph(line=(Strong("Believed"), " ", _evidence(belief, attempt.verdict, is_raced=attempt.certified is None))))
    if attempt.certified is not None:
        blocks.append(Paragraph(line=(Strong("Ablated"), " ", _ablated(attempt))))
    blocks.append(Code(text=diff, language="diff"))
    return Card(
        title=f"{_name(version.number)}, cycle {attempt.cycle + 1}",
        tag=attempt.proposal.surface.value,
        badge=f"{points(belief.mean)} points" if belief else "",
        blocks=tuple(blocks),
    )


def _prediction(attempt: Attempt) -> str:
    told = attempt.prediction
    if told is None:
        return "none was made"
    text = f"better with probability {percent(told.p_better)}, by {interval(told.low, told.high)} points"
    if attempt.belief is None:
        return text
    mean = attempt.belief.mean
    return f"{text}: {'too low' if mean > told.high else 'too high' if mean < told.low else 'it came out within that'}"


def _likely(belief: Belief) -> tuple[float, float]:
    """The 80 % interval of a belief, taken as normal."""
    half = 1.2816 * belief.spread
    return belief.mean - half, belief.mean + half


def _ablated(attempt: Attempt) -> str:
    """How a change was kept at the end of a tree."""
    others = len(attempt.step) - 1
    along = f", together with {plural(others, 'earlier change')} of its lineage without which it does not merge" if others else ""
    sure = "certified at the false-discovery rate of the run" if attempt.certified else "not certified"
    return f"switched on and off on the root of the tree{along}; {sure}"


def _evidence(belief: Belief, verdict: Verdict, *, is_raced: bool) -> str:
    e_value = f"{verdict.e_value:,.0f}" if verdict.e_value < 1e6 else f"{verdict.e_value:.1e}"
    pairs = plural(verdict.effect.pairs, "case")
    asked = f" where {verdict.threshold:,.0f} was asked" if is_raced else ""
    return f"{belief_words(belief)}; evidence {e_value} after {pairs}{asked}"


def _diff(diff: Diff, before: CandidateId, after: CandidateId) -> str:
    try:
        return diff(before, after)
    except IntegrityError as error:
        return f"(the archive does not give this change: {error})"


def shortened(text: str, *, lines: int, characters: int, name: str) -> str:
    """A diff of at most so many lines and characters, code before data and little of data; its last line says how to see the rest."""
    every = plain_lines(text).rstrip("\n").split("\n")
    kept: list[str] = []
    room = characters
    for row in code_first(every)[:lines]:
        line = row if len(row) <= _LINE_CHARACTERS else row[: _LINE_CHARACTERS - 1] + "…"
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    if len(kept) < len(every):
        kept.append(f"… {len(every) - len(kept)} more lines: rsi diff RUN {name}")
    return "\n".join(kept)


def other_blocks(progress: Progress) -> Iterator[Block]:
    """Proposals that were not kept, by surface and by reason."""
    attempts = list(progress.proposed)
    if not attempts:
        return
    yield Heading(text="What was tried, by surface")
    yield _surfaces(attempts)
    reasons = Counter((a.proposal.surface.value, a.fate.value, one_line(a.reason, 160)) for a in attempts if a.reason)
    if reasons:
        yield Paragraph(line=("Why proposals were not kept, most frequent first:",))
        rows = tuple((str(n), surface, fate, reason) for (surface, fate, reason), n in reasons.most_common(_MOST_REASONS))
        yield Table(header=("times", "surface", "became", "reason"), rows=rows, numeric=frozenset({0}))
        if len(reasons) > _MOST_REASONS:
            yield Paragraph(line=(f"{len(reasons) - _MOST_REASONS} rarer reasons are left out.",), quiet=True)


def _surfaces(attempts: list[Attempt]) -> Table:
    surfaces = sorted({attempt.proposal.surface.value for attempt in attempts})
    waiting = {Fate.WAITING, Fate.TESTING}
    rows = []
    for surface in surfaces:
        fates = Counter(attempt.fate for attempt in attempts if attempt.proposal.surface.value == surface)
        decided = (fates[Fate.ACCEPTED], fates[Fate.REJECTED], fates[Fate.UNDECIDED], fates[Fate.REFUSED])
        told = (*decided, sum(fates[f] for f in waiting), fates[Fate.REMOVED])
        rows.append((surface, str(fates.total()), *map(str, told)))
    header = ("surface", "proposed", "kept", "rejected", "undecided", "refused", "open", "taken out again")
    return Table(header=header, rows=tuple(rows), numeric=frozenset(range(1, 8)))
