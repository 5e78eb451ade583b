"""What a run cost, what went wrong in it, and how anyone can check all of it."""

from collections.abc import Iterator, Mapping

from rsi.analytics import BASELINE, ModelUse, Progress
from rsi.reports.document import Block, Bullets, Code, Facts, Figure, Heading, Mono, Paragraph, Part, Strong, Table
from rsi.reports.figures import Bar, bars
from rsi.reports.words import count, duration, enforced, one_line, percent, plural, proof_words

__all__ = ["cost_blocks", "proof_blocks"]

_LONG_STANDSTILL_S = 5.0
"""A busy machine leaves shorter gaps in the heartbeat of the judge."""

_MOST_FAILURES = 12
_NAMES = {
    "practise": "practice",
    "propose": "proposing",
    "diagnose": "diagnosing",
    "learn": "learning",
    "calibration": "calibration",
    "build": "building",
    "safety": "safety suite",
    "certificate": "certificate",
}


def cost_blocks(progress: Progress) -> Iterator[Block]:
    """Programs by purpose, time, and calls without an answer."""
    costs = progress.costs
    budget = (("Budget", count(costs.budget)),) if costs.budget else ()
    yield Heading(text="What it cost")
    yield Facts(
        items=(
            ("Programs tried", count(costs.programs)),
            *budget,
            ("Wall time", duration(costs.wall_s)),
            ("Processor time", duration(costs.cpu_s)),
            ("Resumed", plural(progress.resumed, "time") if progress.resumed else "never"),
            *_models(costs.models),
            *_heart(costs.standstill_s),
        )
    )
    if costs.models.faults:
        yield Paragraph(line=("Requests to language models that got no answer:",))
        rows = tuple((str(times), kind, one_line(reason, 160)) for kind, (times, reason) in sorted(costs.models.faults.items()))
        yield Table(header=("times", "type", "last reason"), rows=rows, numeric=frozenset({0}))
    spent = _spent(costs.purposes, costs.surfaces)
    if spent:
        rows = tuple((name, count(amount), percent(amount / max(1, costs.programs))) for name, amount in spent.items())
        yield Figure(
            svg=bars([Bar(label=name, amount=amount) for name, amount in spent.items()]),
            caption="Programs tried, by purpose; judging is told by the surface of the change under test.",
            table=Table(header=("purpose", "programs", "share"), rows=rows, numeric=frozenset({1, 2})),
        )
    yield from _failures(progress)


def _spent(purposes: Mapping[str, int], surfaces: Mapping[str, int]) -> dict[str, int]:
    judged = {"judging: the incumbent" if name == BASELINE else f"judging: {name}": spent for name, spent in sorted(surfaces.items())}
    calls = {_NAMES.get(name, name): spent for name, spent in purposes.items() if name != "judge"}
    whole = {**{k: v for k, v in calls.items() if k != "certificate"}, **judged, "certificate": calls.get("certificate", 0)}
    return {name: spent for name, spent in whole.items() if spent}


def _models(use: ModelUse) -> tuple[tuple[str, str], ...]:
    """Nothing, where no model was asked."""
    if not use.requests:
        return ()
    unpriced = f"; {plural(use.unpriced, 'answer')} of models without a known price not counted" if use.unpriced else ""
    tokens, dollars = count(use.tokens), f"${use.dollars:.2f}"
    answered = f"{plural(use.requests, 'request')}, {use.answered} answered"
    named = f" by {', '.join(map(one_line, sorted(use.names)))}" if use.names else ""
    return (("Language models", f"{answered}{named}; {plural(use.calls, 'call')}, {tokens} tokens, {dollars}{unpriced}"),)


def _heart(standstill_s: float) -> tuple[tuple[str, str], ...]:
    """A gap that no busy machine explains: somebody stopped the judge and let it go on."""
    return (("The judge stood still for", duration(standstill_s)),) if standstill_s >= _LONG_STANDSTILL_S else ()


def _failures(progress: Progress) -> Iterator[Block]:
    if not progress.failures:
        return
    yield Paragraph(line=("Calls of the agent that gave no answer (each is an outcome in the log, and the run goes on):",))
    rows = tuple((str(f.times), f.call, f.outcome, one_line(f.reason, 160)) for f in progress.failures[:_MOST_FAILURES])
    yield Table(header=("times", "call", "outcome", "reason"), rows=rows, numeric=frozenset({0}))


def _waived(progress: Progress) -> Iterator[tuple[Part, ...]]:
    """What a person gave up who let the run begin in a weaker jail than its suite asks for."""
    if progress.tier < progress.asked:
        yield (
            Strong("A guarantee is lost:"),
            f" the suite asks for a jail of tier {one_line(progress.asked, 20)}, and ",
            Mono("jail.require"),
            " let this run begin in a weaker one: nothing kept a candidate from reading hidden cases or changing files of this machine.",
        )


def _uses(progress: Progress) -> Iterator[tuple[Part, ...]]:
    """How much of the hidden cases was used, and what left the kernel because of it."""
    told = [
        f"{pool}: {plural(use.queries, 'block')} of {plural(use.cases, 'trial')}, told {plural(use.words, 'time')}"
        for pool, use in progress.uses.items()
    ]
    if told:
        sealed = progress.uses.get("sealed")
        opened = "were opened once, by the certificate" if sealed and sealed.queries else "were never opened"
        yield (
            f"Uses of hidden cases: {'; '.join(told)}. Of the judge’s, an agent is told one word per verdict and no score; the sealed "
            f"cases {opened}. ",
            Mono("rsi show RUN --ledger"),
            " lists every one.",
        )


def proof_blocks(progress: Progress) -> Iterator[Block]:
    """How to check what the report says."""
    yield Heading(text="How to check this")
    yield Paragraph(
        line=(
            "RUN is the folder of this report. Everything above is computed from its ",
            Mono("log.jsonl"),
            " and ",
            Mono("objects.git"),
            ".",
        )
    )
    yield Code(
        text="rsi verify RUN              # the chain of the log, the archive, every verdict derived again from its trials\n"
        "rsi verify RUN --rejudge 20 # the same, and 20 blocks of trials run again\n"
        "rsi lineage RUN             # every version and where it comes from\n"
        "rsi diff RUN v1             # what a version changed\n"
        "rsi show RUN --ledger       # every use of hidden cases, and what left the kernel",
        language="sh",
    )
    yield Bullets(
        items=(
            (
                "Cases of the judge and of the certificate come from secret seeds: the log’s first entry holds their SHA-256, its last one "
                "reveals them.",
            ),
            (
                "Every change was compared with the incumbent on the same cases; a decision needs evidence that stays valid however often "
                "one looks.",
            ),
            *_uses(progress),
            (f"Candidates ran in jails of tier {enforced(progress.tier)}; expected answers never entered one.",),
            (
                f"What attacks showed of that jail before the run: {proof_words(progress.proof)}; ",
                Mono("rsi doctor --attack"),
                " repeats it.",
            ),
            *_waived(progress),
            (
                f"The log has {plural(progress.entries, 'entry', 'entries')}; the run’s name is ",
                Mono(progress.run),
                f", its seed {progress.seed}.",
            ),
        )
    )
