"""What breaks the rules of its jail is out for the whole run, and so is what descends from it; the run goes on without it."""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rsi.cli.run import _conclude
from rsi.config import RunConfig, from_json, to_json
from rsi.core.codec import sha256_hex
from rsi.core.protocols import Call, Entry, Reply, Serve
from rsi.core.records import CandidateId, Outcome, Pool
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.archive.index import Index
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.workspace import canary_of
from rsi.loop.run import LOG_FILE, OBJECTS_FOLDER, RunResult, run
from rsi.loop.verify import verify
from rsi.reports import write_report
from rsi.suites import secret_seeds
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts

MAIN = """\
import hashlib
import json


def _read(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def build(payload):
    return {"skill": json.loads(_read("skill.json"))["skill"] + (0.4 if _hash("traitor.txt") else 0.0)}


def solve(payload):
    skill = json.loads(_read("build.json"))["skill"]
    return {"answers": [_answer(case["id"], skill) for case in payload["cases"]]}


def _answer(case, skill):
    luck = int(hashlib.sha256(case.encode()).hexdigest()[:8], 16) / 2**32
    return {"answer": "def f(xs):\\n    return sum(xs)\\n" if luck < skill else None, "programs": 1}


def practise(payload):
    return {"findings": None, "programs": 0, "solved": 0, "tasks": 0}


def diagnose(payload):
    return {"limitations": [], "memory": payload["memory"]}


def learn(payload):
    return {"memory": payload["memory"]}


def propose(payload):
    script, begun = json.loads(_read("script.json")), payload["memory"] or 0
    items = script[begun : begun + payload["count"]]
    return {"proposals": [_proposal(edits) for edits in items], "memory": begun + len(items), "programs": 0}


def _proposal(edits):
    return {
        "surface": "training",
        "limitation": "weak",
        "reason": "script",
        "edits": [{"path": path, "before": _hash(path), "after": after} for path, after in edits],
        "prediction": {"p_better": 0.5, "low": -0.2, "high": 0.2},
    }


def _hash(path):
    try:
        return hashlib.sha256(_read(path).encode()).hexdigest()
    except FileNotFoundError:
        return None
"""
MANIFEST = b'name = "scripted"\nentry = "main"\nbuild = true\n\n[surfaces]\ntraining = ["**"]\n'
NAME = "forbidden system call"
BETTER = ["skill.json", json.dumps({"skill": 0.6})]
TRAITOR = ["traitor.txt", "it solves more and obeys no rule"]
SECRET = f"{secret_seeds(5)[Pool.SEALED]:x}"


class Told(ToyJail):
    """A jail in which a call is a violation where `offends` says so."""

    def __init__(self, offends: Callable[[Call], bool]) -> None:
        self._offends = offends

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        reply = super().call(call, serve)
        if call.module != "main" or not self._offends(call):
            return reply
        return replace(reply, outcome=Outcome.VIOLATION, value=None, reason=f"{NAME}: it ended the process")


class Story:
    """A run with a script of proposals, and what came of it."""

    def __init__(
        self, folder: Path, script: list[Any], offends: Callable[[Call], bool], jail: type[ToyJail] | None = None, **changed: int
    ) -> None:
        self.folder, self.files = folder, toy_agent(replaced=self._tree(script))
        self.config = config(**changed)
        self.parts = toy_parts(self.config, jail or (lambda: Told(offends)))
        self.entries: list[Entry] = []
        self.result = self.play()

    @staticmethod
    def _tree(script: list[Any]) -> Mapping[str, bytes]:
        # The agent itself may not hold the secret: it is spelled so that only the proposal does.
        spelled = json.dumps(script).replace(SECRET, "".join(f"\\u{ord(digit):04x}" for digit in SECRET))
        return {"main.py": MAIN.encode(), "rsi-agent.toml": MANIFEST, "script.json": spelled.encode(), "skill.json": b'{"skill": 0.3}'}

    def play(self, stop_at: str = "") -> RunResult:
        stop = threading.Event()
        self.entries = []

        def observe(entry: Entry) -> None:
            self.entries.append(entry)
            if entry.kind == stop_at:
                stop.set()

        return run(self.folder, self.config, self.files, workers=2, observer=observe, stop=stop, parts=self.parts)

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        return [entry.body for entry in self.entries if entry.kind == kind and isinstance(entry.body, dict)]

    def accepted(self) -> list[str]:
        return [body["candidate"] for body in self.bodies("incumbent.changed")]

    def digest(self) -> str:
        return FileEventLog.read(self.folder / LOG_FILE).digest()


