"""Runs on a target: agents that stay as they are improve a program that is not theirs."""

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rsi.analytics import progress_of
from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import UserError
from rsi.core.protocols import Call, Entry, Files, Jail, Reply, Serve
from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.loop.machine import ITSELF, Staff
from rsi.loop.run import run
from rsi.loop.shell import Shell
from rsi.loop.verify import verify
from rsi.testing.fake_jail import InProcessJail
from rsi.testing.gateway import ScriptedGateway
from rsi.testing.in_memory import MemoryArchive, live_in_memory
from rsi.testing.toy_target import skill_agent, skill_config, skill_parts, skill_target, skill_told

ASKER = """\
def diagnose(message, ask):
    return {"limitations": [{"id": "x", "kind": "said", "text": repr(ask({"evaluate": {}})), "evidence": None}], "memory": None}


def propose(message, ask):
    said = [ask(question) for question in QUESTIONS]
    return {"proposals": [], "memory": {"message": message, "said": said}, "programs": 0}
"""


class Watching(InProcessJail):
    """Remembers what agents were told."""

    def __init__(self, told: list[Any]) -> None:
        super().__init__()
        self.told = told

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        reply = super().call(call, serve)
        if call.function in ("propose", "diagnose", "learn"):
            self.told.append((call.function, call.payload, reply.value))
        return reply


def live(
    agents: Mapping[str, Files],
    *,
    seed: int = 1,
    told: list[Any] | None = None,
    gateway: ScriptedGateway | None = None,
    shell: Shell | None = None,
    **settings: Any,
) -> tuple[list[Entry], MemoryArchive]:
    config = skill_config(seed=seed, agents=tuple(agents), **settings)
    archive, seen = MemoryArchive(), list[Entry]()
    jail: list[Any] = [] if told is None else told
    parts = skill_parts(config, lambda: Watching(jail))
    staff = Staff(agents=agents, gateway=gateway, shell=shell)
    live_in_memory(config, skill_target(), parts, archive=archive, observer=seen.append, staff=staff, target=skill_told())
    return seen, archive


def bodies(seen: list[Entry], kind: str) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in seen if entry.kind == kind and isinstance(entry.body, dict)]


def asker(*questions: Any) -> Files:
    return skill_agent(main=f"QUESTIONS = {list(questions)!r}\n\n\n{ASKER}")


def skill_of(files: Files) -> float:
    return float(files["solution.py"].split(b"=")[1].split()[0])


def test_agents_improve_the_target_and_stay_as_they_are() -> None:
    told: list[Any] = []
    seen, archive = live({"tinker": skill_agent()}, told=told)
    skills = [skill_of(archive.files(CandidateId(body["candidate"]))) for body in bodies(seen, "incumbent.changed")]
    assert skills and skills == sorted(skills) and skills[0] > 0.3
    (started,) = bodies(seen, "run.started")
    (agent,) = started["agents"]
    assert archive.files(CandidateId(agent["candidate"])) == skill_agent() and started["target"] == skill_told()
    assert {body["agent"] for body in bodies(seen, "proposal.made") if "removes" not in body} == {"tinker"}
    assert {body["improver"] for body in bodies(seen, "job.done") if body["call"] == "propose"} == {agent["candidate"]}
    practised = [body for body in bodies(seen, "job.done") if body["call"] == "practise"]
    assert practised and all(body["improver"] != agent["candidate"] and body["tasks"] == body["programs"] == 4 for body in practised)
    assert bodies(seen, "certificate.issued")[0]["certificate"]["gain"] > 0
    history = [message["history"] for call, message, _ in told if call == "propose"][-1]
    assert history and {line["agent"] for line in history} <= {"tinker", "rsi"} and all("solution.py" in line["diff"] for line in history)
    hopeless = [line["why"] for line in history if line["why"].startswith("no prospect")]
    assert not any(letter.isdigit() for why in hopeless for letter in why)


def test_an_agent_is_told_of_the_target_and_of_practice_cases_and_of_nothing_hidden() -> None:
    told: list[Any] = []
    live({"asker": asker()}, told=told, programs=600)
    message = next(message for call, message, _ in told if call == "propose")
    assert message["target"]["files"]["solution.py"].startswith("SKILL") and message["target"]["metric"]["direction"] == "min"
    assert message["budget"]["model"] is None and message["budget"]["programs_left"] > 0
    assert [finding["case"] for finding in message["findings"]] == list(range(8))
    finding = next(finding for finding in message["findings"] if finding["score"] == 0)
    assert set(finding) == {"case", "id", "input", "output", "score", "label", "feedback", "outcome", "error"}
    assert finding["feedback"] == "more skill is needed" and "expected" not in json.dumps(message)


