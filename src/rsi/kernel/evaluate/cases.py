"""Cases on which the candidate is itself the program: a question goes into a jail, what comes back is scored by the suite.

Covers: cases of a block that share a process, each of which is run in one of its own where that process ended early (crash of the
interpreter, time, memory, no plain data); a break of the rules (then the whole block is a violation); errors of single cases.
Hidden fields of a case and scores never enter a jail.
Does not cover: what one case leaves behind in the process for the next one of its block, where they share it; who minds that says
`Execution.is_shared = False`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Call, Execution, Files, Jail, Limits, Reply, Suite
from rsi.core.records import CandidateId, Case, Clock, Json, Outcome, Trial
from rsi.kernel.evaluate.calls import reliable
from rsi.kernel.evaluate.chats import Chats
from rsi.kernel.evaluate.trials import no_answer

__all__ = ["Ran", "run_cases"]

_PRICE = 1
"""What a case costs, in programs: the candidate is run once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of one case.

    Attributes:
        output: what the candidate gave; None where it gave nothing.
        feedback: what the scorer has to say to who improves; only for practice cases fit to be told.
        error: why there is no output, for people and agents: the candidate's own words, not to be trusted.
    """

    trial: Trial
    output: Json
    feedback: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How the run of one case ended."""

    outcome: Outcome
    output: Json
    error: str


def run_cases(
    jail: Jail,
    *,
    suite: Suite,
    execution: Execution,
    candidate: CandidateId,
    files: Files,
    cases: Sequence[Case],
    chats: Chats | None = None,
) -> tuple[list[Ran], Clock]:
    """Run a candidate on cases of one pool, once each; one result per case, in their order, and what it took in seconds.

    Each costs one program, whatever comes of it. An output of null is no answer, and no score. With models (`chats`) its function gets
    `ask` as a second argument, and each case has a call of its own, so that none lives on another's requests.

    Raises:
        JailError: the jail is broken; nothing was scored.
        InfrastructureError: the scorer broke, or gave a score outside [0, 1].
    """
    if execution.is_shared and len(cases) > 1 and chats is None:
        ends, clock = _together(jail, execution, files, cases)
    else:
        ends, clock = _alone(jail, execution, files, cases, chats)
    return [_ran(suite, candidate, case, end) for case, end in zip(cases, ends, strict=True)], clock


def _together(jail: Jail, execution: Execution, files: Files, cases: Sequence[Case]) -> tuple[list[_End], Clock]:
    reply = _call(jail, execution, files, [case.question for case in cases], len(cases))
    if reply.outcome is Outcome.VIOLATION:
        return [_end(reply)] * len(cases), reply.clock
    if reply.outcome is Outcome.ANSWERED and isinstance(reply.value, list):
        return [_item(value) for value in reply.value], reply.clock
    ends, clock = _alone(jail, execution, files, cases)
    return ends, _sum(reply.clock, clock)


def _alone(jail: Jail, execution: Execution, files: Files, cases: Sequence[Case], chats: Chats | None = None) -> tuple[list[_End], Clock]:
    ends, clock = [], Clock()
    for case in cases:
        reply = _call(jail, execution, files, case.question, 0, chats)
        ends.append(_end(reply))
        clock = _sum(clock, reply.clock)
    return ends, clock


def _call(jail: Jail, execution: Execution, files: Files, payload: Json, items: int, chats: Chats | None = None) -> Reply:
    """One case, or `items` of them in one process."""
    call = Call(
        files={**files, **execution.files},
        module=execution.module,
        function=execution.function,
        payload=payload,
        limits=_times(execution.limits, items or 1),
        each=items > 0,
    )
    return reliable(jail, call, None if chats is None else chats.serving)


def _times(limits: Limits, count: int) -> Limits:
    """The time and the size of answers that so many cases may have together."""
    return replace(
        limits, wall_s=limits.wall_s * count, cpu_s=limits.cpu_s * count, answer_bytes=min(limits.answer_bytes * count, 64_000_000)
    )


def _end(reply: Reply) -> _End:
    return _End(outcome=reply.outcome, output=reply.value, error="" if reply.outcome is Outcome.ANSWERED else reply.reason)


def _item(value: Json) -> _End:
    """One item of a shared process: a value, or an error that it raised."""
    if isinstance(value, dict) and "value" in value:
        return _End(outcome=Outcome.ANSWERED, output=value["value"], error="")
    error = value.get("error") if isinstance(value, dict) else None
    return _End(outcome=Outcome.CRASHED, output=None, error=str(error or ""))


def _ran(suite: Suite, candidate: CandidateId, case: Case, end: _End) -> Ran:
    if end.outcome is not Outcome.ANSWERED:
        trial = no_answer(candidate, case, end.outcome, _PRICE, end.error)
        return Ran(trial=trial, output=None, feedback="", error=end.error)
    score = suite.score(case, "" if end.output is None else end.output, end.output)
    if score.value is not None and not 0.0 <= score.value <= 1.0:
        raise InfrastructureError(f"the suite {suite.name} scored case {case.id} with {score.value!r}, not from 0 to 1: repair its grader")
    trial = Trial(
        candidate=candidate,
        case=case.id,
        family=case.family,
        pool=case.pool,
        outcome=Outcome.ANSWERED,
        score=score.value,
        label=score.label,
        programs=_PRICE,
    )
    return Ran(trial=trial, output=end.output, feedback=score.feedback, error="")


def _sum(one: Clock, other: Clock) -> Clock:
    return Clock(wall_s=one.wall_s + other.wall_s, cpu_s=one.cpu_s + other.cpu_s)
