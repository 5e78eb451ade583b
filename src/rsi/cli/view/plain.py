"""A run told line by line: one readable line for each thing worth knowing, without control codes."""

from collections.abc import Callable, Mapping

from rsi.analytics import Attempt, Progress
from rsi.cli.view.state import RunState
from rsi.cli.view.text import clean, count, duration, effect, evidence, guess_words, percent
from rsi.core.protocols import Entry
from rsi.core.records import Accepted, Json
from rsi.reports.words import belief_words, calibration_words, course_words, enforced, plural, proof_words, retest_words, safety_words

__all__ = ["PlainView", "tell", "what"]


class PlainView:
    """Says each noteworthy entry as one line `  m:ss  words`; time counts from the start of the run.

    Attributes:
        state: the run after the entries seen so far.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """Give each line to `say`."""
        self.state = RunState()
        self._say = say

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        self.state.take(entry)
        line = tell(self.state, entry)
        if line is not None and self.state.progress is not None:
            self._say(f"{duration(self.state.progress.costs.wall_s):>7}  {line}")

    def __enter__(self) -> "PlainView":
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to clean up."""


def tell(state: RunState, entry: Entry) -> str | None:
    """One line about an entry that `state` has just taken; None if it is not worth one."""
    words, progress = _WORDS.get(entry.kind), state.progress
    if words is None or progress is None or not isinstance(entry.body, dict):
        return None
    return words(state, progress, entry.body)


def what(attempt: Attempt, width: int = 110) -> str:
    """A proposal in a few words: its surface and its reason."""
    return f"{attempt.proposal.surface.value}: {clean(attempt.proposal.reason, width)}"