def test_trying_a_change_is_counted_by_the_kernel_and_refused_where_no_patch_may_go() -> None:
    better = "def solve(case):\n    return True\n"
    questions = [
        {"evaluate": {"files": {"solution.py": better}, "cases": [0, 7]}},
        {"evaluate": {"files": {"fixed.py": ""}, "cases": [0]}},
        {"evaluate": {"files": {"rsi-agent.toml": ""}, "cases": [0]}},
        {"evaluate": {"files": {"../out.py": ""}, "cases": [0]}},
        {"evaluate": {"files": {}, "cases": [8]}},
        {"evaluate": {"files": {"solution.py": None}, "cases": [1]}},
        {"evaluate": {"files": {}, "cases": [0, 1, 2, 3, 4, 5]}},
        {"chat": {"messages": []}},
        {"what": 1},
    ]
    told: list[Any] = []
    seen, _ = live({"asker": asker(*questions)}, told=told, programs=600)
    said = next(answer for call, _, answer in told if call == "propose")["memory"]["said"]
    assert [result["score"] for result in said[0]["results"]] == [1, 1] and said[0]["left"] == 6
    assert [reply["error"] for reply in said[1:3]] == ["fixed.py is protected", "rsi-agent.toml is protected"]
    assert "plain names" in said[3]["error"] and "0 to 7" in said[4]["error"]
    assert said[5]["results"][0]["score"] is None and "solution" in said[5]["results"][0]["error"] and said[5]["left"] == 5
    assert said[6] == {"error": "6 programs were asked for", "left": 5}
    assert said[7]["error"]["type"] == "no_model" and "evaluate" in said[8]["error"]
    job = next(body for body in bodies(seen, "job.done") if body["call"] == "propose")
    assert job["programs"] == 3
    assert "evaluate has files" in bodies(seen, "cycle.opened")[0]["cycle"]["limitations"][0]["text"]


def test_an_agent_that_never_proposes_anything_is_asked_three_times() -> None:
    seen, _ = live({"asker": asker()})
    assert len(bodies(seen, "cycle.opened")) == 3 and bodies(seen, "run.ended")[0]["reason"] == "nothing to try"


def test_an_agent_that_fails_is_asked_no_more_and_the_others_go_on() -> None:
    seen, _ = live({"broken": skill_agent(main="def propose(message, ask):\n    return 1 / 0\n"), "tinker": skill_agent()})
    calls = Counter((body["agent"], body["outcome"]) for body in bodies(seen, "job.done") if body["call"] == "propose")
    assert 1 <= calls["broken", "crashed"] <= 3 and calls["tinker", "answered"] > 0
    assert {body["by"] if "by" in body else body["agent"] for body in bodies(seen, "cycle.opened")} == {"tinker"}
    alone, _ = live({"broken": skill_agent(main="def propose(message, ask):\n    return 1 / 0\n")})
    assert bodies(alone, "run.ended")[0]["reason"] == "the improver failed 3 times in a row"


COMMENTS = '''\
import hashlib


def propose(message, ask):
    text = message["target"]["files"]["solution.py"]
    before = hashlib.sha256(text.encode()).hexdigest()
    made = [text + "\\n# a remark\\n", text.replace("0.3", "0.5"), '"""What?"""\\n' + text.replace("0.3", "0.5")]
    return {"proposals": [one(before, after) for after in made[: message["count"]]], "memory": None, "programs": 0}


def one(before, after):
    edit = {"path": "solution.py", "before": before, "after": after}
    guess = {"p_better": 0.5, "low": 0.0, "high": 0.1}
    return {"surface": "code", "limitation": "", "reason": "try", "edits": [edit], "prediction": guess}
'''


def test_what_is_the_same_program_but_for_comments_is_refused_with_the_reason() -> None:
    seen, _ = live({"remarks": skill_agent(main=COMMENTS)}, programs=600)
    reasons = [body["reason"] for body in bodies(seen, "proposal.refused")]
    assert any("the version that the run began with" in reason and "comments" in reason for reason in reasons)


