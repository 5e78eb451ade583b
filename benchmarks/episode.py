"""What an episode costs beyond its evaluations, in CPU time.

    python -m benchmarks.episode [episodes] [--evaluations 96]

The same improvement problems for version 0 of the seed agent, for those that run candidates on two instances or one each, as runs find it
(eight and sixteen times as many candidates), and for one that gives up bad candidates after their first instance. The versions take turns
on each block of problems; all is done on one core, as a worker has one.

`whole` is the CPU time of all processes of an episode. `agent` is what is there for the agent alone: its jail with all that its calls do,
and the kernel's part of these calls where it answers no question. The rest of `whole` are the episode's *evaluations*, as the kernel makes
them for whoever asks: instances drawn and told, evaluators started, programs run, transcripts brought out and scored, those on hidden
instances included. `bare` is the least part of that: instances drawn and told, programs run, transcripts scored; no process started, no
transcript brought out.

All is measured in the same episodes, so that no ratio hangs on how fast the machine is at which moment. Instances are drawn as if no other
version had met on them. The evaluator reads the clock of its thread: that of a process with a limit of CPU time only moves with the ticks
of the machine's kernel.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rsi.core.protocols import Call, Files, Limits, Rehearsal, Reply, Score, Serve
from rsi.core.records import CandidateId, Case, Json, Pool
from rsi.kernel.evaluate import load_manifest, run_trials
from rsi.kernel.sandbox import ZygoteJail
from rsi.loop.agents import load_agent
from rsi.suites.gym import Gym
from rsi.suites.gym import rehearsal as rehearsal_module
from rsi.suites.gym import suite as suite_module
from rsi.suites.seeds import secret_seeds

__all__ = ["main"]

T = TypeVar("T")

BLOCK, SECRET = 5, 5
LIMITS = Limits(wall_s=600.0, cpu_s=600.0)
EVALUATOR = "rsi/suites/gym/guest/evaluator.py"
TIMED = b"""

import time

_played, _fresh, _serve, _run, _spent = played, Instances.fresh, serve, run, [0.0]


def _timed(act, *given):
    began = time.thread_time()
    try:
        return act(*given)
    finally:
        _spent[0] += time.thread_time() - began


def played(*given):
    return _timed(_played, *given)


def serve(grounds, ask):
    return _serve(grounds, lambda said: ask({**said, "spent": _spent[0]} if "done" in said else said))


def run(payload):
    return {**_run(payload), "spent": _spent[0]}


Instances.fresh = lambda self, numbers: _timed(_fresh, self, numbers)
"""
CHANGED: Mapping[str, Mapping[str, tuple[bytes, bytes]]] = {
    "version 0": {},
    "2 instances": {"resources.py": (b"INSTANCES = 16", b"INSTANCES = 2")},
    "1 instance": {"resources.py": (b"INSTANCES = 16", b"INSTANCES = 1")},
    "in steps of 1": {"resources.py": (b"STEP = 16", b"STEP = 1"), "accept.py": (b"LAG = 0.1", b"LAG = 0.0")},
}


class Sums(defaultdict[str, float]):
    """CPU seconds by what they went into, and counts."""

    def __init__(self) -> None:
        super().__init__(float)

    def of(self, name: str, act: Callable[..., T], *given: object) -> T:
        """Do something and add the time of this thread that it took."""
        began = time.thread_time()
        try:
            return act(*given)
        finally:
            self[name] += time.thread_time() - began

    def add(self, **more: float) -> None:
        """Add to several."""
        for name, amount in more.items():
            self[name] += amount


class Evaluators:
    """The jail of evaluators, which tell what they spent on running programs."""

    def __init__(self, jail: ZygoteJail, sums: Sums) -> None:
        self.jail, self.sums = jail, sums

    @property
    def tier(self) -> str:
        """Of the jail."""
        return self.jail.tier

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """One call."""
        spent = 0.0

        def heard(said: Json) -> Json:
            nonlocal spent
            if isinstance(said, dict) and "spent" in said:
                spent = _number(said.pop("spent"))
            assert serve is not None
            return serve(said)

        try:
            reply = self.jail.call(call, serve and heard)
            if serve is None and isinstance(reply.value, dict):
                spent = _number(reply.value.pop("spent"))
            return reply
        finally:
            self.sums["bare"] += spent

    def close(self) -> None:
        """End the jail."""
        self.jail.close()


class Agents:
    """A jail of an agent's calls alone; final programs are run where evaluators are."""

    def __init__(self, jail: ZygoteJail, evaluators: Evaluators, sums: Sums) -> None:
        self.jail, self.evaluators, self.sums = jail, evaluators, sums

    @property
    def tier(self) -> str:
        """Of the jail."""
        return self.jail.tier

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """One call."""
        if serve is None:
            return self.evaluators.call(call)
        answering = Sums()
        began = time.thread_time()
        reply = self.jail.call(call, lambda question: answering.of("answers", serve, question))
        self.sums["agent"] += time.thread_time() - began - answering["answers"]
        return reply

    def close(self) -> None:
        """End the jail."""
        self.jail.close()


