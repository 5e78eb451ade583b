"""What an episode costs beyond its evaluations: CPU time of whole episodes in the jail against that of their evaluations alone.

    python -m benchmarks.episode [episodes] [--evaluations 96]

The same improvement problems, for version 0 of the seed agent and for one that gives up bad candidates after their first instances (so that
it asks sixteen times as many questions). The two meet on each block of problems, as two versions do in a run, and take turns at being the
first; all is done on one core, as a worker has one. `whole` is the CPU time of all processes of an episode: kernel, jail, agent and
evaluator, scoring on hidden instances included, and an equal share of `drawing` the practice instances, which the two have in common.
`alone` is that of running the same programs on the same instances (a copy for each) and of scoring them, in one process; the first ratio is
to that, the second to that and the drawing. What the agent itself thinks is part of `whole`; `agent` is the CPU time of its calls, the
import of its modules included.
"""

import argparse
import gc
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsi.core.protocols import Call, Files, Jail, Limits, Reply, Serve
from rsi.core.records import CandidateId, Case, Json, Pool
from rsi.kernel.evaluate import load_manifest, run_trials
from rsi.kernel.sandbox import ZygoteJail
from rsi.loop.agents import load_agent
from rsi.suites.gym import Gym
from rsi.suites.gym.guest.evaluator import Instances, transcripts
from rsi.suites.seeds import secret_seeds

__all__ = ["main"]

BLOCK = 5
LIMITS = Limits(wall_s=600.0, cpu_s=600.0)
QUICK = {"resources.py": (b"STEP = 16", b"STEP = 1"), "accept.py": (b"LAG = 0.1", b"LAG = 0.0")}


@dataclass(slots=True)
class Watched:
    """A jail that notes what an agent asks and what its calls cost."""

    jail: ZygoteJail
    asked: list[Json]
    agent_s: float = 0.0

    @property
    def tier(self) -> str:
        """Of the jail."""
        return self.jail.tier

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """One call."""
        if serve is None or call.function != "improve":
            return self.jail.call(call, serve)

        def noted(question: Json) -> Json:
            self.asked.append(question)
            return serve(question)

        reply = self.jail.call(call, noted)
        self.agent_s += reply.clock.cpu_s
        return reply

    def close(self) -> None:
        """End the jail."""
        self.jail.close()


def spent_s(jail: ZygoteJail) -> float:
    """CPU time of a jail's standing processes and of all whose end they saw."""
    tick = os.sysconf("SC_CLK_TCK")
    lines = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in jail.standing]
    return sum(int(field) for line in lines for field in line[11:15]) / tick


@dataclass(slots=True)
class Sums:
    """CPU seconds, questions and evaluations of some episodes."""

    episodes: int = 0
    whole_s: float = 0.0
    drawing_s: float = 0.0
    alone_s: float = 0.0
    agent_s: float = 0.0
    questions: int = 0
    evaluations: int = 0


@dataclass(slots=True)
class Player:
    """A version with jails of its own, and what its episodes came to."""

    files: Files
    jail: Watched
    spare: ZygoteJail
    sums: Sums

    def block(self, gym: Gym, cases: list[Case], programs: int, drawing_s: float) -> None:
        """A block of episodes; one in which a jail began anew, so that what it had spent is not known, does not count."""
        standing = self.jail.jail.standing, self.spare.standing
        self.jail.asked.clear()
        self.jail.agent_s, began = 0.0, time.process_time() + spent_s(self.jail.jail) + spent_s(self.spare)
        used = played(self.jail, self.spare, self.files, gym, cases, programs)
        if standing == (self.jail.jail.standing, self.spare.standing):
            self.sums.whole_s += time.process_time() + spent_s(self.jail.jail) + spent_s(self.spare) - began + drawing_s
            self.sums.drawing_s += drawing_s
            self.sums.alone_s += alone(gym, cases, split(self.jail.asked, cases))
            self.sums.agent_s += self.jail.agent_s
            self.sums.episodes += len(cases)
            self.sums.questions += len(self.jail.asked)
            self.sums.evaluations += used


