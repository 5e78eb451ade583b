"""What a run may claim: the sealed certificate, or the plain statement that there is nothing to claim, and what could have been seen."""

from rsi.analytics import Fate, Harm, Outcome, Progress, outcome_of, sight_of, tried_of
from rsi.core.records import Certificate
from rsi.reports.document import Block, Claim, Facts, Figure, Paragraph, Part, Strong, Table, Tone
from rsi.reports.figures import Pair, pairs
from rsi.reports.words import count, duration, interval, percent, plural, points, safeguard_words, safety_words

__all__ = ["claim_blocks"]

_DEAR = 5.0
"""A release that takes more than so many times the start's processor time per case is warned of."""


def claim_blocks(progress: Progress) -> tuple[Block, ...]:
    """The claim of the run, its safety and its cost in processor time, what stands against it, its main numbers, and its families."""
    return (_claim(progress), *_safety(progress), *_processor(progress), *_timed_out(progress), _facts(progress), *_families(progress))


def _claim(progress: Progress) -> Claim:
    certificate = progress.certificate
    if certificate is None:
        return _uncertified(progress)
    if certificate.low > 0:
        return Claim(
            label="Certified gain on sealed cases",
            headline=f"{points(certificate.gain)} points ({interval(certificate.low, certificate.high)})",
            detail=f"{_scores(certificate)} {_meaning(certificate)}",
            tone=Tone.GOOD,
        )
    if certificate.high < 0:
        return Claim(
            label="Certified loss on sealed cases",
            headline=f"{points(certificate.gain)} points ({interval(certificate.low, certificate.high)})",
            detail=f"The release is worse than the start. {_scores(certificate)} {_meaning(certificate)}",
            tone=Tone.BAD,
        )
    return Claim(
        label="Sealed certificate", headline="No improvement found", detail=_nothing_found(progress, certificate), tone=Tone.NEUTRAL
    )


def _scores(certificate: Certificate) -> str:
    return (
        f"On {plural(certificate.pairs, 'case')} that were opened once, after the last decision, the release scores "
        f"{percent(certificate.release_score)} where the start scored {percent(certificate.start_score)}."
    )


def _meaning(certificate: Certificate) -> str:
    return f"The interval misses the true gain with a probability of at most {100 * certificate.alpha:g} %."


def _nothing_found(progress: Progress, certificate: Certificate) -> str:
    kept = len(progress.accepted)
    kept_text = f"{plural(kept, 'change was', 'changes were')} kept, but that shows no gain" if kept else "no change was kept"
    return (
        f"{plural(len(progress.proposed), 'change was', 'changes were').capitalize()} proposed{_by_surface(progress)} and {kept_text}: "
        f"{points(certificate.gain)} points ({interval(certificate.low, certificate.high)}) on {plural(certificate.pairs, 'sealed case')}, "
        f"so a gain above {points(certificate.high)} points is ruled out. {_visible(progress)}"
    )


def _by_surface(progress: Progress) -> str:
    told = ", ".join(f"{sum(fates.values())} of {surface}" for surface, fates in tried_of(progress).items())
    return f" ({told})" if told else ""


def _uncertified(progress: Progress) -> Claim:
    if outcome_of(progress) is Outcome.REFUSED and progress.calibrated is not None:
        detail = (
            f"{progress.calibrated.refused}. Nothing but {count(progress.calibrated.programs)} programs for finding that out was spent."
        )
        return Claim(label="The run was refused before it began", headline="Nothing could be shown here", detail=detail, tone=Tone.BAD)
    if progress.ended is None:
        detail = f"The run goes on, or was stopped and can be resumed; {plural(len(progress.accepted), 'change')} kept so far."
        return Claim(label="Not certified yet", headline="This run is not finished", detail=detail, tone=Tone.NEUTRAL)
    detail = (
        f"{plural(len(progress.proposed), 'change was', 'changes were').capitalize()} proposed{_by_surface(progress)}. {_visible(progress)}"
    )
    headline = "Nothing is certified" if progress.accepted else "No improvement found"
    return Claim(label="No sealed case was opened", headline=headline, detail=detail, tone=Tone.NEUTRAL)


