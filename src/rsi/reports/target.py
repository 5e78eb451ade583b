"""What a run on a target was about, and its result in the units of the target's own metric."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rsi.analytics import Progress
from rsi.core.records import Certificate, Json
from rsi.kernel.judge import Credit
from rsi.reports.document import Block, Bullets, Facts, Heading, Line, Mono, Paragraph, Strong, Table
from rsi.reports.words import count, one_line, points

__all__ = ["Metric", "agent_blocks", "agents_data", "certified_words", "metric_of", "models_data", "target_blocks", "target_data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How a target is measured; scores of a run are in [0, 1], and higher is better."""

    name: str
    is_more_better: bool
    low: float
    high: float

    @property
    def direction(self) -> str:
        """Which way is better, in words."""
        return "more is better" if self.is_more_better else "less is better"

    def value(self, score: float) -> float:
        """A score of the run in the units of the metric."""
        share = score if self.is_more_better else 1.0 - score
        return self.low + share * (self.high - self.low)

    def change(self, gain: float) -> float:
        """A difference of scores in the units of the metric."""
        return gain * (self.high - self.low) * (1 if self.is_more_better else -1)


def metric_of(progress: Progress) -> Metric | None:
    """The metric of the run's target; None where an agent improves itself."""
    told = progress.target.get("metric") if isinstance(progress.target, dict) else None
    if not isinstance(told, dict):
        return None
    low, high = (float(value) if isinstance(value := told.get(name), int | float) else end for name, end in (("low", 0.0), ("high", 1.0)))
    return Metric(name=one_line(str(told.get("name")), 80), is_more_better=told.get("direction") != "min", low=low, high=high)


def target_blocks(progress: Progress) -> Iterator[Block]:
    """The target: what it is, how it is measured, what nobody may change; guarantees that it cannot give."""
    told, metric = progress.target, metric_of(progress)
    if not isinstance(told, dict) or metric is None:
        return
    yield Heading(text="The target")
    brief = one_line(str(told.get("brief") or ""), 1_000)
    name, kind = one_line(str(told.get("name")), 60), one_line(str(told.get("kind")), 20)
    yield Paragraph(line=(Strong(name), f", a target of the kind {kind}. {brief}"))
    yield Paragraph(line=(_measured(progress, metric),))
    yield _surfaces(told)
    hashes = told.get("hashes")
    if isinstance(hashes, dict) and hashes:
        rows = tuple((one_line(path, 120), str(name)[:64]) for path, name in sorted(hashes.items()))
        yield Table(header=("protected, and files that score or hold cases", "SHA-256"), rows=rows)
    lost = told.get("lost")
    for words in lost if isinstance(lost, list) else []:
        yield Paragraph(line=(Strong("Lost guarantee:"), f" {one_line(str(words), 500)}"))


def _measured(progress: Progress, metric: Metric) -> str:
    scale = (
        f"{metric.low:g} to {metric.high:g} of it are scores of 0 to 100 % here"
        if metric.is_more_better
        else (f"{metric.high:g} down to {metric.low:g} of it are scores of 0 to 100 % here")
    )
    words = f"It is measured by {metric.name}, {metric.direction}; {scale}, and what lies beyond is cut off."
    certificate = progress.certificate
    return words if certificate is None else f"{words} {certified_words(metric, certificate)}"


def certified_words(metric: Metric, certificate: Certificate) -> str:
    """The certificate in the units of the metric."""
    start, release = metric.value(certificate.start_score), metric.value(certificate.release_score)
    ends = sorted((metric.change(certificate.low), metric.change(certificate.high)))
    change = metric.change(certificate.gain)
    return (
        f"On the sealed cases the start has {start:.4g} and the release {release:.4g}: {change:+.3g} ({ends[0]:+.3g} … {ends[1]:+.3g})."
    ).replace("-", "−")


def _surfaces(told: Mapping[str, Json]) -> Bullets:
    surfaces = told.get("surfaces")
    items: list[Line] = [
        ("may be edited, ", one_line(surface, 20), ": ", Mono(_globs(globs)))
        for surface, globs in (surfaces.items() if isinstance(surfaces, dict) else [])
    ]
    if told.get("protected"):
        items.append(("never edited: ", Mono(_globs(told.get("protected")))))
    case = told.get("case")
    if isinstance(case, dict) and case:
        how, what = next(iter(case.items()))
        items.append((f"a case runs the {how} ", Mono(_globs(what) if isinstance(what, list) else one_line(str(what), 200))))
    return Bullets(items=tuple(items))


def _globs(globs: Json) -> str:
    return one_line(" ".join(map(str, globs)) if isinstance(globs, list) else "", 300)


def agent_blocks(progress: Progress) -> Iterator[Block]:
    """What each agent, and each outsider, has brought and cost; nothing where an agent improves itself."""
    if not progress.agents:
        return
    yield Heading(text="Who made the changes")
    rows = tuple(
        (one_line(name, 60), str(one.passes), str(one.changes), str(one.kept), points(one.gain), count(one.programs))
        for name, one in progress.agents.items()
    )
    header = ("agent", "passes", "changes judged", "kept", "believed gain", "programs")
    yield Table(header=header, rows=rows, numeric=frozenset({1, 2, 3, 4, 5}))
    yield Paragraph(
        line=(
            "The gain is what the judge believes of the changes that were kept, in points; programs are those of the agent’s passes and of "
            "the trials of its changes. By both, the next pass was given to one agent or another.",
        ),
        quiet=True,
    )
    models = progress.models
    if models.calls:
        named = ", ".join(f"{one_line(name, 60)} {times}" for name, times in sorted(models.names.items()))
        cost = f", {models.dollars:.4f} dollars" if models.dollars else ""
        yield Facts(items=(("Calls to models", f"{models.calls} ({named})"), ("Tokens", f"{models.tokens:,}{cost}")))


def target_data(progress: Progress) -> Json:
    """The target as the log has it, with the certificate in its units; null where an agent improves itself."""
    told, metric, certificate = progress.target, metric_of(progress), progress.certificate
    if not isinstance(told, dict) or metric is None:
        return None
    result: Json = None
    if certificate is not None:
        ends: list[Json] = [*sorted((metric.change(certificate.low), metric.change(certificate.high)))]
        result = {
            "start": metric.value(certificate.start_score),
            "release": metric.value(certificate.release_score),
            "change": metric.change(certificate.gain),
            "interval": ends,
        }
    return {**told, "certified": result}


def agents_data(progress: Progress) -> Json:
    """What each agent has brought and cost, by name; null where an agent improves itself."""
    return {name: _credit(one) for name, one in progress.agents.items()} if progress.agents else None


def _credit(one: Credit) -> Json:
    return {"passes": one.passes, "changes": one.changes, "kept": one.kept, "gain": one.gain, "programs": one.programs}


def models_data(progress: Progress) -> Json:
    """Calls to language models; null where there were none."""
    models = progress.models
    if not models.calls:
        return None
    return {"calls": models.calls, "models": dict(models.names), "tokens": models.tokens, "dollars": models.dollars}