def measured(versions: Mapping[str, Files], gym: Gym, cases: list[Case], programs: int) -> dict[str, Sums]:
    """What the episodes of each version came to."""
    players: list[Player] = []
    for files in versions.values():
        preload = load_manifest(files).preload  # as a run does
        jails = Watched(ZygoteJail(tier="S3", preload=preload), []), ZygoteJail(tier="S3", preload=preload)
        players.append(Player(files, *jails, Sums()))
        played(*jails, files, gym, cases[-1:], programs)
    for first in range(0, len(cases), BLOCK):
        block = cases[first : first + BLOCK]
        began = time.process_time()
        for case in block:
            gym.rehearsal(case)
        share_s = (time.process_time() - began) / len(players)
        for player in players:
            player.block(gym, block, programs, share_s)
        players.reverse()
    for player in players:
        player.jail.close()
        player.spare.close()
    return {name: next(one.sums for one in players if one.files is files) for name, files in versions.items()}


def played(jail: Jail, spare: Jail, files: Files, gym: Gym, cases: list[Case], programs: int) -> int:
    """Evaluations that a block of episodes took."""
    trials, _ = run_trials(
        jail,
        lambda: spare,
        suite=gym,
        candidate=CandidateId("c"),
        files=files,
        manifest=load_manifest(files),
        cases=cases,
        programs=programs,
        seed=1,
        limits=LIMITS,
    )
    return sum(trial.programs for trial in trials)


def split(asked: list[Json], cases: list[Case]) -> list[list[Json]]:
    """The questions of each case: the first one of each is about its start."""
    found: list[list[Json]] = []
    for question in asked:
        assert isinstance(question, Mapping)
        if len(found) < len(cases) and question["source"] == _start(cases[len(found)]):
            found.append([])
        found[-1].append(question)
    return found


def _start(case: Case) -> Json:
    assert isinstance(case.question, Mapping)
    return case.question["source"]


def alone(gym: Gym, cases: list[Case], questions: list[list[Json]]) -> float:
    """CPU seconds of the evaluations by themselves, and of the hidden ones of the end, as if it cost what the start does."""
    rehearsals = [gym.rehearsal(case) for case in cases]
    grounds: list[Any] = [rehearsal.ground for rehearsal in rehearsals]
    hidden: list[Any] = [gym.hidden_job(case, str(_start(case))) for case in cases]
    gc.freeze()  # what this process keeps of other cases is no affair of an evaluation
    began = time.process_time()
    for rehearsal, ground, asked in zip(rehearsals, grounds, questions, strict=True):
        kept = Instances(ground["instances"])
        for question in asked:
            assert isinstance(question, dict) and isinstance(question["instances"], list)
            numbers = [number for number in question["instances"] if isinstance(number, int)]
            instances = [kept.fresh(number) for number in numbers]
            rehearsal.scores(numbers, transcripts({"problem": ground["problem"], "source": question["source"], "instances": instances}))
    for case, job in zip(cases, hidden, strict=True):
        gym.score(case, _start(case), transcripts(job))
    spent = time.process_time() - began
    gc.unfreeze()
    return spent


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("episodes", type=int, nargs="?", default=40)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[96, 960])
    wanted = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    plain = {**load_agent("seed"), "build.json": b"{}"}
    quick = {path: text.replace(*QUICK[path]) if path in QUICK else text for path, text in plain.items()}
    gym = Gym(secret_seeds(5))
    cases = list(gym.cases(Pool.JUDGE, 0, wanted.episodes))
    for programs in wanted.evaluations:
        for name, sums in measured({"version 0": plain, "in steps of 1": quick}, gym, cases, programs).items():
            each = 1000 / max(1, sums.episodes)
            print(
                f"{programs:5} evaluations, {name:14} whole {sums.whole_s * each:7.1f} ms  alone {sums.alone_s * each:7.1f} ms  "
                f"drawing {sums.drawing_s * each:4.1f} ms  ratio {sums.whole_s / sums.alone_s:5.2f}  "
                f"with drawing {sums.whole_s / (sums.alone_s + sums.drawing_s):5.2f}  agent {sums.agent_s * each:6.1f} ms  "
                f"without it {(sums.whole_s - sums.agent_s) / sums.alone_s:5.2f}  "
                f"questions {sums.questions / max(1, sums.episodes):6.1f}  evaluations {sums.evaluations / max(1, sums.episodes):6.1f}"
            )


if __name__ == "__main__":
    main()
