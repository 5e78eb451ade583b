"""What one jailed call costs: medians of plain interpreters, of ones in bubblewrap, and of our jail at each tier, interleaved in one run.

    python benchmarks/jail.py [calls] [--json]

Every way answers the same question (`f(x)` of a module of one line, JSON in, JSON out), without numpy and with it. `1,000 cases` is one
call that runs the function a thousand times; its cost per case is what it takes beyond the median of a single call, over a thousand.
`tree` adds a megabyte of files to a call, `answers` runs 300 answers on 10 probes each. `kill` is from the end of a call's time to its
reply, for a call that ignores every signal it can. `asks` is the median, over a thousand questions of one call, of the time from a question
to its small reply, as the code in the jail sees it; in `jobs` each of them is a job for an evaluator in a second jail, which does nothing
for it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rsi.core.protocols import Call, Limits
from rsi.core.records import Json, Outcome
from rsi.kernel.evaluate import Evaluator
from rsi.kernel.sandbox import TIERS, ZygoteJail, unreachable
from rsi.kernel.sandbox.launch import launch

__all__ = ["main"]

SOURCE = "def f(x):\n    return x\n"
NUMERIC = "import numpy\ndef f(x):\n    return x\n"
SUFFIX = "print(json.dumps(f(json.load(sys.stdin))))"
STUBBORN = """import signal
def f(x):
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
    while True:
        pass
"""
KILLED_AFTER_S = 0.2
WORKING = Limits(wall_s=3_600.0, cpu_s=3_600.0, pause_s=60.0, questions=1_000_000)
CASES = 1_000
ASKING = """import statistics, time
def f(n, ask):
    times = []
    for k in range(n):
        began = time.perf_counter()
        assert ask({'k': k})['k'] == k
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
"""
EVALUATOR = "def serve(payload, ask):\n    job = ask({'ready': True})\n    while True:\n        job = ask({'done': job['k']})\n"
GOALS = {
    "question us": 150.0,
    "job us": 200.0,
    "numpy call ms": 10.0,
    "numpy call / plain import of numpy": 0.1,
    "case us": 10.0,
    "kill ms": 500.0,
}


@dataclass(slots=True)
class Way:
    """One way to get an answer, and the milliseconds that it took each time: what `act` says, or all of it if it says nothing."""

    name: str
    act: Callable[[], float | None]
    most: int = 1_000
    times: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Once more, up to the most that it is worth."""
        if len(self.times) < self.most:
            began = time.perf_counter()
            said = self.act()
            self.times.append((time.perf_counter() - began) * 1000 if said is None else said)

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.times)


def interpreter(*command: str, source: str = SOURCE, before: str = "import json, sys\n") -> Callable[[], None]:
    """One interpreter per call."""

    def act() -> None:
        done = subprocess.run([*command, "-c", before + source + SUFFIX], input="5", capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == 5

    return act


def plain_import() -> None:
    """What a person types."""
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)


def wrapped(*preload: str) -> tuple[str, ...]:
    """An interpreter in the same bubblewrap that our jail uses."""
    command = launch("S3", preload).command
    return command[: command.index("-c")]


def call(jail: ZygoteJail, source: str, files: dict[str, bytes] | None = None) -> Callable[[], None]:
    """One call of our jail."""

    def act() -> None:
        reply = jail.call(Call(files={"guest.py": source.encode(), **(files or {})}, module="guest", function="f", payload=5))
        assert reply.outcome is Outcome.ANSWERED and reply.value == 5

    return act


def cases(jail: ZygoteJail, source: str) -> Callable[[], None]:
    """One call of our jail with many cases."""
    items: list[Json] = list(range(CASES))

    def act() -> None:
        reply = jail.call(Call(files={"guest.py": source.encode()}, module="guest", function="f", payload=items, each=True))
        assert isinstance(reply.value, list) and len(reply.value) == CASES and reply.value[-1] == {"value": CASES - 1}

    return act


def asks(jail: ZygoteJail) -> Callable[[], float]:
    """One call of our jail with many questions."""
    asking = Call(files={"guest.py": ASKING.encode()}, module="guest", function="f", payload=CASES)

    def act() -> float:
        median = jail.call(asking, lambda question: question).value
        assert isinstance(median, float)
        return median

    return act


def jobs(jail: ZygoteJail, evaluator: Evaluator) -> Callable[[], float]:
    """One call of our jail that has many jobs done by an evaluator in another."""
    asking = Call(files={"guest.py": ASKING.encode()}, module="guest", function="f", payload=CASES)

    def act() -> float:
        median = jail.call(asking, lambda question: {"k": evaluator.run(question)}).value
        assert isinstance(median, float)
        return median

    return act


def answers(jail: ZygoteJail) -> Callable[[], None]:
    """300 answers on 10 probes each."""
    files = {"answers.py": (Path(__file__).parents[1] / "src/rsi/kernel/sandbox/answers.py").read_bytes()}
    jobs: list[Json] = [{"source": "def f(xs):\n    return [x + 1 for x in xs if x > min(xs)]", "probes": [[1, 2, 3, 4, 5]] * 10}] * 300

    def act() -> None:
        reply = jail.call(Call(files=files, module="answers", function="run", payload={"answers": jobs, "seconds": 1.0}))
        assert reply.outcome is Outcome.ANSWERED

    return act


