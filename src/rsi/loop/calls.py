"""Asking the agent about itself: each call in a jail, each answer checked for its shape, each failure an outcome in the log."""

from collections.abc import Callable

from rsi.core.codec import canonical, decode, sha256_hex
from rsi.core.errors import MessageError
from rsi.core.protocols import Reply
from rsi.core.records import Json, Limitation, Outcome, Pool
from rsi.kernel.evaluate import Bench, Sitting, agent_call, evaluator_of
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine
from rsi.loop.orders import Done, Line, Order
from rsi.loop.quarantine import sentence_for
from rsi.loop.state import run_seed

__all__ = ["Answer", "diagnose", "learn", "limitations_of", "practise", "propose"]

Answer = dict[str, Json]
"""What the agent's code answered to one message."""
Check = Callable[[Answer], str | None]
MAX_MEMORY_BYTES = 4_000_000
MAX_LIMITATIONS = 50
MAX_TASKS = 1_000_000
MAX_EVIDENCE_BYTES = 20_000
LEAST_CHARGE = 10
"""An agent call is charged at least this fraction (one tenth) of its allotment, whatever it reports: so every run ends."""


def practise(machine: Machine, memory: Json) -> Ticket:
    """Place one batch of practice."""
    practice, index, suite = machine.config.practice, machine.state.batches, machine.suite
    machine.state.batches += 1
    seed = run_seed(machine.config, "practise", index)

    def payload() -> Json:
        batch = suite.practice_batch(index, practice.tasks)
        return {"batch": batch, "programs": practice.programs, "seed": seed, "memory": memory, "machine": machine.opening.machine}

    return _place(machine, "practise", payload, _check_practice, programs=practice.programs, duration=practice.programs, batch=index)


def diagnose(machine: Machine, findings: list[Json], memory: Json) -> Ticket:
    """Place the question what limits the agent."""
    payload: Json = {"findings": findings, "memory": memory, "seed": _call_seed(machine, "diagnose")}
    return _place(machine, "diagnose", lambda: payload, _check_diagnosis)


def propose(machine: Machine, limitations: Json, memory: Json) -> Ticket:
    """Place the question what to change; who improves programs may try itself on a practice batch of its own."""
    wanted, suite, index = machine.config.propose, machine.suite, machine.state.batches
    is_tried = suite.scorer.episodes(Pool.PRACTICE) is not None
    machine.state.batches += is_tried
    fixed: dict[str, Json] = {
        "limitations": limitations,
        "memory": memory,
        "count": wanted.count,
        "programs": wanted.programs,
        "seed": _call_seed(machine, "propose"),
        "frozen": machine.config.run.frozen_improver,
        "machine": machine.opening.machine,
    }

    def payload() -> Json:
        if not is_tried:
            return fixed
        batch = suite.practice_batch(index, machine.config.practice.tasks)
        return {**fixed, "batch": batch, "evaluations": machine.config.judge.programs}

    batch = index if is_tried else None
    return _place(machine, "propose", payload, _check_proposals, programs=wanted.programs, duration=wanted.programs, batch=batch)


def learn(machine: Machine, verdicts: list[Json], memory: Json) -> Ticket:
    """Place the news of what became of earlier proposals."""
    payload: Json = {"verdicts": verdicts, "memory": memory}
    return _place(machine, "learn", lambda: payload, _check_memory)


def limitations_of(answer: Answer) -> tuple[Limitation, ...]:
    """The limitations of a checked diagnosis; evidence too large for the log is left to the archived answer."""
    items = answer["limitations"]
    assert isinstance(items, list)
    return tuple(_limitation(item) for item in items[:MAX_LIMITATIONS])


def _limitation(item: Json) -> Limitation:
    found: Limitation = decode(Limitation, item)
    if len(canonical(found.evidence)) <= MAX_EVIDENCE_BYTES:
        return found
    return Limitation(id=found.id, kind=found.kind, text=found.text)


def _call_seed(machine: Machine, call: str) -> int:
    return run_seed(machine.config, call, machine.state.orders)


