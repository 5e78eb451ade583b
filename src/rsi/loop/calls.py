"""Asking an agent, about itself or a target: each call in a jail, each answer checked for its shape, each failure an outcome in the log."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from rsi.core.codec import canonical, decode, sha256_hex
from rsi.core.errors import MessageError
from rsi.core.protocols import Reply
from rsi.core.records import Json, Limitation, Outcome, Pool
from rsi.kernel.evaluate import Bench, Chats, Sitting, agent_call, evaluator_of
from rsi.kernel.workspace import arguments_of
from rsi.loop.asks import Asks, Trying
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine
from rsi.loop.messages import surroundings
from rsi.loop.orders import Done, Line, Order
from rsi.loop.outside import Session
from rsi.loop.practice import trying_out
from rsi.loop.quarantine import sentence_for
from rsi.loop.state import Version, run_seed
from rsi.loop.telling import plain
from rsi.loop.usage import CHATS_PER_CALL, chats_for, tell_job, with_shell

__all__ = ["Answer", "Ground", "diagnose", "has", "learn", "limitations_of", "practise", "propose"]

Answer = dict[str, Json]
"""What the agent's code answered to one message."""
Check = Callable[[Answer], str | None]
MAX_MEMORY_BYTES = 4_000_000
MAX_LIMITATIONS = 50
MAX_TASKS = 1_000_000
MAX_WHY = 300
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
    """Place the question what limits the agent, or the target."""
    payload: dict[str, Json] = {"findings": findings, "memory": memory, "seed": _call_seed(machine, "diagnose")}
    if machine.state.team is None:
        return _place(machine, "diagnose", lambda: payload, _check_diagnosis)
    around = surroundings(machine)
    return _place(machine, "diagnose", lambda: {**payload, "target": around()["target"]}, _check_diagnosis, on=Ground())