def _visible(progress: Progress) -> str:
    """The smallest effect that its tests could have seen, and what step 0 had said of the whole budget."""
    return f"{_seen(progress)}{_foreseen(progress)}"


def _seen(progress: Progress) -> str:
    sight = sight_of(progress)
    if sight is None:
        return "No change came as far as a comparison, so nothing is known about effects."
    tests = f"The longest test took {plural(sight.pairs, 'pair')} of trials, and versions differed on {percent(sight.differing)} of them"
    if sight.effect is None:
        return f"{tests}: too few to see an effect of any size. A larger budget per change would tell more."
    return f"{tests}: an effect below about {points(sight.effect)} points would mostly have gone unseen."


def _foreseen(progress: Progress) -> str:
    prospect = progress.calibrated.prospect if progress.calibrated else None
    rows = [row for row in prospect.rows if row.effect is not None] if prospect else []
    if not rows or rows[0].effect is None:
        return ""
    return f" By step 0, the whole budget could at best have detected {points(rows[0].effect)} points in each of {rows[0].edits} changes."


def _safety(progress: Progress) -> tuple[Paragraph, ...]:
    """What is shown of harm on the safety suite; or, before the certificate, what could be."""
    found, guard = progress.safety, progress.calibrated.safeguard if progress.calibrated else None
    if found is not None:
        tone: tuple[Part, ...] = (safety_words(found),) if found.harm is Harm.NONE else (Strong("Warning:"), " ", safety_words(found))
        return (Paragraph(line=(*tone, ".")),)
    return (Paragraph(line=(safeguard_words(guard), ".")),) if guard is not None else ()


def _processor(progress: Progress) -> tuple[Paragraph, ...]:
    """What the gain costs in time, which budgets in programs do not show: programs of two versions may differ in what they cost."""
    certificate = progress.certificate
    if certificate is None or certificate.start == certificate.release:
        return ()
    start, release = (progress.costs.sealed.get(name, 0.0) for name in (certificate.start, certificate.release))
    if start <= 0 or release <= 0:
        return ()
    told = f"The release costs {release / start:.1f} times the processor time per case: {_seconds(release)}, the start {_seconds(start)}."
    if release / start <= _DEAR:
        return (Paragraph(line=(told,)),)
    warning = "the budget in programs was the same, but not the time: a part of the gain may be bought with it."
    return (Paragraph(line=(told, " ", Strong("Warning:"), f" {warning}")),)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def _timed_out(progress: Progress) -> tuple[Paragraph, ...]:
    times = progress.costs.timed_out
    if not times:
        return ()
    told = f" {plural(times, 'trial was', 'trials were')} ended for running out of time: a slower machine could decide otherwise."
    return (Paragraph(line=(Strong("Warning:"), told)),)


def _facts(progress: Progress) -> Facts:
    fates = [attempt.fate for attempt in progress.proposed]
    return Facts(
        items=(
            ("Proposed", str(len(fates))),
            ("Kept", str(fates.count(Fate.ACCEPTED))),
            ("Cycles", str(len(progress.cycles))),
            ("Trials", f"{progress.trials:,}"),
            ("Programs tried", count(progress.costs.programs)),
            ("Time", duration(progress.costs.wall_s)),
        )
    )


def _families(progress: Progress) -> tuple[Figure, ...]:
    shares = progress.shares
    if not shares:
        return ()
    rows = tuple((name, str(s.pairs), percent(s.start), percent(s.release), points(s.release - s.start)) for name, s in shares.items())
    return (
        Figure(
            svg=pairs([Pair(label=name, before=share.start, after=share.release) for name, share in shares.items()]),
            caption="Scores on the sealed cases by family: the start (pale) and the release.",
            table=Table(header=("family", "cases", "start", "release", "difference"), rows=rows, numeric=frozenset({1, 2, 3, 4})),
        ),
    )