def config(cycles: int = 12, horizon: int = 24, abreast: int = 1) -> RunConfig:
    data: Any = to_json(toy_config(seed=5, programs=60_000, horizon=horizon, open=abreast))
    data["run"]["cycles"] = cycles
    data["propose"]["count"] = abreast
    return from_json(data)


def is_traitor(call: Call) -> bool:
    return "traitor.txt" in call.files


def note(name: str, text: str = "x = 1\n") -> list[list[str]]:
    return [[f"notes/{name}", text]]


BETRAYAL = [[BETTER], [TRAITOR], *(note(name) for name in "abcdef")]
"""A change that helps, one that helps more and offends later, and some that change nothing."""


@pytest.mark.parametrize("call", ["build", "solve"])
def test_a_candidate_with_a_violation_is_rejected_at_once_and_its_change_is_never_tried_again(tmp_path: Path, call: str) -> None:
    script = [[TRAITOR], [["notes/other", TRAITOR[1]]], [TRAITOR, *note("filler")], [BETTER]]
    story = Story(tmp_path / "run", script, lambda made: is_traitor(made) and made.function == call)
    verdicts = [body["verdict"] for body in story.bodies("verdict.given")]
    assert [(verdict["is"], verdict.get("reason")) for verdict in verdicts] == [("Rejected", f"quarantined: {NAME}"), ("Accepted", None)]
    why = f"quarantined: the change of p0000, which was quarantined for: {NAME}"
    assert [(body["proposal"], body["reason"]) for body in story.bodies("proposal.refused")] == [("p0001", why), ("p0002", why)]
    rows = [row for body in story.bodies("trials.done") if body["candidate"] == verdicts[0]["candidate"] for row in body["trials"]]
    assert len(rows) in ((4, 8) if call == "solve" else (0,)), "no round is drawn with it any more"
    assert all((row["outcome"], row["label"], row["score"]) == ("violation", NAME, None) for row in rows)
    assert len(story.bodies("certificate.issued")) == 1 and not story.bodies("lineage.quarantined")


def test_where_only_a_mix_of_changes_offends_each_stands_alone_and_who_offends_on_top_of_the_other_is_out(tmp_path: Path) -> None:
    def offends(call: Call) -> bool:
        return call.function == "solve" and is_traitor(call) and "notes/a" in call.files

    story = Story(tmp_path / "run", [[TRAITOR], note("a"), note("b")], offends, abreast=3, horizon=3)
    blocks = story.bodies("trials.done")
    mixed = [body for body in blocks if body["race"] and len(body["race"]["on"]) > 1 and body["trials"][0]["outcome"] == "violation"]
    assert mixed, "two changes that offend together were on together"
    alone = {
        body["candidate"] for body in blocks if body["race"] is None and body["pool"] == "judge" and body["first"] == mixed[0]["first"]
    }
    tests = {body["proposal"]: body["candidate"] for body in story.bodies("test.opened")}
    assert alone == {*(tests[name] for name in mixed[0]["race"]["on"]), mixed[0]["race"]["incumbent"]}
    fates = {body["proposal"]: body["verdict"] for body in story.bodies("verdict.given")}
    assert (fates["p0000"]["is"], fates["p0002"]["is"]) == ("Accepted", "Rejected")
    assert fates["p0001"]["reason"] == f"quarantined: {NAME}" and "quarantined" not in fates["p0002"]["reason"]
    assert not story.bodies("lineage.quarantined")
    assert verify(story.folder, 200, parts=story.parts).ok, "every block comes out again, mixes too"


