"""A whole run whose agent asks a language model: killed, taken up again, replayed offline, verified; and one with a wrong key."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rsi.cli.models import beside, compared, road
from rsi.config.model import ModelsConfig, RunConfig
from rsi.core.errors import UserError
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.sandbox import unreachable
from rsi.testing.chat_server import Answer, ChatServer, Seen
from tests.architecture.source import SRC

AGENT = """
import hashlib
from rsi_model import Model, Unanswered

def diagnose(message, ask=None):
    return {"limitations": [{"id": "l", "kind": "waste", "text": "room is wasted", "evidence": None}], "memory": None}

def learn(message, ask=None):
    return {"memory": message["memory"]}

def propose(message, ask=None):
    source, model, proposals = message["target"]["files"]["solution.py"], Model(ask, max_tokens=50), []
    left = message["budget"]["model"]
    for number in range(message["count"]):
        try:
            text = model([{"role": "user", "content": f"Number {number} of {len(message['history'])}. Left: {left}"}])
        except Unanswered:
            continue
        edit = {"path": "solution.py", "before": hashlib.sha256(source.encode()).hexdigest(),
                "after": source.replace("SPREAD = 1.0", f"SPREAD = {text}")}
        if edit["after"] != source:
            prediction = {"p_better": 0.5, "low": -0.1, "high": 0.1}
            proposals.append({"surface": "code", "limitation": "l", "reason": text, "edits": [edit], "prediction": prediction})
    return {"proposals": proposals, "memory": None, "programs": 0}
"""
MANIFEST = 'name = "asker"\nentry = "main"\nmodels = true\n[surfaces]\ncode = ["main.py"]\n'


def rsi(*words: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC), "MY_KEY": "the-key-of-the-test"}
    command = [sys.executable, "-m", "rsi", *words]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def told(*words: str, folder: Path) -> str:
    with rsi(*words, folder=folder) as process:
        out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, out
    return out


@pytest.fixture
def place(tmp_path: Path) -> Path:
    agent = tmp_path / "agent"
    agent.mkdir()
    (agent / "main.py").write_text(AGENT)
    (agent / "rsi-agent.toml").write_text(MANIFEST)
    (agent / "rsi_model.py").write_bytes((SRC / "rsi/agents/client/rsi_model.py").read_bytes())
    told("init", "packing", folder=tmp_path)
    return tmp_path


@pytest.fixture
def server(place: Path) -> Iterator[ChatServer]:
    def script(seen: Seen) -> Answer:
        if len(server.seen) % 7 == 3:
            return Answer(status=429, body=b"{}", headers={"retry-after": "0"})
        return Answer(text=f"{-random.Random(len(server.seen)).random():.3f}")

    with ChatServer(script) as server:
        text = f'[models]\nmodel = "openai:tiny"\nbase_url = "{server.base_url}"\nkey_env = "MY_KEY"\ncalls = 100\n'
        (place / "run.toml").write_text(text)
        yield server


RUN = ("run", "packing", "--agent", "agent", "--config", "run.toml", "--programs", "1000", "--plain")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_that_was_killed_goes_on_pays_for_no_answer_twice_and_is_replayed_offline(place: Path, server: ChatServer) -> None:
    calls = place / "first/models/calls.jsonl"
    process = rsi(*RUN, "--out", "first", folder=place)
    while not (calls.exists() and calls.read_text().count('"answer"') >= 2):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    process.kill()
    process.communicate()
    out = told(*RUN, "--out", "first", folder=place)
    assert "cycle 1" in out
    answers = [json.loads(line) for line in calls.read_text().splitlines() if '"answer"' in line]
    keys = [(one["purpose"], one["request"], one["ordinal"]) for one in answers]
    assert len(set(keys)) == len(keys) and len(server.seen) <= len(answers) * 7 / 6 + 3
    server.__exit__(None, None, None)
    again = told(*RUN, "--replay", "first", "--out", "again", folder=place)
    assert "Bit for bit the decisions of first" in again
    assert "verified" in told("verify", "first", folder=place)
    assert "the-key-of-the-test" not in "".join(path.read_text("utf-8", "replace") for path in place.glob("*/*/**/*") if path.is_file())


@pytest.mark.slow
def test_a_wrong_key_is_one_clear_line_and_with_the_right_one_the_same_command_goes_on(place: Path, server: ChatServer) -> None:
    script, server.script = server.script, lambda seen: Answer(status=401, body=b'{"error": {"message": "no such key"}}')
    with rsi(*RUN, "--out", "run", folder=place) as process:
        out, _ = process.communicate(timeout=600)
    assert process.returncode == 3
    (line,) = [line for line in out.splitlines() if "language model" in line]
    assert line.startswith("rsi: stopped after ") and "programs: language models could not be asked (auth: openai:tiny: the key" in line
    assert "was refused (401): no such key); nothing is lost: mend it and run the same command again" in line
    before = (place / "run/log.jsonl").read_bytes()
    server.script = script
    assert "taken up again" in told(*RUN, "--out", "run", folder=place)
    assert (place / "run/log.jsonl").read_bytes().startswith(before)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(unreachable("S3", "agent") is not None, reason="this machine does not offer the jail's agent profile")
def test_a_model_has_commands_run_and_a_replay_is_told_what_they_said_without_running_them(place: Path, server: ChatServer) -> None:
    commands = "cat /proc/sys/kernel/random/uuid; sed -i 's/SPREAD = 1.0/SPREAD = -0.5/' solution.py; ls"
    finish = Answer(text="```finish\nreason: closer\np_better: 0.7\n```")
    server.script = lambda seen: (
        finish if "exit status 0" in seen.body["messages"][-1]["content"] else Answer(text=f"```shell\n{commands}\n```")
    )
    words = ("run", "packing", "--agent", "llm", "--config", "run.toml", "--programs", "1000", "--plain")
    assert "(its own guess: 70 % likely better" in told(*words, "--out", "first", folder=place)
    jobs = [entry.body for entry in FileEventLog.read(place / "first/log.jsonl").entries() if entry.kind == "job.done"]
    asked = next(body["asked"] for body in jobs if isinstance(body, dict) and body["call"] == "propose")
    with closing(GitArchive(place / "first/objects.git")) as archive:
        ran = json.loads(archive.blob(str(asked)))["ran"]
    assert ran[0]["commands"] == commands and ran[0]["code"] == 0 and ran[0]["changed"] == ["solution.py"]
    assert "solution.py" in ran[0]["output"].split() and len(ran[0]["output"].split()[0]) == 36
    assert "Bit for bit the decisions of first" in told(*words, "--replay", "first", "--out", "again", folder=place)
    assert "verified" in told("verify", "first", folder=place)


def test_a_replay_needs_models_and_a_folder_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no \[models\]"):
        road(RunConfig(), tmp_path)
    with pytest.raises(UserError, match="no record of calls"):
        road(RunConfig(models=ModelsConfig(model="openai:x")), tmp_path)(tmp_path / "new")
    with pytest.raises(UserError, match="is the run that is replayed"):
        beside(Path("runs/a"), tmp_path, tmp_path)
    assert beside(Path("runs/a"), None, tmp_path) == Path("runs/a-replay")
    assert "no log" in compared(tmp_path, tmp_path / "nothing")
