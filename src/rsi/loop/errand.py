"""One pass of an agent over a target that is not itself: the kernel practises, the agent diagnoses and proposes.

The agent stays as it is; what is practised on and changed is the subject of the moment. An agent need not have `learn` or `diagnose`.
"""

from rsi.core.records import Json, ProposalId
from rsi.loop import calls
from rsi.loop.calls import Ground
from rsi.loop.chain import Chain
from rsi.loop.credit import ask_next, charge_call
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine
from rsi.loop.orders import Done
from rsi.loop.practice import findings_in, place_practice
from rsi.loop.proposals import open_cycle
from rsi.loop.state import Team

__all__ = ["Errand"]


class Errand(Chain):
    """The steps of one pass on a target, by the agent that is asked next."""

    def __init__(self, machine: Machine, team: Team) -> None:
        """Choose whose pass it is."""
        self._agent = ask_next(machine, team)
        self._ground = Ground()
        super().__init__(machine)

    async def learn(self) -> bool:
        """Hand over what became of this agent's own changes since its last pass."""
        news = [one for one in self._machine.state.news[self._mind.heard : self._news] if self._is_mine(one)]
        if not news or not calls.has(self._machine, "learn"):
            return True
        answer = await self._answer(calls.learn(self._machine, news, self._memory))
        if answer is None:
            self._mind.heard = self._news
            return False
        self._memory = answer["memory"]
        return True

    async def practise(self) -> bool:
        """Run the subject on fresh practice cases; without any there is nothing to go on."""
        self._asked_whom.add(self._machine.subject.id)
        first, wanted = self._machine.state.batches, self._machine.config.practice.batches
        tickets = [place_practice(self._machine) for _ in range(wanted)]
        had: list[tuple[int, list[Json]]] = []
        for number, ticket in enumerate(tickets):
            done = await self._practised(ticket)
            if done is not None:
                had.append((first + number, findings_in(done)))
        findings = [finding for _, found in had for finding in found]
        numbered: list[Json] = [{**one, "case": number} for number, one in enumerate(findings) if isinstance(one, dict)]
        self._ground = Ground(batches=tuple(index for index, _ in had), findings=numbered)
        return bool(numbered) and not self._is_tainted

    async def diagnose(self) -> bool:
        """Ask what limits the target; an agent that cannot say proposes all the same."""
        if not calls.has(self._machine, "diagnose"):
            self._asked = []
            return True
        self._findings = self._ground.findings
        return await super().diagnose()

    async def propose(self) -> bool:
        """Ask what to change; the proposals are written down and queued."""
        improver, subject = self._machine.improver, self._machine.subject
        answer = await self._answer(calls.propose(self._machine, self._asked, self._memory, self._ground))
        if answer is None:
            return False
        self._memory = answer["memory"]
        readable = open_cycle(self._machine, improver, subject, self._limitations, answer)
        self._agent.barren = 0 if readable else self._agent.barren + 1
        return True

    def close(self, *, is_whole: bool) -> None:
        """Keep what a whole pass learned; count one that failed against the agent."""
        if is_whole:
            self._mind.memory, self._mind.heard = self._memory, self._news
            self._agent.failures = 0
        elif not self._is_tainted and self._machine.state.cause.ended is None:
            self._agent.failures += 1

    async def _answer(self, ticket: Ticket) -> calls.Answer | None:
        answer = await super()._answer(ticket)
        self._charge(ticket.done)
        return answer

    async def _practised(self, ticket: Ticket) -> Done | None:
        done = await ticket
        self._charge(done)
        if done is None:
            self._machine.state.cause.ended = self._machine.state.cause.ended or "budget"
        return done

    def _charge(self, done: Done | None) -> None:
        if done is not None:
            charge_call(self._agent, done.programs)

    def _is_mine(self, news: Json) -> bool:
        tried = self._machine.state.tried
        name = ProposalId(str(news["proposal"])) if isinstance(news, dict) else None
        return name in tried and tried[name].waiting.by == self._agent.name