def _place(
    machine: Machine,
    call: str,
    payload: Callable[[], Json],
    check: Check,
    *,
    programs: int = 0,
    duration: int = 0,
    batch: int | None = None,
) -> Ticket:
    """Place a call to the improver; where its suite improves programs, those of practice batch number `batch` are run for it."""
    improver, limits = machine.improver, machine.limits
    files, manifest, rules = improver.runnable, improver.manifest, machine.suite.scorer.episodes(Pool.PRACTICE)

    def work(bench: Bench) -> Done:
        jail = machine.watched(bench.jail)
        if batch is None or rules is None:
            return _judged(agent_call(jail, files, manifest, call, payload(), limits), check, programs)
        rehearsals = machine.suite.rehearsals(batch, machine.config.practice.tasks)
        with evaluator_of(rules, bench.spare(), budget=programs, wall_s=limits.wall_s) as evaluator:
            sitting = Sitting(evaluator, rehearsals, programs)
            reply = agent_call(jail, files, manifest, call, payload(), limits, sitting.serving)
        return _judged(reply, check, programs, used=sitting.used)

    def note(done: Done) -> None:
        body: Json = {
            "job": key,
            "call": call,
            "improver": improver.id,
            "outcome": done.outcome.value,
            "reason": done.reason,
            "programs": done.programs,
            "result": None if done.value is None else machine.blob(done.value),
            **(_tally(done.value) if call == "practise" else {}),
        }
        machine.emit("job.done", body, done.clock)
        sentence_for(machine, improver, call, done)

    key = machine.key(call, improver.candidate.tree, sha256_hex(canonical(machine.state.batches)))
    light = max(1, machine.config.practice.programs // 10)
    return machine.desk.place(Order(key=key, line=Line.IMPROVE, programs=programs, duration=duration or light, work=work, note=note))


def _tally(answer: Json) -> Answer:
    """How many practice tasks the agent says it solved, of how many; for the view, no decision reads it."""
    reported = answer if isinstance(answer, dict) else {}
    return {name: count for name in ("solved", "tasks") if type(count := reported.get(name)) is int and 0 <= count <= MAX_TASKS}


def _judged(reply: Reply, check: Check, programs: int, *, used: int | None = None) -> Done:
    """An agent's reply with its shape checked; a call without a proper answer is charged in full.

    Args:
        reply: what came out.
        check: what is wrong with an answer.
        programs: what it may cost.
        used: what it cost, where the kernel counted; else as the agent reports.
    """
    if reply.outcome is not Outcome.ANSWERED:
        return Done(outcome=reply.outcome, reason=reply.reason[:500], programs=programs, value=None, clock=reply.clock)
    problem = check(reply.value) if isinstance(reply.value, dict) else "the answer is not an object"
    if problem is not None or not isinstance(reply.value, dict):
        return Done(outcome=Outcome.MALFORMED, reason=str(problem), programs=programs, value=None, clock=reply.clock)
    reported = reply.value.get("programs", programs) if used is None else used
    charged = min(programs, max(reported if type(reported) is int else programs, programs // LEAST_CHARGE))
    return Done(outcome=Outcome.ANSWERED, reason="", programs=charged, value=reply.value, clock=reply.clock)


def _check_memory(answer: Answer) -> str | None:
    if "memory" not in answer:
        return "the answer has no `memory`"
    size = len(canonical(answer["memory"]))
    return f"memory of {size} bytes; at most {MAX_MEMORY_BYTES} are kept" if size > MAX_MEMORY_BYTES else None


def _check_practice(answer: Answer) -> str | None:
    return None if "findings" in answer else "the answer has no `findings`"


def _check_diagnosis(answer: Answer) -> str | None:
    items = answer.get("limitations")
    if not isinstance(items, list):
        return "the answer has no list of `limitations`"
    try:
        for item in items:
            decode(Limitation, item)
    except MessageError as error:
        return f"a limitation is malformed: {error}"
    return _check_memory(answer)


def _check_proposals(answer: Answer) -> str | None:
    return _check_memory(answer) if isinstance(answer.get("proposals"), list) else "the answer has no list of `proposals`"