def test_of_a_guilty_change_and_an_innocent_one_that_were_on_together_only_the_guilty_one_is_out(tmp_path: Path) -> None:
    calls = 0

    def offends(call: Call) -> bool:
        nonlocal calls
        calls += call.function == "solve"
        return call.function == "solve" and "notes/bad" in call.files and ("notes/a" in call.files or calls > 30)

    story = Story(tmp_path / "run", [[BETTER], note("bad"), note("a")], offends, abreast=3)
    fates = {body["proposal"]: body["verdict"] for body in story.bodies("verdict.given")}
    assert fates["p0001"]["reason"] == f"quarantined: {NAME}"
    assert fates["p0000"]["is"] == "Accepted" and fates["p0002"]["reason"].startswith("no prospect")


@pytest.mark.parametrize("call", ["learn", "practise", "diagnose", "propose"])
def test_an_incumbent_that_offends_is_undone_and_the_run_goes_on_from_the_version_before_it(tmp_path: Path, call: str) -> None:
    story = Story(tmp_path / "run", BETRAYAL, lambda made: is_traitor(made) and made.function == call)
    better, traitor = story.accepted()
    (gone,) = story.bodies("lineage.quarantined")
    assert (gone["candidate"], gone["undone"], gone["incumbent"], gone["before"]) == (traitor, [traitor], better, traitor)
    assert (gone["call"], gone["name"]) == (call, NAME)
    place = next(entry.seq for entry in story.entries if entry.kind == "lineage.quarantined")
    later = [body for entry in story.entries[place + 1 :] if isinstance(body := entry.body, dict) and entry.kind == "job.done"]
    assert {body["improver"] for body in later if body["call"] != "build" and body["outcome"] == "answered"} == {better}
    assert story.bodies("certificate.issued")[0]["certificate"]["release"] == better
    assert memory_behind(story, place + 1) == memory_behind(story, crowned(story, traitor), backwards=True) + 1
    assert story.bodies("verdict.given")[-1]["verdict"]["is"] == "Rejected", "it goes on to try what is left"


def crowned(story: Story, version: str) -> int:
    return next(
        e.seq for e in story.entries if e.kind == "incumbent.changed" and isinstance(e.body, dict) and e.body["candidate"] == version
    )


def memory_behind(story: Story, place: int, *, backwards: bool = False) -> int:
    """The memory that the first whole proposal call behind (or the last before) an entry left: how many items were proposed."""
    entries = story.entries[:place][::-1] if backwards else story.entries[place:]
    with closing(GitArchive(story.folder / OBJECTS_FOLDER, create=False)) as archive:
        calls = (entry.body for entry in entries if entry.kind == "job.done")
        names = (body["result"] for body in calls if isinstance(body, dict) and body["call"] == "propose" and body["result"])
        memory: int = json.loads(archive.blob(str(next(names))))["memory"]
        return memory


def test_an_incumbent_that_offends_while_cases_are_solved_is_undone_too(tmp_path: Path) -> None:
    seen: list[Call] = []

    def offends(call: Call) -> bool:
        if call.function == "solve" and is_traitor(call):
            seen.append(call)
        return call.function == "solve" and is_traitor(call) and len(seen) > 60

    story = Story(tmp_path / "run", BETRAYAL, offends)
    (gone,) = story.bodies("lineage.quarantined")
    assert (gone["call"], gone["incumbent"]) == ("solve", story.accepted()[0])
    assert story.result.finished and verify(story.folder, parts=story.parts).problems == ()