@pytest.mark.parametrize("said", ["null", "{'p_better': 0.5, 'low': -0.05, 'high': 0.05}"])
def test_what_was_proposed_without_a_prediction_is_judged_and_scores_nobodys_foresight(said: str) -> None:
    main = COMMENTS.replace('[text + "\\n# a remark\\n", ', "[").replace('{"p_better": 0.5, "low": 0.0, "high": 0.1}', said)
    seen, _ = live({"silent": skill_agent(main=main.replace("null", "None"))}, programs=900)
    made, progress = [body for body in bodies(seen, "proposal.made") if "removes" not in body], progress_of(seen)
    judged = [body for body in bodies(seen, "verdict.given") if "removes" not in body and body["belief"] is not None]
    assert made and judged and not bodies(seen, "proposal.malformed")
    if said == "null":
        assert all(body["foretold"] is False for body in made) and progress.predictions is None
        assert {attempt.prediction for attempt in progress.attempts.values()} == {None}
    else:
        assert not any("foretold" in body for body in made) and progress.predictions is not None


def test_chats_go_to_the_gateway_and_stand_in_the_log_without_texts() -> None:
    request = {"messages": [{"role": "user", "content": "What is better?"}]}
    gateway, told = ScriptedGateway(["A larger number."]), list[Any]()
    seen, _ = live({"asker": asker({"chat": request})}, told=told, gateway=gateway, programs=600)
    said = next(answer for call, _, answer in told if call == "propose")["memory"]["said"]
    assert said[0]["chat"]["choices"][0]["message"]["content"] == "A larger number." and "called" not in said[0]
    calls = bodies(seen, "model.called")
    assert len(calls) == len(gateway.bodies) == 3 and all(body["model"] == "scripted" for body in calls)
    assert "larger" not in json.dumps([entry.body for entry in seen if entry.kind == "model.called"])


def test_commands_of_a_model_run_on_the_changed_tree_for_a_program_each_and_stand_in_the_log_whole() -> None:
    ran: list[tuple[bytes, str]] = []

    def shell(files: Files, commands: str) -> dict[str, Any]:
        ran.append((files["solution.py"], commands))
        return {"code": 0, "output": "fi\u202ene", "changed": {"solution.py": "SKILL = 1\n"}}

    wish = {"files": {"solution.py": "SKILL = 0.9\n"}, "commands": "cat solution.py"}
    wrong: list[Any] = [{"files": {"fixed.py": ""}, "commands": "ls"}, {"files": {}, "commands": " "}, {"files": 1, "commands": "ls"}, "ls"]
    told: list[Any] = []
    agents = {"asker": asker(*[{"shell": one} for one in (*wrong, *[wish] * 7)])}
    place = Shell(run=shell, wall_s=7.0)
    seen, archive = live(agents, told=told, gateway=ScriptedGateway(["hello"]), shell=place, programs=600)
    call, message, answer = next(one for one in told if one[0] == "propose")
    assert message["budget"]["shell"] == {"runs": 10, "wall_s": 7.0}
    said = answer["memory"]["said"]
    assert [one["error"] for one in said[:4]] == [
        "fixed.py is protected",
        "commands are a text of at most 20000 characters",
        "files is an object of texts by path; null takes a file away",
        "shell has files and commands",
    ]
    assert said[4] == {"code": 0, "output": "fine", "changed": {"solution.py": "SKILL = 1\n"}} and said[9] == said[4]
    assert said[10]["error"] == {"type": "budget", "message": "all 10 runs of commands of this call are used"}
    assert ran[:6] == [(b"SKILL = 0.9\n", "cat solution.py")] * 6
    job = next(body for body in bodies(seen, "job.done") if body["call"] == "propose")
    log = json.loads(archive.blob(job["asked"]))
    assert job["programs"] == 6 and len(log["ran"]) == 10
    noted = {"commands": "cat solution.py", "files": ["solution.py"], "code": 0, "output": "fine", "changed": ["solution.py"]}
    assert log["ran"][4:] == [noted] * 6 and log["ran"][0] == {"commands": "ls", "files": ["fixed.py"], "error": "fixed.py is protected"}
    assert "no_model" not in str(said) and call == "propose"


def test_without_models_or_a_place_for_them_no_commands_run() -> None:
    told: list[Any] = []
    wish = {"shell": {"files": {}, "commands": "ls"}}
    place = Shell(run=lambda files, commands: {"code": 0, "output": "", "changed": {}}, wall_s=7.0)
    live({"asker": asker(wish)}, told=told, shell=place, programs=600)
    live({"asker": asker(wish)}, told=told, gateway=ScriptedGateway(["hello"]), programs=600)
    answers = [answer["memory"]["said"][0] for call, _, answer in told if call == "propose"]
    assert answers and not any("code" in one for one in answers)


