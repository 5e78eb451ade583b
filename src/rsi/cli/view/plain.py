"""A run told line by line: one readable line for each thing worth knowing, without control codes."""

from collections.abc import Callable, Mapping

from rsi.cli.view.state import Body, Change, RunState, Standing
from rsi.cli.view.text import clean, count, duration, effect, evidence, percent
from rsi.core.protocols import Entry

__all__ = ["PlainView", "Teller"]


class Teller:
    """Turns entries into lines; the words are the same in the plain and in the live view.

    Attributes:
        state: the run after the entries told so far.
    """

    def __init__(self, state: RunState | None = None) -> None:
        """Begin at the state given, or at nothing."""
        self.state = state or RunState()

    def tell(self, entry: Entry) -> str | None:
        """Take the entry into the state; its line, or None if it is not worth one."""
        change = self.state.take(entry)
        if change is not None:
            return self._about(entry.kind, change)
        words = _WORDS.get(entry.kind)
        return None if words is None else words(self.state, Body(entry.body))

    def _about(self, kind: str, change: Change) -> str | None:
        if kind == "proposal.refused":
            return f"refused {_what(change)}: {change.why}"
        if kind == "test.opened":
            return f"trying {_what(change)}{_prediction(change)}"
        if kind == "verdict.given":
            return _verdict(change)
        if kind == "incumbent.changed":
            return f"version {self.state.release.version} is the best so far; it goes on improving itself"
        return None


class PlainView:
    """Says each noteworthy entry as one line `  m:ss  words`; time counts from the start of the run."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Give each line to `say`."""
        self._say = say
        self._teller = Teller()

    @property
    def state(self) -> RunState:
        """The run after the entries seen so far."""
        return self._teller.state

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        line = self._teller.tell(entry)
        if line is not None:
            self._say(f"{duration(self.state.seconds):>7}  {line}")

    def __enter__(self) -> "PlainView":
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to clean up."""


def _what(change: Change) -> str:
    return f"{change.surface}: {clean(change.reason, 110)}"


def _prediction(change: Change) -> str:
    if not change.p_better:
        return ""
    return f" (its own guess: {percent(change.p_better)} likely better, {100 * change.low:+.0f} … {100 * change.high:+.0f} points)"


def _verdict(change: Change) -> str:
    seen = change.effect
    if seen is None:
        return f"{change.standing.value} {_what(change)}"
    measured = f"{effect(seen.mean, seen.low, seen.high)} over {seen.pairs} pairs"
    if change.standing is Standing.KEPT:
        return f"KEPT {_what(change)} — {measured}; evidence {evidence(change.e_value)} of {evidence(change.threshold)} needed"
    return f"{change.standing.value} {_what(change)} — {change.why or 'no evidence'}; {measured}"


def _started(state: RunState, body: Body) -> str:
    frozen = ", its improver frozen at version 0" if state.frozen else ""
    return (
        f"run {state.run}: agent {state.agent}, seed {state.seed}, budget {count(state.budget)} programs, "
        f"jail {state.tier or 'unknown'}{frozen}"
    )


def _resumed(state: RunState, body: Body) -> str:
    return f"taken up again with {count(state.programs)} of {count(state.budget)} programs spent"


def _cycle(state: RunState, body: Body) -> str:
    found = f"; {len(state.limitations)} limitations found, first: {clean(state.latest_limitation, 90)}" if state.limitations else ""
    solved = f"; practice: {state.practice[-1].solved} of {state.practice[-1].tasks} solved" if state.practice else ""
    return f"cycle {state.cycle + 1}{solved}{found}"


def _certificate(state: RunState, body: Body) -> str:
    issued = body.sub("certificate")
    return (
        f"sealed certificate over {issued.number('pairs'):.0f} cases: start {percent(issued.number('start_score'))}, "
        f"release {percent(issued.number('release_score'))}, "
        f"gain {effect(issued.number('gain'), issued.number('low'), issued.number('high'))}"
    )


def _ended(state: RunState, body: Body) -> str:
    return f"ended ({state.ended}) after {count(state.programs)} programs, {len(state.kept)} of {len(state.changes)} changes kept"


def _job(state: RunState, body: Body) -> str | None:
    if body.name("outcome") in ("answered", ""):
        return None
    return f"the agent's {body.text('call')} gave no answer ({body.text('outcome')}): {clean(body.text('reason'), 120)}"


_WORDS: Mapping[str, Callable[[RunState, Body], str | None]] = {
    "run.started": _started,
    "run.resumed": _resumed,
    "job.done": _job,
    "cycle.opened": _cycle,
    "certificate.issued": _certificate,
    "run.ended": _ended,
}