def test_a_release_that_offends_on_sealed_cases_is_undone_and_nothing_is_certified(tmp_path: Path) -> None:
    sealed = {case.id for case in toy_parts(config()).suite.cases(Pool.SEALED, 0, 40)}

    def offends(call: Call) -> bool:
        cases = call.payload.get("cases") if isinstance(call.payload, dict) else None
        return is_traitor(call) and isinstance(cases, list) and any(case["id"] in sealed for case in cases if isinstance(case, dict))

    story = Story(tmp_path / "run", BETRAYAL, offends)
    assert [body["incumbent"] for body in story.bodies("lineage.quarantined")] == [story.accepted()[0]]
    assert not story.bodies("certificate.issued") and story.result.finished
    head = (story.folder / OBJECTS_FOLDER / "refs").rglob("release*")
    assert [path.read_text().strip() for path in head if path.is_file()] in ([], [story.accepted()[0]])


@pytest.mark.parametrize("call", ["build", "practise"])
def test_a_version_0_that_offends_ends_the_run_with_the_reason(tmp_path: Path, call: str) -> None:
    story = Story(tmp_path / "run", [[BETTER]], lambda made: made.function == call)
    reason = f"quarantined: version 0 itself broke its jail in {call}: {NAME}"
    assert story.result == RunResult(finished=True, reason=reason)
    assert story.bodies("lineage.quarantined")[0]["incumbent"] is None
    assert {body["purpose"] for body in story.bodies("trials.done")} <= {"calibration"} and not story.bodies("proposal.made")
    assert write_report(story.folder)["ended"] == reason
    assert verify(story.folder, parts=story.parts).ok


def test_a_run_with_quarantines_verifies_replays_and_is_indexed_as_it_ended(tmp_path: Path) -> None:
    def offends(call: Call) -> bool:
        return is_traitor(call) and call.function == "propose"

    whole = Story(tmp_path / "whole", BETRAYAL, offends)
    assert verify(whole.folder, 3, parts=whole.parts).problems == ()
    with closing(Index.rebuild(None, whole.entries)) as index:
        view = index.run()
        states = {view.candidate.id: view.state for view in index.candidates()}
        kept = [candidate for cycle in index.cycles() for candidate in cycle.accepted]
    better, traitor = map(CandidateId, whole.accepted())
    assert view is not None and view.incumbent == better and kept == [better]
    assert (states[better], states[traitor]) == ("accepted", "undone")
    broken = Story(tmp_path / "broken", BETRAYAL, offends)
    assert broken.bodies("lineage.quarantined")
    log = (broken.folder / LOG_FILE).read_bytes().split(b"\n")
    for kind in (b'"lineage.quarantined"', b'"incumbent.changed"'):
        cut = next(number for number, line in enumerate(log) if kind in line)
        (broken.folder / LOG_FILE).write_bytes(b"\n".join(log[: cut + 1]) + b"\n")
        assert broken.play().finished
        assert broken.digest() == whole.digest()


def test_who_utters_the_canary_has_read_the_log_and_is_out(tmp_path: Path) -> None:
    canary = canary_of(toy_parts(config()).secrets)
    assert isinstance(canary, str)

    class Leaky(ToyJail):
        def call(self, call: Call, serve: Serve | None = None) -> Reply:
            reply = super().call(call, serve)
            return replace(reply, stderr=f"I saw {canary[::-1]}") if call.module == "main" and is_traitor(call) else reply

    story = Story(tmp_path / "run", [[TRAITOR], [BETTER]], lambda call: False, Leaky)
    assert story.bodies("run.started")[0]["canary"] == canary
    verdicts = [body["verdict"] for body in story.bodies("verdict.given")]
    assert [(verdict["is"], verdict.get("reason")) for verdict in verdicts] == [
        ("Rejected", "quarantined: canary of the run"),
        ("Accepted", None),
    ]


