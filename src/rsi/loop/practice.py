"""What the kernel finds out about a target on practice cases, for agents: no code of an agent runs here, and nothing is decided on it.

Covers: practice cases only; outputs, errors and feedback are bounded and rid of characters that nobody sees (`rsi.loop.telling`).
Does not cover: what a target's output or its scorer's feedback says: whoever reads it must not take it for an order.
"""

from collections.abc import Sequence

from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Files, Jail
from rsi.core.records import CandidateId, Case, Clock, Json, Manifest, Outcome, Pool
from rsi.kernel.evaluate import Bench, Chats, Failed, Ran, build, no_answer, run_cases, violation_name
from rsi.loop.asks import Run
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine, SharedSuite
from rsi.loop.orders import Done, Line, Order
from rsi.loop.quarantine import sentence
from rsi.loop.state import run_seed
from rsi.loop.telling import bounded, plain
from rsi.loop.usage import asked_by, chats_for, tell_job

__all__ = ["findings_in", "place_practice", "practice_cases", "trying_out"]

_DIGITS = 6
_TRIED = CandidateId("tried")
"""In place of a candidate's name: a tree that an agent tries, which is none."""


def place_practice(machine: Machine) -> Ticket:
    """Place a run of the subject on fresh practice cases; what comes of it are findings, one for each case."""
    index, tasks = machine.state.batches, machine.config.practice.tasks
    machine.state.batches += 1
    subject, suite, team = machine.subject, machine.suite, machine.state.team
    named: dict[str, Json] = {} if team is None else {"agent": team.asked}

    def work(bench: Bench) -> Done:
        cases, chats = practice_cases(suite, index, tasks), chats_for(machine, subject.manifest, key)
        ran, clock = _run(suite, machine.watched(bench.jail), subject.id, subject.runnable, cases, chats)
        findings: list[Json] = [_finding(number, case, one) for number, (case, one) in enumerate(zip(cases, ran, strict=True))]
        value: Json = {"findings": findings, "violation": next((name for one in ran if (name := _violation(one))), None)}
        return Done(outcome=Outcome.ANSWERED, reason="", programs=len(cases), value=value, asked=asked_by(chats), clock=clock)

    def note(done: Done) -> None:
        scores = [finding["score"] for finding in findings_in(done) if isinstance(finding, dict)]
        values = [float(score) if isinstance(score, int | float) else 0.0 for score in scores]
        mean = round(sum(values) / len(values), _DIGITS) if values else None
        tell_job(machine, done, job=key, call="practise", improver=subject.id, more={"tasks": len(values), "score": mean, **named})
        name = done.value.get("violation") if isinstance(done.value, dict) else None
        if isinstance(name, str):
            sentence(machine, subject, "practise", name)

    key = machine.key("practise", subject.candidate.tree, index)
    return machine.desk.place(Order(key=key, line=Line.IMPROVE, programs=tasks, duration=tasks, work=work, note=note))


def findings_in(done: Done | None) -> list[Json]:
    """The findings of a practice that was placed here; none if it was never carried out."""
    found = done.value.get("findings") if done is not None and isinstance(done.value, dict) else None
    return found if isinstance(found, list) else []


def practice_cases(suite: SharedSuite, index: int, tasks: int) -> list[Case]:
    """The cases of practice number `index`; a pool that ends comes round again."""
    size = suite.size(Pool.PRACTICE)
    if size is None:
        return suite.cases(Pool.PRACTICE, index * tasks, tasks)
    count = min(tasks, size)
    first = index * count % max(1, size)
    found = suite.cases(Pool.PRACTICE, first, min(count, size - first))
    return found + (suite.cases(Pool.PRACTICE, 0, count - len(found)) if len(found) < count else [])


def trying_out(machine: Machine, bench: Bench, manifest: Manifest, batches: Sequence[int], chats: Chats | None) -> Run:
    """Runs a changed tree on some of the cases of earlier practices: what an agent asks for while it is called."""
    suite, tasks, limits = machine.suite, machine.config.practice.tasks, machine.limits
    seed = run_seed(machine.config, "build")
    known: list[Case] = []

    def run(files: Files, numbers: Sequence[int]) -> list[Json]:
        if not known:
            known.extend(case for index in batches for case in practice_cases(suite, index, tasks))
        cases = [known[number] for number in numbers]
        jail = machine.watched(bench.jail)
        ready = build(jail, files, manifest, seed, limits)
        if isinstance(ready, Failed):
            error = plain(f"it does not build: {ready.reason}")
            ran = [_unbuilt(case, ready.outcome, error) for case in cases]
        else:
            ran, _ = _run(suite, jail, _TRIED, ready.files, cases, chats if manifest.models else None)
        return [_result(one) for one in ran]

    return run


def _run(
    suite: SharedSuite, jail: Jail, candidate: CandidateId, files: Files, cases: Sequence[Case], chats: Chats | None
) -> tuple[list[Ran], Clock]:
    execution = suite.scorer.execution(Pool.PRACTICE)
    if execution is None:
        raise InfrastructureError(f"the suite {suite.scorer.name} does not say how a target is run on a case: it is none for targets")
    return run_cases(jail, suite=suite.scorer, execution=execution, candidate=candidate, files=files, cases=cases, chats=chats)


def _unbuilt(case: Case, outcome: Outcome, error: str) -> Ran:
    return Ran(trial=no_answer(_TRIED, case, outcome, 1, error), output=None, feedback="", error=error)


def _violation(ran: Ran) -> str | None:
    return violation_name(ran.error) if ran.trial.outcome is Outcome.VIOLATION else None


def _finding(number: int, case: Case, ran: Ran) -> Json:
    result = _result(ran)
    assert isinstance(result, dict)
    told: Json = {"case": number, "id": plain(str(case.id), 200), "input": bounded(case.question), "outcome": ran.trial.outcome.value}
    assert isinstance(told, dict)
    return {**told, **result}


def _result(ran: Ran) -> Json:
    return {
        "score": ran.trial.score,
        "output": bounded(ran.output),
        "label": plain(ran.trial.label, 200),
        "feedback": plain(ran.feedback),
        "error": plain(ran.error),
    }