def _started(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    frozen = "" if progress.improves else ", its improver frozen at version 0"
    budget = f", budget {count(progress.costs.budget)} programs" if progress.costs.budget else ""
    on = f", target {clean(progress.target.get('name'), 40)}" if isinstance(progress.target, dict) else ""
    who = f"run {clean(progress.run, 20)}: agent {clean(progress.agent, 40)}{on}"
    return f"{who}, seed {progress.seed}{budget}{frozen}, jail {enforced(progress.tier)}, {proof_words(progress.proof)}"


def _resumed(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    return f"taken up again with {count(progress.costs.programs)} programs spent so far"


def _job(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    who = f"{clean(body.get('agent'), 30)}'s" if body.get("agent") else "the agent's"
    if body.get("outcome") == "answered":
        return f"{who} {clean(body.get('call'), 20)}: {clean(body['why'], 300)}" if "why" in body else None
    reason = str(body.get("reason")).partition("Traceback (most recent call last)")[0]  # the log has all of it
    return f"{who} {clean(body.get('call'), 20)} gave no answer ({clean(body.get('outcome'), 20)}): {clean(reason, 240)}"


def _calibrated(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    found = progress.calibrated
    if found is None:
        return None
    why = f"; REFUSED: {clean(found.refused, 300)}" if found.refused and found.calibration else ""
    return f"step 0: {clean(calibration_words(found), 300)}{why}"


def _course(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    return None if progress.course is None else f"course: {course_words(progress.course)}"


def _joined(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    attempt = state.attempt(body.get("proposal"))
    return None if attempt is None else f"a child of {clean(body.get('parent'), 13)} joins the tree: {what(attempt)}"


def _ablated(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    steps = body.get("steps")
    told = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    kept = sum(step.get("kept") is True for step in told)
    return f"the best lineage was ablated: {kept} of {len(told)} steps are certified and kept"


def _called(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    """The first request of each kind that got no answer: a wrong key is worth a line, a hundred refusals because of it are not."""
    kind, reason = str(body.get("outcome", "answered")), body.get("reason")
    times, _ = progress.costs.models.faults.get(kind, (0, ""))
    return f"no answer of a language model ({clean(kind, 20)}): {clean(reason, 200)}" if times == 1 and isinstance(reason, str) else None


def _cycle(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    cycle = progress.cycles[-1]
    solved = f" practice: {state.practice[-1].solved} of {state.practice[-1].tasks} solved;" if state.practice else ""
    by, score = body.get("agent"), state.practised
    if isinstance(by, str):
        solved = f" {clean(by, 30)}, practice {percent(score)};" if score is not None else f" {clean(by, 30)};"
    found = len(cycle.limitations)
    first = f", first: {clean(cycle.limitations[0].text, 90)}" if found else ""
    return f"cycle {cycle.index + 1}:{solved} {found} limitation{'' if found == 1 else 's'} found{first}"


def _arrived(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    items = body.get("items")
    names = [clean(item.get("by"), 50) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return f"handed in from outside: {plural(len(names), 'change')} ({', '.join(names[:5])})" if names else None


def _refused(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    attempt = state.attempt(body.get("proposal"))
    return f"refused {what(attempt) if attempt else 'a proposal'}: {clean(body.get('reason'))}"


def _malformed(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    return f"refused a malformed proposal: {clean(body.get('reason'))}"


def _trying(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    attempt = state.attempt(body.get("proposal"))
    if attempt is None:
        return None
    if attempt.removes is not None:
        return f"testing again {what(attempt)}"
    return f"trying {what(attempt)} (its own guess: {guess_words(attempt.prediction)})"


def _verdict(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    attempt = state.attempt(body.get("proposal"))
    if attempt is None or attempt.verdict is None:
        return None
    verdict, belief = attempt.verdict, attempt.belief
    if attempt.removes is not None:
        return f"{what(attempt)} {clean(retest_words(attempt), 200)}"
    pairs = plural(verdict.effect.pairs, "pair")
    measured = f"believed {belief_words(belief)}, after {pairs}" if belief else pairs
    if isinstance(verdict, Accepted):
        needed = f"needed {evidence(verdict.threshold)}" if attempt.certified is None else _ABLATED[attempt.certified]
        return f"KEPT {what(attempt)} — {measured}; evidence {evidence(verdict.e_value)}, {needed}"
    return f"{type(verdict).__name__.lower()} {what(attempt)} — {clean(attempt.reason)}; {measured}"


def _promoted(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    goes_on = "it goes on improving itself" if progress.improves else "version 0 goes on proposing"
    if progress.target:
        goes_on = "it is improved from here on"
    return f"version {progress.incumbents[-1].number} is the best so far; {goes_on}"


def _retreated(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    gone = progress.retreats[-1]
    back = f"back to version {progress.incumbents[-1].number}" if gone.incumbent else "there is no version before it"
    return f"QUARANTINED the incumbent {clean(gone.candidate, 12)} ({clean(gone.name, 60)} in {clean(gone.call, 20)}): {back}"


def _certified(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str | None:
    issued = progress.certificate
    if issued is None:
        return None
    return (
        f"certificate over {issued.pairs} sealed cases: start {percent(issued.start_score)}, "
        f"release {percent(issued.release_score)}, gain {effect(issued.gain, issued.low, issued.high)}"
        + (f"; {safety_words(progress.safety)}" if progress.safety else "")
    )


def _ended(state: RunState, progress: Progress, body: Mapping[str, Json]) -> str:
    kept, made = len(progress.accepted), len(progress.proposed)
    return f"ended ({clean(progress.ended)}): {count(progress.costs.programs)} programs, {kept} of {made} changes kept"


_ABLATED = {True: "certified", False: "not certified"}
_WORDS: Mapping[str, Callable[[RunState, Progress, Mapping[str, Json]], str | None]] = {
    "run.started": _started,
    "run.resumed": _resumed,
    "job.done": _job,
    "model.called": _called,
    "calibration.done": _calibrated,
    "cycle.opened": _cycle,
    "inbox.read": _arrived,
    "proposal.malformed": _malformed,
    "proposal.refused": _refused,
    "course.chosen": _course,
    "test.opened": _trying,
    "version.joined": _joined,
    "lineage.ablated": _ablated,
    "verdict.given": _verdict,
    "incumbent.changed": _promoted,
    "lineage.quarantined": _retreated,
    "certificate.issued": _certified,
    "run.ended": _ended,
}