def propose(machine: Machine, limitations: Json, memory: Json, ground: "Ground | None" = None) -> Ticket:
    """Place the question what to change; who improves programs may try itself on a practice batch of its own.

    Args:
        machine: the run.
        limitations: what was diagnosed.
        memory: the agent's.
        ground: in a run on a target, the practice that was had.
    """
    wanted, suite, index = machine.config.propose, machine.suite, machine.state.batches
    is_tried = ground is None and suite.scorer.episodes(Pool.PRACTICE) is not None
    machine.state.batches += is_tried
    fixed: dict[str, Json] = {
        "limitations": limitations,
        "memory": memory,
        "count": wanted.count,
        "programs": wanted.programs,
        "seed": _call_seed(machine, "propose"),
        "machine": machine.opening.machine,
        **({} if ground is None else {"findings": ground.findings}),
    }
    around = surroundings(machine)

    def payload() -> Json:
        whole = {**fixed, **around()}
        if not is_tried:
            return whole
        batch = suite.practice_batch(index, machine.config.practice.tasks)
        return {**whole, "batch": batch, "evaluations": machine.config.judge.programs}

    batch = index if is_tried else None
    return _place(machine, "propose", payload, _check_proposals, programs=wanted.programs, duration=wanted.programs, batch=batch, on=ground)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an agent in a run on a target has to go on.

    Attributes:
        batches: numbers of the practices that were had; their cases may be tried again.
        findings: what came of them, case by case.
    """

    batches: tuple[int, ...] = ()
    findings: list[Json] = field(default_factory=list)


def has(machine: Machine, call: str) -> bool:
    """Whether the improver has a function for a call, as far as its tree says."""
    improver = machine.improver
    return arguments_of(improver.files, improver.manifest.entry, call) is not None


def _place(
    machine: Machine,
    call: str,
    payload: Callable[[], Json],
    check: Check,
    *,
    programs: int = 0,
    duration: int = 0,
    batch: int | None = None,
    on: Ground | None = None,
) -> Ticket:
    """Place a call to the improver.

    Args:
        machine: the run.
        call: the function.
        payload: makes its message, in the worker.
        check: what is wrong with an answer.
        programs: what it may cost.
        duration: virtual duration.
        batch: where its suite improves programs, number of the practice batch whose programs are run for it.
        on: in a run on a target, what changes may be tried on.
    """
    improver, subject, team = machine.improver, machine.subject, machine.state.team
    outside = None if team is None else machine.staff.outside.get(team.asked)
    named: dict[str, Json] = {} if team is None else {"agent": team.asked}
    is_alone = team is None or len(team.agents) == 1
    takes_ask = (arguments_of(improver.files, improver.manifest.entry, call) or 0) > 1

    def work(bench: Bench) -> Done:
        with ExitStack() as stack:
            message = payload()
            session = None if outside is None else outside.session(message)
            ground = on if takes_ask else None
            chats = _chats(machine, call, improver, subject, key, ground)
            asks = _asks(machine, bench, stack, subject, chats, programs, batch, ground, session)
            jail = machine.watched(bench.jail if team is None else bench.spare())
            serving = None if asks is None else asks.serving
            limits = machine.limits if outside is None else outside.limits(machine.limits)
            reply = agent_call(jail, improver.runnable, improver.manifest, call, message, limits, serving)
            if is_alone and call == "propose" and chats is not None and _came_to_nothing(reply):
                chats.hold(but="budget")
        return _judged(reply, check, programs, asks)

    def note(done: Done) -> None:
        told = _tally(done.value) if call == "practise" else _why_nothing(done.value) if call == "propose" else {}
        tell_job(machine, done, job=key, call=call, improver=improver.id, more={**told, **named})
        sentence_for(machine, improver, call, done)

    key = machine.key(call, improver.candidate.tree, sha256_hex(canonical(machine.state.batches)))
    light = max(1, machine.config.practice.programs // 10)
    return machine.desk.place(Order(key=key, line=Line.IMPROVE, programs=programs, duration=duration or light, work=work, note=note))


def _came_to_nothing(reply: Reply) -> bool:
    """Whether nothing was proposed, by one that kept the rules."""
    return reply.outcome is not Outcome.VIOLATION and not (isinstance(reply.value, dict) and reply.value.get("proposals"))


def _why_nothing(answer: Json) -> Answer:
    """Why nothing was proposed, where nothing was and the agent says why; for the view, no decision reads it."""
    why = answer.get("why") if isinstance(answer, dict) and not answer.get("proposals") else None
    return {"why": plain(why, MAX_WHY)} if isinstance(why, str) else {}


def _chats(machine: Machine, call: str, improver: Version, subject: Version, key: str, on: Ground | None) -> Chats | None:
    """The models that a call may ask, and where it is to propose, a shell for them."""
    gateway, chats = machine.staff.gateway, chats_for(machine, improver.manifest, key)
    if on is not None and gateway is not None:
        chats = Chats(gateway=gateway, purpose=key, most=CHATS_PER_CALL)
    return with_shell(machine, chats, subject) if call == "propose" else chats


def _asks(
    machine: Machine,
    bench: Bench,
    stack: ExitStack,
    subject: Version,
    chats: Chats | None,
    programs: int,
    batch: int | None,
    on: Ground | None,
    session: Session | None,
) -> Asks | None:
    """Who answers the improver's questions; None where it has nothing to ask."""
    suite = machine.suite
    rules = suite.scorer.episodes(Pool.PRACTICE) if batch is not None else None
    if rules is not None and batch is not None:
        rehearsals = suite.rehearsals(batch, machine.config.practice.tasks)
        evaluator = stack.enter_context(evaluator_of(rules, bench.spare(), rehearsals, budget=programs, wall_s=machine.limits.wall_s))
        return Asks(problems=Sitting(evaluator, rehearsals, programs), chats=chats)
    if on is None:
        return None if chats is None else Asks(chats=chats)
    trying = Trying(
        run=trying_out(machine, bench, subject.manifest, on.batches, chats),
        files=subject.files,
        manifest=subject.manifest,
        cases=len(on.findings),
        budget=programs,
    )
    return Asks(trying=trying, chats=chats, session=session)


def _tally(answer: Json) -> Answer:
    """How many practice tasks the agent says it solved, of how many; for the view, no decision reads it."""
    reported = answer if isinstance(answer, dict) else {}
    return {name: count for name in ("solved", "tasks") if type(count := reported.get(name)) is int and 0 <= count <= MAX_TASKS}


def _judged(reply: Reply, check: Check, programs: int, asks: Asks | None) -> Done:
    """An agent's reply with its shape checked; a call without a proper answer is charged in full.

    Args:
        reply: what came out.
        check: what is wrong with an answer.
        programs: what it may cost.
        asks: who counted what it cost, where the kernel did; else it is as the agent reports.
    """
    used, asked = (None, None) if asks is None else (asks.used, asks.log)
    if reply.outcome is not Outcome.ANSWERED:
        return Done(outcome=reply.outcome, reason=reply.reason[:500], programs=programs, value=None, asked=asked, clock=reply.clock)
    problem = check(reply.value) if isinstance(reply.value, dict) else "the answer is not an object"
    if problem is not None or not isinstance(reply.value, dict):
        return Done(outcome=Outcome.MALFORMED, reason=str(problem), programs=programs, value=None, asked=asked, clock=reply.clock)
    reported = reply.value.get("programs", programs) if used is None else used
    charged = min(programs, max(reported if type(reported) is int else programs, programs // LEAST_CHARGE))
    return Done(outcome=Outcome.ANSWERED, reason="", programs=charged, value=reply.value, asked=asked, clock=reply.clock)


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
