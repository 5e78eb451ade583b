"""One pass of the improver: learn, practise, diagnose, propose; every step a jailed call that may fail. Here, over its own line."""

import math

from rsi.config import RunConfig
from rsi.core.records import CandidateId, Json, Limitation
from rsi.kernel.judge import Course
from rsi.loop import calls
from rsi.loop.calls import Answer
from rsi.loop.credit import MAX_FAILURES, at_work
from rsi.loop.desk import Ticket, Until
from rsi.loop.machine import Machine
from rsi.loop.orders import Done
from rsi.loop.pace import has_caught_up, needed_for_pass
from rsi.loop.proposals import open_cycle
from rsi.loop.purse import cost_of_certificate
from rsi.loop.quarantine import QUARANTINED

__all__ = ["Chain", "cost_of_pass", "least_budget", "may_begin"]

TESTS_SHARE = 10
"""A pass begins if one part in so many of the whole budget is left for its tests, even where these could cost more."""


class Chain:
    """The steps of one pass. Each returns whether the next may follow; what they learn counts only if the whole pass succeeds.

    Every call runs the files of the incumbent of *its* moment: a change that is accepted while a pass is under way speeds up the
    rest of that pass already. In the frozen control every call runs version 0, and what it proposes is for that incumbent.
    """

    def __init__(self, machine: Machine) -> None:
        """Begin with the memory that the last whole pass left."""
        self._machine = machine
        self._mind = machine.mind
        self._memory = self._mind.memory
        self._news = len(machine.state.news)
        self._findings: list[Json] = []
        self._limitations: tuple[Limitation, ...] = ()
        self._asked_whom: set[CandidateId] = set()
        self._asked: Json = []

    async def learn(self) -> bool:
        """Hand the verdicts since the last pass over; verdicts that break the agent are not told again."""
        news = self._machine.state.news[self._mind.heard : self._news]
        if not news:
            return True
        answer = await self._answer(calls.learn(self._machine, news, self._memory))
        if answer is None:
            self._mind.heard = self._news
            return False
        self._memory = answer["memory"]
        return True

    async def practise(self) -> bool:
        """Practise several batches side by side; one that answers is enough."""
        tickets = [calls.practise(self._machine, self._memory) for _ in range(self._machine.config.practice.batches)]
        answers = [await self._answer(ticket) for ticket in tickets]
        self._findings = [answer["findings"] for answer in answers if answer is not None]
        return bool(self._findings)

    async def diagnose(self) -> bool:
        """Ask what limits the agent."""
        answer = await self._answer(calls.diagnose(self._machine, self._findings, self._memory))
        if answer is None:
            return False
        self._memory, self._asked, self._limitations = answer["memory"], answer["limitations"], calls.limitations_of(answer)
        return True

    async def propose(self) -> bool:
        """Ask what to change; the proposals are written down and queued."""
        improver, subject = self._machine.improver, self._machine.subject
        answer = await self._answer(calls.propose(self._machine, self._asked, self._memory))
        if answer is None:
            return False
        self._memory = answer["memory"]
        readable = open_cycle(self._machine, improver, subject, self._limitations, answer)
        cause = self._machine.state.cause
        cause.barren = 0 if readable else cause.barren + 1
        return True

    def close(self, *, is_whole: bool) -> None:
        """Keep what a whole pass learned; count one that failed."""
        state = self._machine.state
        if is_whole:
            self._mind.memory, self._mind.heard = self._memory, self._news
            state.cause.failures = 0
        elif not self._is_tainted:
            state.cause.failures += 1

    @property
    def _is_tainted(self) -> bool:
        """Whether one who was asked in this pass is quarantined by now: nothing of the pass counts."""
        return not self._asked_whom.isdisjoint(self._machine.state.quarantined)

    async def _answer(self, ticket: Ticket) -> Answer | None:
        self._asked_whom.add(self._machine.improver.id)
        done: Done | None = await ticket
        if self._is_tainted:
            return None
        if done is None:
            self._machine.state.cause.ended = "budget"
            return None
        return done.value if isinstance(done.value, dict) else None


async def may_begin(machine: Machine) -> bool:
    """Wait until all proposals are in the race, it has a free place and few are open (a tree: has caught up); then whether to go on."""
    state, race, few = machine.state, machine.race, machine.config.propose.when_open_below

    def has_room() -> bool:
        if state.course is Course.TREE:
            return has_caught_up(machine)
        return state.open_changes < few and race.vacancies > 0 or not race.remaining

    await Until(lambda: not state.queue and not state.under_way and has_room())
    state.cause.ended = state.cause.ended or _why_not(machine)
    return state.cause.ended is None


def _why_not(machine: Machine) -> str | None:
    state, cause = machine.state, machine.state.cause
    if cause.failures >= MAX_FAILURES:
        return f"the improver failed {MAX_FAILURES} times in a row"
    if state.cycles >= machine.config.run.cycles:
        return "finished"
    if state.team is not None and not at_work(machine, state.team):
        return _why_nobody(machine)
    if cause.barren >= machine.config.propose.patience or (state.tree is None and not machine.race.remaining):
        return "nothing to try"
    if state.tree is None:
        needed = _cost_of_pass(machine.config, state.open_changes)
    else:
        needed = needed_for_pass(machine, cost_of_pass(machine.config))
    return None if machine.purse.can_ever_pay(needed) else "budget"


def _why_nobody(machine: Machine) -> str:
    """Why no agent is asked any more, in a run on a target."""
    state, team = machine.state, machine.state.team
    agents = [] if team is None else list(team.agents.values())
    if all(agent.version.id in state.quarantined for agent in agents):
        return f"{QUARANTINED}: {', '.join(f'{agent.name} ({state.quarantined[agent.version.id]})' for agent in agents)}"
    if all(agent.barren >= machine.config.propose.patience for agent in agents):
        return "nothing to try"
    return f"the improver failed {MAX_FAILURES} times in a row" if len(agents) == 1 else "no agent is left that can be asked"


def least_budget(config: RunConfig) -> int:
    """The least budget (`run.programs`) with which a run with these settings can surely begin a first pass."""
    certificate = cost_of_certificate(config)
    before_tests = certificate + _cost_of_practice(config) + config.propose.programs
    least = min(before_tests + _cost_of_tests(config, 0), -(-before_tests * TESTS_SHARE // (TESTS_SHARE - 1)))
    return math.ceil(least / (1 - config.calibrate.share))


def _cost_of_pass(config: RunConfig, open_tests: int) -> int:
    """A pass, and half of what its first test and the open ones may cost at most: else its proposals could not be judged."""
    tests = min(_cost_of_tests(config, open_tests), config.run.programs // TESTS_SHARE)
    return _cost_of_practice(config) + config.propose.programs + tests


def cost_of_pass(config: RunConfig) -> int:
    """What one pass of the improver may cost at most, without the tests of what it proposes."""
    return _cost_of_practice(config) + config.propose.programs


def _cost_of_tests(config: RunConfig, open_tests: int) -> int:
    return (1 + open_tests) * config.judge.max_pairs * config.judge.programs


def _cost_of_practice(config: RunConfig) -> int:
    return config.practice.batches * config.practice.programs