def test_the_report_and_the_summary_tell_who_offended_and_what_was_undone(tmp_path: Path) -> None:
    story = Story(tmp_path / "run", BETRAYAL, lambda made: is_traitor(made) and made.function == "diagnose")
    better, traitor = story.accepted()
    summary: Any = write_report(story.folder)
    start = story.bodies("run.started")[0]["start"]["id"]
    assert [(one["name"], one["call"], one["candidate"], one["improver"], one["times"]) for one in summary["violations"]] == [
        (NAME, "diagnose", traitor, better, 1)
    ]
    assert [one["candidate"] for one in summary["accepted"]] == [better] and summary["release"]["candidate"] == better != start
    report = (story.folder / "report.md").read_text(encoding="utf-8")
    section = report.partition("## What candidates tried")[2].partition("\n## ")[0]
    assert f"| {NAME} | {traitor[:12]} | p0001 | {better[:12]} | diagnosing itself | 1 call |" in section
    assert f"it was quarantined, the run went back to {better[:12]}" in section


def test_a_run_in_which_nobody_offended_says_so_in_one_line(tmp_path: Path) -> None:
    story = Story(tmp_path / "run", [[BETTER]], lambda call: False)
    write_report(story.folder)
    assert "No version broke the rules of its jail, and no proposal held a secret of the run." in (story.folder / "report.md").read_text()


def test_a_proposal_whose_tree_would_hold_a_secret_of_the_run_is_refused(tmp_path: Path) -> None:
    story = Story(tmp_path / "run", [note("a", f"x = 0x{SECRET}"), [BETTER]], lambda call: False)
    assert [body["reason"] for body in story.bodies("proposal.refused")] == [
        "secret in the tree: notes/a holds the secret seed of the sealed pool (plain)"
    ]


class Keeping(ToyJail):
    """A jail that keeps the calls it gets."""

    calls: list[Call] = []

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        self.calls.append(call)
        return super().call(call, serve)


def test_every_call_gets_exactly_the_files_of_an_archived_candidate_and_the_product_of_its_own_build(tmp_path: Path) -> None:
    Keeping.calls = []
    story = Story(tmp_path / "run", [[BETTER], note("a"), note("b")], lambda call: False, Keeping)
    with closing(GitArchive(story.folder / OBJECTS_FOLDER, create=False)) as archive:
        added = [body["candidate"]["id"] for body in story.bodies("candidate.added")] + [story.bodies("run.started")[0]["start"]["id"]]
        trees = {tree_of(archive.files(name)): archive.tree(name) for name in added}
        products = {archive.tree(body["improver"]): body["result"] for body in story.bodies("job.done") if body["call"] == "build"}
        for call in Keeping.calls:
            if call.module == "main":
                files = dict(call.files)
                product = files.pop("build.json", None)
                tree = trees[tree_of(files)]
                assert product == (None if call.function == "build" else archive.blob(products[tree]))
    builds = [tree_of(call.files) for call in Keeping.calls if call.function == "build"]
    assert len(builds) == len(set(builds)) == 4, "built once per tree, in a call of its own"


def tree_of(files: Mapping[str, bytes]) -> str:
    return sha256_hex(repr(sorted(files.items())).encode())


def test_the_same_tree_is_judged_once_and_no_more_tests_open_than_the_horizon_allows(tmp_path: Path) -> None:
    script = [note("a"), note("a"), *(note(name) for name in "bcdefghij")]
    story = Story(tmp_path / "run", script, lambda call: False, cycles=20, horizon=3)
    reasons = {body["proposal"]: body["reason"] for body in story.bodies("proposal.refused")}
    assert reasons["p0001"] == "duplicate: p0000 made this very change before"
    assert len(story.bodies("test.opened")) == 3
    judged = [body for body in story.bodies("trials.done") if body["purpose"] == "judge"]
    cases = [(body["candidate"], row["case"]) for body in judged for row in body["trials"]]
    assert len(cases) == len(set(cases)), "one trial per version and case"


def test_the_command_line_ends_with_3_where_version_0_offended_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = Story(tmp_path / "run", [[BETTER]], lambda made: made.function == "practise")
    assert _conclude(story.folder, False, "is finished already") == 3
    assert "quarantined: version 0 itself broke its jail in practise: forbidden system call" in capsys.readouterr().err
