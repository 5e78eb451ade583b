"""Blocks of trials: a candidate answers questions in one jail call, its answers are run on probes in another, the kernel scores.

Covers: the shape of answers, one for each case; answers that do not run, answers that hang or break the run of the others (each is then
run alone), answers that break the rules of their jail (a violation, whose name is the trial's label). Expected answers and scores never
enter a jail. More programs than a machine could have tried in the CPU time that the kernel measured are a violation.
Does not cover: a candidate that reports fewer programs than it tried (its CPU limit bounds it, not its word); charging: a trial says how
many programs it reported, and one that is no answer reports the whole allotment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Call, Files, Jail, Limits, Reply, Suite
from rsi.core.records import CandidateId, Case, Clock, Json, Manifest, Outcome, Trial
from rsi.kernel.evaluate.calls import agent_call, reliable, violation_name
from rsi.kernel.evaluate.chats import Chats

__all__ = ["Answer", "no_answer", "read_answers", "run_block", "scored"]

_LONGEST_ANSWER = 20_000
_ANSWER_CPU_S = 1.0
_START_S = 5.0
_RUNNER = "rsi_answers"
_MOST_PROGRAMS_PER_S, _SPARE_CPU_S = 50_000_000, 0.1
"""No machine tries more programs in a second of CPU time; far from every real number, so that no honest verdict hangs on a clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a candidate answered to one case: a source (None: nothing found), and the programs that it took."""

    text: str | None
    programs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offence:
    """In place of outputs: the answer broke the rules of its jail."""

    reason: str


def run_block(
    jail: Jail,
    *,
    suite: Suite,
    candidate: CandidateId,
    files: Files,
    manifest: Manifest,
    cases: Sequence[Case],
    programs: int,
    seed: int,
    limits: Limits,
    chats: Chats | None = None,
) -> tuple[list[Trial], Clock]:
    """Run a candidate on some cases with `programs` programs each; one trial per case, in their order, and what it took in seconds.

    If a call as a whole is no answer (crash, time, malformed …), every trial of it has that outcome, no score and the full charge. Where
    there are models (`chats`) and the candidate asks for them, each case has a call of its own, so that none lives on another's requests.

    Raises:
        JailError: the jail is broken; nothing was scored.
    """
    served = chats if manifest.models else None
    found: list[Answer | Trial] = []
    wall = cpu = 0.0
    for block in ([case] for case in cases) if served else (cases,):
        payload: Json = {"cases": [case.question for case in block], "programs": programs, "seed": seed}
        reply = agent_call(jail, files, manifest, "solve", payload, limits, served.serving if served else None)
        found += _answered(candidate, block, reply, programs)
        wall, cpu = wall + reply.clock.wall_s, cpu + reply.clock.cpu_s
    outputs, clock = _outputs(jail, cases, found)
    trials = [
        _judged(suite, candidate, case, one, outputs.get(index), programs)
        for index, (case, one) in enumerate(zip(cases, found, strict=True))
    ]
    return trials, Clock(wall_s=wall + clock.wall_s, cpu_s=cpu + clock.cpu_s)


def _answered(candidate: CandidateId, cases: Sequence[Case], reply: Reply, programs: int) -> Sequence[Answer | Trial]:
    """What a candidate answered to each case of a call, or the trial of what was no answer."""
    if reply.outcome is not Outcome.ANSWERED:
        return [no_answer(candidate, case, reply.outcome, programs, reply.reason) for case in cases]
    answers = read_answers(reply.value, len(cases), programs)
    if answers is None:
        return [no_answer(candidate, case, Outcome.MALFORMED, programs) for case in cases]
    if sum(answer.programs for answer in answers) > _MOST_PROGRAMS_PER_S * (reply.clock.cpu_s + _SPARE_CPU_S):
        return [no_answer(candidate, case, Outcome.VIOLATION, programs, "faster than physics") for case in cases]
    return answers


def _judged(suite: Suite, candidate: CandidateId, case: Case, one: Answer | Trial, outputs: "Json | _Offence", programs: int) -> Trial:
    """The trial of a case: as it was, or of an answer by what it gave."""
    if isinstance(one, Trial):
        return one
    if isinstance(outputs, _Offence):
        return no_answer(candidate, case, Outcome.VIOLATION, programs, outputs.reason)
    return scored(suite, candidate, case, one, outputs)


def no_answer(candidate: CandidateId, case: Case, outcome: Outcome, programs: int, reason: str = "") -> Trial:
    """The trial of an execution that was no answer, charged in full."""
    return Trial(
        candidate=candidate,
        case=case.id,
        family=case.family,
        pool=case.pool,
        outcome=outcome,
        score=None,
        label=violation_name(reason) if outcome is Outcome.VIOLATION else outcome.value.replace("_", " "),
        programs=programs,
    )


def scored(suite: Suite, candidate: CandidateId, case: Case, answer: Answer, outputs: Json) -> Trial:
    """The trial of an answer, scored by what it gave.

    Raises:
        InfrastructureError: the suite's grader gave a score outside [0, 1].
    """
    score = suite.score(case, answer.text, outputs)
    if score.value is not None and not 0.0 <= score.value <= 1.0:
        raise InfrastructureError(f"the suite {suite.name} scored case {case.id} with {score.value!r}, not from 0 to 1: repair its grader")
    return Trial(
        candidate=candidate,
        case=case.id,
        family=case.family,
        pool=case.pool,
        outcome=Outcome.ANSWERED,
        score=score.value,
        label=score.label,
        programs=answer.programs,
    )


def read_answers(value: Json, count: int, programs: int) -> list[Answer] | None:
    """The answers if they have exactly the shape asked for, one for each case; else None."""
    if not isinstance(value, dict) or set(value) != {"answers"}:
        return None
    items = value["answers"]
    if not isinstance(items, list) or len(items) != count:
        return None
    read = [_answer(item, programs) for item in items]
    return [answer for answer in read if answer is not None] if None not in read else None


def _answer(item: Json, programs: int) -> Answer | None:
    if not isinstance(item, dict) or set(item) != {"answer", "programs"}:
        return None
    text, used = item["answer"], item["programs"]
    if text is not None and (not isinstance(text, str) or len(text) > _LONGEST_ANSWER):
        return None
    if type(used) is not int or not 0 <= used <= programs:
        return None
    return Answer(text=text, programs=used)


def _outputs(jail: Jail, cases: Sequence[Case], answers: Sequence[Answer | Trial]) -> tuple[Mapping[int, Json | _Offence], Clock]:
    """What each answer gives on its case's probes, by index; nothing for those that could not be run."""
    jobs: dict[int, Json] = {
        index: {"source": answer.text, "probes": case.probes}
        for index, (case, answer) in enumerate(zip(cases, answers, strict=True))
        if isinstance(answer, Answer) and answer.text is not None and isinstance(case.probes, list)
    }
    if not jobs:
        return {}, Clock()
    found, clock = _run(jail, list(jobs.values()))
    if isinstance(found, list):
        return _checked(jobs, found), clock
    alone: list[Json | _Offence] = []
    for job in jobs.values():
        one, spent = _run(jail, [job])
        clock = Clock(wall_s=clock.wall_s + spent.wall_s, cpu_s=clock.cpu_s + spent.cpu_s)
        alone.append(one[0] if isinstance(one, list) else one)
    return _checked(jobs, alone), clock