def kill(jail: ZygoteJail) -> Callable[[], None]:
    """One call that must be killed."""

    def act() -> None:
        limits = Limits(wall_s=KILLED_AFTER_S)
        reply = jail.call(Call(files={"guest.py": STUBBORN.encode()}, module="guest", function="f", payload=None, limits=limits))
        assert reply.outcome is Outcome.TIMED_OUT

    return act


def ways(plain: dict[str, ZygoteJail], numeric: dict[str, ZygoteJail], evaluators: dict[str, Evaluator]) -> list[Way]:
    """All ways that this machine has."""
    found = [
        Way("interpreter", interpreter(sys.executable, "-I", "-S")),
        Way("interpreter, import numpy", plain_import, most=30),
    ]
    if "S3" in plain:
        found.append(Way("bubblewrap", interpreter(*wrapped())))
        path = "import json, sys\nsys.path.insert(0, '/packages')\n"
        found.append(Way("bubblewrap, import numpy", interpreter(*wrapped("numpy"), source=NUMERIC, before=path), most=30))
    for tier, jail in plain.items():
        found += [Way(f"{tier}", call(jail, SOURCE)), Way(f"{tier}, 1,000 cases", cases(jail, SOURCE))]
        found += [Way(f"{tier}, asks", asks(jail)), Way(f"{tier}, jobs", jobs(jail, evaluators[tier]))]
    for tier, jail in numeric.items():
        found += [Way(f"{tier}, numpy", call(jail, NUMERIC)), Way(f"{tier}, numpy, 1,000 cases", cases(jail, NUMERIC))]
        found.append(Way(f"{tier}, numpy, kill", kill(jail), most=5))
    best = next(iter(plain))
    found.append(Way(f"{best}, tree", call(plain[best], SOURCE, {f"data{i}.json": b"1" * 100_000 for i in range(10)})))
    found.append(Way(f"{best}, answers", answers(plain[best])))
    return found


def figures(found: list[Way]) -> dict[str, dict[str, float]]:
    """What the goals speak of, for each tier."""
    median = {way.name: way.median for way in found}
    return {
        tier: {
            "numpy call ms": median[f"{tier}, numpy"],
            "numpy call / plain import of numpy": median[f"{tier}, numpy"] / median["interpreter, import numpy"],
            "case us": (median[f"{tier}, 1,000 cases"] - median[tier]) / CASES * 1000,
            "numpy case us": (median[f"{tier}, numpy, 1,000 cases"] - median[f"{tier}, numpy"]) / CASES * 1000,
            "question us": median[f"{tier}, asks"] * 1000,
            "job us": median[f"{tier}, jobs"] * 1000,
            "kill ms": median[f"{tier}, numpy, kill"] - KILLED_AFTER_S * 1000,
        }
        for tier in TIERS
        if tier in median
    }


def show(found: list[Way], absent: dict[str, str]) -> None:
    """A table for people."""
    for way in found:
        tail = statistics.quantiles(way.times, n=10)[-1] if len(way.times) > 1 else way.median
        print(f"{way.name:28} median {way.median:8.2f} ms   90 % below {tail:8.2f} ms   {len(way.times):4} times")
    for tier, values in figures(found).items():
        print(f"\n{tier}")
        for name, value in values.items():
            goal = GOALS[name.removeprefix("numpy ") if "case" in name else name]
            print(f"  {name:36} {value:8.3f}   goal {goal:g}{'' if value <= goal else '   MISSED'}")
    for tier, why in absent.items():
        print(f"\n{tier} cannot be had here: {why}")


def main() -> None:
    """Measure every way, one after the other, again and again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=int, nargs="?", default=100)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    wanted = parser.parse_args()
    absent = {tier: why for tier in TIERS if (why := unreachable(tier)) is not None}
    reached = [tier for tier in TIERS if tier not in absent]
    plain = {tier: ZygoteJail(tier=tier) for tier in reached}
    numeric = {tier: ZygoteJail(tier=tier, preload=("numpy",)) for tier in reached}
    others = {tier: ZygoteJail(tier=tier) for tier in reached}
    evaluators = {tier: Evaluator(jail, {"guest.py": EVALUATOR.encode()}, "guest", limits=WORKING) for tier, jail in others.items()}
    found = ways(plain, numeric, evaluators)
    for _ in range(wanted.calls):
        for way in found:
            way.measure()
    for evaluator in evaluators.values():
        evaluator.close()
    for jail in (*plain.values(), *numeric.values(), *others.values()):
        jail.close()
    if wanted.json:
        medians = {way.name: round(way.median, 4) for way in found}
        print(json.dumps({"median_ms": medians, "figures": figures(found), "goals": GOALS, "absent": absent}, indent=2))
    else:
        show(found, absent)


if __name__ == "__main__":
    main()
