"""The page about the judge: its example runs as it stands there, on the judge alone."""

import re
import subprocess
import sys

from tests.architecture.source import ROOT

PAGE = (ROOT / "docs/judge.md").read_text("utf-8")


def example() -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(code)


def test_the_example_has_about_fifteen_lines_and_finds_the_two_edits_that_help() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) <= 16
    ended = subprocess.run([sys.executable, "-c", example()], capture_output=True, text=True, timeout=60, check=True)
    told = {line.rsplit(" ", 2)[0]: line.rsplit(" ", 2)[1] for line in ended.stdout.splitlines()}
    assert told["cache answers"] == told["retry twice"] == "accepted"
    assert told["longer prompt"] == "dropped"


def test_the_judge_loads_nothing_but_records_and_the_standard_library() -> None:
    program = "import sys, rsi.kernel.judge; print(*sorted(m for m in sys.modules if m.startswith('rsi.') and '.judge' not in m))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert {name.split(".")[1] for name in ended.stdout.split()} <= {"core", "kernel"}