def _run(jail: Jail, jobs: list[Json]) -> tuple[list[Json] | _Offence | None, Clock]:
    seconds = _START_S + 2 * _ANSWER_CPU_S * len(jobs)
    payload: Json = {"answers": jobs, "seconds": _ANSWER_CPU_S}
    limits = Limits(wall_s=2 * seconds, cpu_s=seconds, memory_bytes=1_000_000_000, answer_bytes=8_000_000)
    reply = reliable(jail, Call(files=_runner(), module=_RUNNER, function="run", payload=payload, limits=limits))
    if reply.outcome is Outcome.VIOLATION:
        return _Offence(reason=reply.reason), reply.clock
    value = reply.value if reply.outcome is Outcome.ANSWERED else None
    outputs = value.get("outputs") if isinstance(value, dict) else None
    return (outputs if isinstance(outputs, list) and len(outputs) == len(jobs) else None), reply.clock


def _checked(jobs: Mapping[int, Json], found: Sequence[Json | _Offence]) -> Mapping[int, Json | _Offence]:
    """Outputs that have one entry per probe, and offences; anything else counts as not run."""
    kept: dict[int, Json | _Offence] = {}
    for (index, job), outputs in zip(jobs.items(), found, strict=True):
        probes = job["probes"] if isinstance(job, dict) else None
        if isinstance(outputs, _Offence):
            kept[index] = outputs
        elif isinstance(outputs, list) and isinstance(probes, list) and len(outputs) == len(probes):
            kept[index] = outputs
    return kept


@cache
def _runner() -> Files:
    """The guest's own module that runs answers, as a tree of one file."""
    return {f"{_RUNNER}.py": resources.files("rsi.kernel.sandbox").joinpath("answers.py").read_bytes()}