def test_a_target_that_is_an_agent_can_be_asked_to_improve_itself() -> None:
    main = skill_agent()["main.py"]
    files = {**skill_target(), "improve.py": main}
    manifest = b'name = "self"\nentry = "improve"\n\n[surfaces]\ncode = ["*.py"]\n'
    files["rsi-agent.toml"] = manifest
    config = skill_config(agents=(ITSELF,))
    seen, archive = list[Entry](), MemoryArchive()
    staff = Staff(agents={ITSELF: files})
    live_in_memory(config, files, skill_parts(config), archive=archive, observer=seen.append, staff=staff, target=skill_told())
    changed = [body["candidate"] for body in bodies(seen, "incumbent.changed")]
    asked = [body["improver"] for body in bodies(seen, "job.done") if body["call"] == "propose"]
    assert changed and changed[0] in asked, "a version that was kept proposes from then on"


def play(folder: Path, *, seed: int = 1, workers: int = 1, agent: Files | None = None, jail: type[Jail] = InProcessJail) -> list[Entry]:
    config, seen = skill_config(seed=seed), list[Entry]()
    result = run(
        folder,
        config,
        skill_target(),
        workers=workers,
        observer=seen.append,
        stop=threading.Event(),
        parts=skill_parts(config, jail),
        agents={"tinker": agent or skill_agent()},
        target=skill_told(),
    )
    assert result.finished
    return seen


def hand_in(folder: Path, base: str, text: str, after: str, prediction: object = None) -> None:
    edit = {"path": "solution.py", "before": sha256_hex(text.encode()), "after": after}
    body: Any = {
        "by": "hand:ada",
        "base": base,
        "surface": "code",
        "limitation": None,
        "reason": "I know better",
        "edits": [edit],
        "prediction": prediction,
    }
    name = hashlib.sha256(canonical(body)).hexdigest()
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    (folder / "inbox" / f"{name}.json").write_bytes(canonical({"id": name, **body}))


def test_a_change_by_hand_is_taken_in_judged_and_stays_in_the_log_when_its_file_is_gone(tmp_path: Path) -> None:
    first = play(tmp_path / "alone")
    base = bodies(first, "run.started")[0]["start"]["id"]
    text = skill_target()["solution.py"].decode()
    folder = tmp_path / "run"
    hand_in(folder, base, text, text.replace("0.3", "0.95"))
    hand_in(folder, "0" * 64, text, "nonsense")
    (folder / "inbox" / "draft.json").write_text("{")
    seen = play(folder)
    (read,) = bodies(seen, "inbox.read")
    assert [item["by"] for item in read["items"]] == ["hand:ada", "hand:ada"]
    mine = [body["proposal"]["id"] for body in bodies(seen, "proposal.made") if body.get("agent") == "hand:ada"]
    assert len(mine) == 1 and "no candidate of this run" in bodies(seen, "proposal.malformed")[0]["reason"]
    assert mine[0] in {body["proposal"] for body in bodies(seen, "test.opened")}
    for path in (folder / "inbox").iterdir():
        path.unlink()
    config = skill_config()
    found = verify(folder, rejudge=2, parts=skill_parts(config))
    assert found.ok and found.finished and found.rejudged, found.problems


def test_the_log_cut_anywhere_is_taken_up_to_the_same_end_without_asking_agents_again(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    text = skill_target()["solution.py"].decode()
    base = bodies(play(tmp_path / "first"), "run.started")[0]["start"]["id"]
    hand_in(whole, base, text, text.replace("0.3", "0.4"))
    play(whole)
    lines = (whole / "log.jsonl").read_bytes().splitlines(keepends=True)
    digest = FileEventLog.read(whole / "log.jsonl").digest()
    for cut in (len(lines) // 3, len(lines) - 2):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "log.jsonl").write_bytes(b"".join(lines[:cut]))
        GitArchive(folder / "objects.git").close()
        _copy(whole / "objects.git", folder / "objects.git")
        play(folder)
        assert FileEventLog.read(folder / "log.jsonl").digest() == digest


def _copy(source: Path, place: Path) -> None:
    for path in source.rglob("*"):
        target = place / path.relative_to(source)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())


def test_a_run_goes_on_only_with_the_same_agents_and_target(tmp_path: Path) -> None:
    config, stop = skill_config(), threading.Event()
    stop.set()

    def begin(agent: Files, told: Any) -> None:
        parts = skill_parts(config)
        run(
            tmp_path,
            config,
            skill_target(),
            workers=1,
            observer=lambda entry: None,
            stop=stop,
            parts=parts,
            agents={"tinker": agent},
            target=told,
        )

    begin(skill_agent(), skill_told())
    with pytest.raises(UserError, match="other agents"):
        begin(skill_agent((0.5,)), skill_told())
    told: Any = skill_told()
    with pytest.raises(UserError, match="another target"):
        begin(skill_agent(), {**told, "hashes": {"fixed.py": "0" * 64}})
