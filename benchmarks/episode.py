"""What an episode costs beyond its evaluations: CPU time of whole episodes in the jail against that of their evaluations alone.

    python -m benchmarks.episode [episodes] [--evaluations 96]

The same improvement problems for version 0 of the seed agent, for those that run candidates on two instances or one each, as runs find it
(eight and sixteen times as many candidates), and for one that gives up bad candidates after their first instance. The versions meet on each
block of problems, as two versions do in a run, and take turns at being the first; all is done on one core, as a worker has one.

`whole` is the CPU time of all processes of an episode: kernel, jail, agent and evaluator, drawing instances and scoring on hidden ones
included. `alone` is that of its evaluations: drawing the instances that they need, running the same programs on them (a copy for each) in
one call of the same jail, which gives all transcripts back, and scoring these, those on hidden instances included. Instances are drawn for
whole and alone as if no other version had met on them; `drawing` is what that costs. What the agent itself thinks is part of `whole`;
`agent` is the CPU time of its calls, the import of its modules included. The speed of a machine changes from second to second, so each
block is measured in the order whole, alone, alone, whole; look at the median over blocks too.
"""

import argparse
import gc
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rsi.core.protocols import Call, Files, Jail, Limits, Reply, Serve
from rsi.core.records import CandidateId, Case, Json, Pool
from rsi.kernel.evaluate import load_manifest, run_trials
from rsi.kernel.sandbox import ZygoteJail
from rsi.loop.agents import load_agent
from rsi.suites.gym import Gym, guest_files
from rsi.suites.gym import rehearsal as rehearsal_module
from rsi.suites.gym import suite as suite_module
from rsi.suites.seeds import secret_seeds

__all__ = ["main"]

BLOCK, SECRET = 5, 5
ALONE = b"""
import gc

from rsi.suites.gym.guest.evaluator import Instances, played, run


def alone(jobs):
    found = []
    for family, texts, programs, hidden in jobs:
        kept = Instances(lambda numbers: [texts[str(number)] for number in numbers])
        practised = []
        for sources, numbers in programs:
            practised.append([played(family, source, kept.fresh(numbers)) for source in sources])
            gc.freeze()  # an evaluator keeps no transcripts, so its collector never walks through them
        found.append([*practised, run({"jobs": [hidden]})["transcripts"][0]])
    return found
"""
LIMITS = Limits(wall_s=600.0, cpu_s=600.0, answer_bytes=100_000_000)
ONE = {"resources.py": (b"INSTANCES = 16", b"INSTANCES = 1")}
FEW = {"resources.py": (b"INSTANCES = 16", b"INSTANCES = 2")}
QUICK = {"resources.py": (b"STEP = 16", b"STEP = 1"), "accept.py": (b"LAG = 0.1", b"LAG = 0.0")}


@dataclass(slots=True)
class Watched:
    """A jail that notes what an agent asks and hands in, and what its calls cost."""

    jail: ZygoteJail
    asked: list[Json] = field(default_factory=list)
    handed_in: list[str] = field(default_factory=list)
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
        self.handed_in.append(_answer(reply.value))
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
    """CPU seconds, questions and evaluations of some episodes, and the ratio of each block."""

    episodes: int = 0
    whole_s: float = 0.0
    drawing_s: float = 0.0
    alone_s: float = 0.0
    agent_s: float = 0.0
    questions: int = 0
    evaluations: int = 0
    ratios: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Player:
    """A version with jails of its own, and what its episodes came to."""

    files: Files
    jail: Watched
    spare: ZygoteJail
    sums: Sums
    used: int = 0

    def block(self, secret: int, first: int, count: int, programs: int) -> None:
        """A block of episodes; one in which a jail began anew, so that what it had spent is not known, does not count."""
        gym, standing = Gym(secret_seeds(secret)), (self.jail.jail.standing, self.spare.standing)
        whole_s = self._whole_s(gym, first, count, programs)
        asked, handed_in, agent_s = list(self.jail.asked), list(self.jail.handed_in), self.jail.agent_s
        pairs = [self._alone_s(gym, first, count, asked, handed_in) for _ in range(2)]
        whole_s += self._whole_s(gym, first, count, programs)
        assert self.jail.asked == asked, "the same episodes ask the same"
        if standing == (self.jail.jail.standing, self.spare.standing):
            alone_s = sum(drawing + running for drawing, running in pairs)
            self.sums.drawing_s += sum(drawing for drawing, _ in pairs) / 2
            self.sums.whole_s += whole_s / 2
            self.sums.alone_s += alone_s / 2
            self.sums.ratios.append(whole_s / alone_s)
            self.sums.agent_s += (agent_s + self.jail.agent_s) / 2
            self.sums.episodes += count
            self.sums.questions += len(asked)
            self.sums.evaluations += self.used

    def _whole_s(self, gym: Gym, first: int, count: int, programs: int) -> float:
        forget()
        self.jail.asked.clear()
        self.jail.handed_in.clear()
        self.jail.agent_s, began = 0.0, self._spent_s()
        self.used = episodes_of(self.jail, self.spare, self.files, gym, list(gym.cases(Pool.JUDGE, first, count)), programs)
        return self._spent_s() - began

    def _alone_s(self, gym: Gym, first: int, count: int, asked: list[Json], handed_in: list[str]) -> tuple[float, float]:
        questions = split(asked, gym.cases(Pool.JUDGE, first, count))
        forget()
        return alone(self.spare, gym, first, questions, handed_in)

    def _spent_s(self) -> float:
        return time.process_time() + spent_s(self.jail.jail) + spent_s(self.spare)


