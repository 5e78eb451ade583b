"""Importing does nothing and costs little."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.architecture.source import SRC, shipped

MOST_CPU_S = 0.150
# Modules that import the package of an extra; without it they cannot be looked at.
EXTRAS = {"rsi.bridges.acp": "acp", "rsi.bridges.server": "mcp"}

# Runs in a fresh interpreter: imports the modules of argv and prints what happened besides importing.
PROBE = """
import _thread, json, os, signal, sys
done = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STARTS = ("socket.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn", "os.system", "os.putenv", "os.unsetenv")
CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate", "os.chdir")
def hook(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & WRITING or event.startswith(STARTS + CHANGES):
        done.append([event, str(args[:2])])
def state():
    signals = [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
    return {"environment": dict(os.environ), "folder": os.getcwd(), "signals": signals, "threads": _thread._count()}
sys.path.insert(0, sys.argv[1])
before = state()
sys.addaudithook(hook)
for name in sys.argv[2:]:
    __import__(name)
done += [["changed", key] for key, value in state().items() if value != before[key]]
print(json.dumps({"done": done, "modules": sorted(sys.modules)}))
"""


def probe(*names: str, source: Path = SRC) -> dict[str, list[Any]]:
    command = [sys.executable, "-B", "-c", PROBE, str(source), *names]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def cpu_s(statement: str) -> float:
    """CPU seconds of an interpreter that runs one statement, the least of several."""
    program = f"import sys, time; sys.path.insert(0, {str(SRC)!r}); {statement}; print(time.process_time())"
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=300).stdout for _ in range(5)]
    return min(float(run) for run in runs)


def test_import_rsi_has_no_side_effect_and_loads_only_the_standard_library() -> None:
    seen = probe("rsi")
    assert seen["done"] == []
    loaded = {name.partition(".")[0] for name in seen["modules"]}
    assert not loaded & {"pydantic", "pydantic_core", "rich", "cyclopts", "attrs", "subprocess", "socket", "sqlite3", "asyncio"}


def test_no_module_does_anything_when_it_is_imported() -> None:
    left_out = {"rsi.__main__", *(module for module, package in EXTRAS.items() if find_spec(package) is None)}
    seen = probe(*(module.name for module in shipped() if module.name not in left_out))
    assert seen["done"] == []


def test_import_rsi_takes_less_than_150_ms_of_cpu() -> None:
    assert cpu_s("import rsi") - cpu_s("pass") < MOST_CPU_S


def test_the_probe_sees_a_file_a_thread_a_process_and_a_changed_environment(tmp_path: Path) -> None:
    code = """
import os, subprocess, sys, threading
open(os.devnull, "w").close()
threading.Thread(target=threading.Event().wait, daemon=True).start()
subprocess.run([sys.executable, "-c", ""])
os.environ["RSI_PROBE"] = "1"
"""
    (tmp_path / "guilty.py").write_text(code)
    done = probe("guilty", source=tmp_path)["done"]
    assert {"open", "subprocess.Popen"} <= {event for event, _ in done}
    assert {"threads", "environment"} <= {what for event, what in done if event == "changed"}
