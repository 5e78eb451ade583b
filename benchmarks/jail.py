"""What one jailed call costs: medians of a bare interpreter, of one in bubblewrap, and of our jail at each tier, interleaved in one run.

    python benchmarks/jail.py [calls]

Every way answers the same question (`f(x)` of a module of one line, JSON in, JSON out). `tree` adds a megabyte of files to our call,
`answers` runs 300 answers on 10 probes each in one call.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rsi.core.protocols import Call
from rsi.core.records import Outcome
from rsi.kernel.sandbox import TIERS, ZygoteJail, unreachable
from rsi.kernel.sandbox.launch import launch

__all__ = ["main"]

SOURCE = "def f(x):\n    return x\n"
SCRIPT = "import json, sys\n" + SOURCE + "print(json.dumps(f(json.load(sys.stdin))))"


def bare() -> None:
    """One interpreter per call, not isolated in any way."""
    _ask([sys.executable, "-I", "-S", "-c", SCRIPT])


def wrapped() -> None:
    """One interpreter per call inside bubblewrap."""
    command = list(launch("S3", ()).command)
    _ask([*command[: command.index("-c")], "-c", SCRIPT])


def _ask(command: list[str]) -> None:
    done = subprocess.run(command, input="5", capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == 5


def ours(jail: ZygoteJail, files: dict[str, bytes]) -> Callable[[], None]:
    """One call of our jail with these files."""

    def act() -> None:
        reply = jail.call(Call(files={"guest.py": SOURCE.encode(), **files}, module="guest", function="f", payload=5))
        assert reply.outcome is Outcome.ANSWERED and reply.value == 5

    return act


def answers(jail: ZygoteJail) -> Callable[[], None]:
    """300 answers on 10 probes each."""
    files = {"answers.py": (Path(__file__).parents[1] / "src/rsi/kernel/sandbox/answers.py").read_bytes()}
    jobs = [{"source": "def f(xs):\n    return [x + 1 for x in xs if x > min(xs)]", "probes": [[1, 2, 3, 4, 5]] * 10}] * 300

    def act() -> None:
        reply = jail.call(Call(files=files, module="answers", function="run", payload={"answers": jobs, "seconds": 1.0}))
        assert reply.outcome is Outcome.ANSWERED

    return act


def main() -> None:
    """Print one line per way: median and 90th percentile in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", type=int, nargs="?", default=100)
    calls = parser.parse_args().calls
    jails = [ZygoteJail(tier=tier) for tier in TIERS if unreachable(tier) is None]
    ways: dict[str, Callable[[], None]] = {"bare interpreter": bare}
    if unreachable("S3") is None:
        ways["interpreter in bubblewrap"] = wrapped
    ways |= {f"our jail, {jail.tier}": ours(jail, {}) for jail in jails}
    ways |= {f"our jail, {jails[0].tier}, tree": ours(jails[0], {f"data{i}.json": b"1" * 100_000 for i in range(10)})}
    ways |= {f"our jail, {jails[0].tier}, answers": answers(jails[0])}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(calls):
        for name, act in ways.items():
            began = time.perf_counter()
            act()
            spent[name].append((time.perf_counter() - began) * 1000)
    for name, times in spent.items():
        print(f"{name:32} median {statistics.median(times):7.2f} ms   90 % below {statistics.quantiles(times, n=10)[-1]:7.2f} ms")
    for jail in jails:
        jail.close()


if __name__ == "__main__":
    main()