def forget() -> None:
    """Let instances be drawn as if no other version had met on them."""
    suite_module._case.cache_clear()
    rehearsal_module._drawn.cache_clear()


def measured(versions: Mapping[str, Files], secret: int, episodes: int, programs: int) -> dict[str, Sums]:
    """What the episodes of each version came to."""
    players: list[Player] = []
    for files in versions.values():
        preload = load_manifest(files).preload  # as a run does
        jails = Watched(ZygoteJail(tier="S3", preload=preload)), ZygoteJail(tier="S3", preload=preload)
        players.append(Player(files, *jails, Sums()))
        gym = Gym(secret_seeds(secret))
        episodes_of(*jails, files, gym, list(gym.cases(Pool.JUDGE, episodes, 1)), programs)
    for first in range(0, episodes, BLOCK):
        for player in players:
            player.block(secret, first, min(BLOCK, episodes - first), programs)
        players.reverse()
    for player in players:
        player.jail.close()
        player.spare.close()
    return {name: next(one.sums for one in players if one.files is files) for name, files in versions.items()}


def episodes_of(jail: Jail, spare: Jail, files: Files, gym: Gym, cases: list[Case], programs: int) -> int:
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


def split(asked: list[Json], cases: Sequence[Case]) -> list[list[Json]]:
    """The questions of each case: the first one of each is about its start."""
    found: list[list[Json]] = []
    for question in asked:
        assert isinstance(question, Mapping)
        if len(found) < len(cases) and question["sources"] == [_start(cases[len(found)])]:
            found.append([])
        found[-1].append(question)
    return found


def _answer(value: Json) -> str:
    """The program that a call handed in."""
    match value:
        case {"answers": [{"answer": str(source)}]}:
            return source
        case _:
            raise ValueError(f"no answer: {value!r}"[:200])


def _start(case: Case) -> Json:
    assert isinstance(case.question, Mapping)
    return case.question["source"]


def alone(spare: ZygoteJail, gym: Gym, first: int, questions: list[list[Json]], handed_in: list[str]) -> tuple[float, float]:
    """CPU seconds of drawing what is needed, and of the evaluations by themselves, those of what was handed in included."""
    began = time.process_time()
    cases = gym.cases(Pool.JUDGE, first, len(questions))
    rehearsals = [gym.rehearsal(case) for case in cases]
    jobs: list[Json] = []
    for case, rehearsal, asked, final in zip(cases, rehearsals, questions, handed_in, strict=True):
        needed = sorted({number for question in asked for number in _numbers(question)})
        texts: dict[str, Json] = {str(number): rehearsal.told(number) for number in needed}
        programs: list[Json] = [[question["sources"], question["instances"]] for question in asked if isinstance(question, dict)]
        jobs.append([case.family, texts, programs, gym.hidden_job(case, final)])
    drawing = time.process_time() - began
    gc.disable()  # nor does the kernel keep them; that it collects nothing at all here makes the ratio larger, if anything
    began = time.process_time() + spent_s(spare)
    reply = spare.call(Call(files={**guest_files(), "alone.py": ALONE}, module="alone", function="alone", payload=jobs, limits=LIMITS))
    assert isinstance(reply.value, list), reply.reason
    for case, rehearsal, asked, found, final in zip(cases, rehearsals, questions, reply.value, handed_in, strict=True):
        assert isinstance(found, list)
        *practised, hidden = found
        for question, rows in zip(asked, practised, strict=True):
            for row in rows if isinstance(rows, list) else []:
                rehearsal.scores(_numbers(question), row)
        gym.score(case, final, hidden)
    spent = time.process_time() + spent_s(spare) - began
    gc.enable()
    return drawing, spent


def _numbers(question: Json) -> list[int]:
    assert isinstance(question, dict) and isinstance(question["instances"], list)
    return [number for number in question["instances"] if isinstance(number, int)]


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("episodes", type=int, nargs="?", default=40)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[96])
    wanted = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    plain = {**load_agent("seed"), "build.json": b"{}"}
    changed = {"version 0": {}, "2 instances": FEW, "1 instance": ONE, "in steps of 1": QUICK}
    versions = {
        name: {path: text.replace(*of[path]) if path in of else text for path, text in plain.items()} for name, of in changed.items()
    }
    for programs in wanted.evaluations:
        for name, sums in measured(versions, SECRET, wanted.episodes, programs).items():
            each = 1000 / max(1, sums.episodes)
            print(
                f"{programs:5} evaluations, {name:14} whole {sums.whole_s * each:7.1f} ms  alone {sums.alone_s * each:7.1f} ms  "
                f"drawing {sums.drawing_s * each:4.1f} ms  agent {sums.agent_s * each:6.1f} ms  ratio {sums.whole_s / sums.alone_s:5.2f}, "
                f"median of blocks {statistics.median(sums.ratios):5.2f}, without the agent "
                f"{(sums.whole_s - sums.agent_s) / sums.alone_s:5.2f}  questions {sums.questions / max(1, sums.episodes):6.1f}  "
                f"evaluations {sums.evaluations / max(1, sums.episodes):6.1f}"
            )


if __name__ == "__main__":
    main()