class TimedRehearsal:
    """A rehearsal that notes what telling instances and scoring costs."""

    def __init__(self, rehearsal: Rehearsal, sums: Sums) -> None:
        self.question, self.instances, self.ground = rehearsal.question, rehearsal.instances, rehearsal.ground
        self.rehearsal, self.sums = rehearsal, sums

    def told(self, index: int) -> Json:
        """An instance, drawn if it is the first time."""
        return self.sums.of("bare", self.rehearsal.told, index)

    def scores(self, indices: Sequence[int], transcripts: Json) -> Sequence[float | None]:
        """Of a program."""
        return self.sums.of("bare", self.rehearsal.scores, indices, transcripts)


class TimedGym(Gym):
    """The gym, with evaluators that tell what running programs costs; notes what drawing and scoring costs."""

    def __init__(self, secret: int, sums: Sums) -> None:
        super().__init__(secret_seeds(secret))
        self.sums = sums

    def evaluator(self) -> tuple[Files, str]:
        """What runs programs."""
        files, module = super().evaluator()
        return {**files, EVALUATOR: files[EVALUATOR] + TIMED}, module

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """With their hidden instances."""
        return self.sums.of("bare", super().cases, pool, start, count)

    def rehearsal(self, case: Case) -> Rehearsal:  # type: ignore[override]
        """Practice instances."""
        return TimedRehearsal(super().rehearsal(case), self.sums)

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """Of a final program."""
        return self.sums.of("bare", super().score, case, answer, outputs)


def _number(value: Json) -> float:
    assert isinstance(value, float)
    return value


def spent_s(jail: ZygoteJail) -> float:
    """CPU time of a jail's standing processes and of all whose end they saw."""
    tick = os.sysconf("SC_CLK_TCK")
    lines = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in jail.standing]
    return sum(int(field) for line in lines for field in line[11:15]) / tick


@dataclass(slots=True)
class Player:
    """A version with jails of its own, and what its episodes came to."""

    files: Files
    programs: int
    sums: Sums
    agents: Agents
    evaluators: Evaluators

    @classmethod
    def of(cls, files: Files, programs: int) -> "Player":
        """Open its jails."""
        sums, preload = Sums(), load_manifest(files).preload  # as a run does
        evaluators = Evaluators(ZygoteJail(tier="S3", preload=preload), sums)
        return cls(files, programs, sums, Agents(ZygoteJail(tier="S3", preload=preload), evaluators, sums), evaluators)

    def block(self, secret: int, first: int, count: int) -> None:
        """A block of episodes; one in which a jail began anew, so that what it had spent is not known, does not count."""
        before, jails = dict(self.sums), (self.agents.jail, self.evaluators.jail)
        standing, kernel_s, jails_s = [jail.standing for jail in jails], time.process_time(), [spent_s(jail) for jail in jails]
        evaluations = self._episodes(TimedGym(secret, self.sums), first, count)
        kernel_s = time.process_time() - kernel_s
        if standing == [jail.standing for jail in jails]:
            agent_s, evaluators_s = (spent_s(jail) - began for jail, began in zip(jails, jails_s, strict=True))
            self.sums.add(whole=kernel_s + agent_s + evaluators_s, agent=agent_s, episodes=count, evaluations=evaluations)
        else:
            self.sums.clear()
            self.sums.add(**before)

    def _episodes(self, gym: Gym, first: int, count: int) -> int:
        suite_module._case.cache_clear()
        rehearsal_module._drawn.cache_clear()
        trials, _ = run_trials(
            self.agents,
            lambda: self.evaluators,
            suite=gym,
            candidate=CandidateId("c"),
            files=self.files,
            manifest=load_manifest(self.files),
            cases=gym.cases(Pool.JUDGE, first, count),
            programs=self.programs,
            seed=1,
            limits=LIMITS,
        )
        return sum(trial.programs for trial in trials)

    def close(self) -> None:
        """End its jails."""
        self.agents.close()
        self.evaluators.close()


def measured(versions: Mapping[str, Files], secret: int, episodes: int, programs: int) -> dict[str, Sums]:
    """What the episodes of each version came to."""
    players = {name: Player.of(files, programs) for name, files in versions.items()}
    for player in players.values():
        player.block(secret, episodes, 1)
        player.sums.clear()
    turns = list(players.values())
    for first in range(0, episodes, BLOCK):
        for player in turns:
            player.block(secret, first, min(BLOCK, episodes - first))
        turns.reverse()
    for player in players.values():
        player.close()
    return {name: player.sums for name, player in players.items()}


def line(name: str, sums: Sums) -> str:
    """What is printed of a version."""
    each = 1000 / max(1.0, sums["episodes"])
    alone = sums["whole"] - sums["agent"]
    return (
        f"{name:14} whole {sums['whole'] * each:6.1f} ms, agent {sums['agent'] * each:5.1f}, {sums['evaluations'] * each / 1000:5.1f} "
        f"evaluations {alone * each:6.1f}, bare {sums['bare'] * each:6.1f}: "
        f"whole ÷ evaluations {sums['whole'] / alone:6.3f}, ÷ bare {sums['whole'] / sums['bare']:6.3f}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("episodes", type=int, nargs="?", default=60)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[96])
    wanted = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    plain = {**load_agent("seed"), "build.json": b"{}"}
    versions = {
        name: {path: text.replace(*of[path]) if path in of else text for path, text in plain.items()} for name, of in CHANGED.items()
    }
    for programs in wanted.evaluations:
        for name, sums in measured(versions, SECRET, wanted.episodes, programs).items():
            print(f"{programs:5}: {line(name, sums)}")


if __name__ == "__main__":
    main()
