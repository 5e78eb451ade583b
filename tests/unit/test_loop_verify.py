"""What `verify` finds: every planted lie is named with its entry or object, and an honest run is clean."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsi.core.errors import UserError
from rsi.core.protocols import Call, Entry, Jail, Reply, Serve
from rsi.core.records import Json
from rsi.kernel.audit.identity import kernel_hash
from rsi.kernel.audit.log import FileEventLog
from rsi.loop.run import run
from rsi.loop.verify import Verification, verify
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts

CONFIG = toy_config(seed=3)
Body = dict[str, Json]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest") / "run"
    run(folder, CONFIG, toy_agent(), workers=2, observer=lambda entry: None, stop=threading.Event(), parts=toy_parts(CONFIG))
    return folder


@pytest.fixture
def folder(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "run"))


def checked(folder: Path, rejudge: int = 0, make_jail: Callable[[], Jail] = ToyJail) -> Verification:
    return verify(folder, rejudge, parts=toy_parts(CONFIG, make_jail))


def forge(folder: Path, change: Callable[[Entry, Body], bool], kernel: str = kernel_hash()) -> int:
    """Rewrite the whole log with a fitting chain, changing the first entry for which `change` says so; its number."""
    path = folder / "log.jsonl"
    entries = list(FileEventLog.read(path).entries())
    path.unlink()
    log = FileEventLog(path, kernel=kernel)
    changed = -1
    for entry in entries:
        body = json.loads(json.dumps(entry.body))
        if changed < 0 and change(entry, body):
            changed = entry.seq
        log.append(entry.kind, body, entry.clock)
    log.close()
    assert changed >= 0
    return changed


def test_an_honest_run_verifies_and_its_trials_come_out_again(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = checked(folder, 6)
    assert found.ok and found.problems == () and found.entries > 50 and 6 * 2 <= found.rejudged <= 6 * 12 and found.mismatches == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_changed_byte_of_the_log_is_found_and_named(folder: Path) -> None:
    lines = (folder / "log.jsonl").read_bytes().split(b"\n")
    place = next(number for number, line in enumerate(lines) if b"p0000" in line)
    lines[place] = lines[place].replace(b"p0000", b"p0009", 1)
    (folder / "log.jsonl").write_bytes(b"\n".join(lines))
    found = checked(folder)
    assert not found.ok and f"entry {place}" in found.problems[0]


def test_a_forged_verdict_is_found_though_the_chain_fits(folder: Path) -> None:
    def lie(entry: Entry, body: Body) -> bool:
        verdict = body.get("verdict")
        if entry.kind != "verdict.given" or not isinstance(verdict, dict) or verdict["is"] != "Rejected":
            return False
        verdict["e_value"] = 1e9
        return True

    place = forge(folder, lie)
    found = checked(folder)
    assert not found.ok and found.problems[0].startswith(f"entry {place} (verdict.given) does not follow")


def test_a_forged_trial_is_found_by_the_verdict_that_it_does_not_lead_to(folder: Path) -> None:
    def lie(entry: Entry, body: Body) -> bool:
        if entry.kind != "trials.done":
            return False
        assert isinstance(body["trials"], list) and isinstance(body["trials"][0], dict)
        body["trials"][0]["score"] = 1.0 - (body["trials"][0]["score"] or 0.0)
        return True

    place = forge(folder, lie)
    found = checked(folder)
    assert not found.ok and "does not follow" in found.problems[0]
    assert int(found.problems[0].split()[1]) > place


@pytest.mark.parametrize("kind", ["candidate.added", "incumbent.changed", "certificate.issued", "run.ended"])
def test_a_removed_entry_is_found(folder: Path, kind: str) -> None:
    path = folder / "log.jsonl"
    entries = list(FileEventLog.read(path).entries())
    gone = next(entry for entry in entries if entry.kind == kind)
    path.unlink()
    log = FileEventLog(path, kernel=kernel_hash())
    for entry in entries:
        if entry.seq != gone.seq:
            log.append(entry.kind, entry.body, entry.clock)
    log.close()
    found = checked(folder)
    assert found.ok == (kind == "run.ended")  # a log without its end is one of a run that goes on
    assert kind == "run.ended" or f"entry {gone.seq} " in found.problems[0]


def test_an_entry_behind_the_end_is_found(folder: Path) -> None:
    log = FileEventLog(folder / "log.jsonl", kernel=kernel_hash())
    log.append("incumbent.changed", {}, None)
    log.close()
    found = checked(folder)
    assert not found.ok and "behind the end" in found.problems[0]


def test_a_changed_or_missing_object_is_found_with_the_entry_that_names_it(folder: Path) -> None:
    entry = next(entry for entry in FileEventLog.read(folder / "log.jsonl").entries() if entry.kind == "proposal.made")
    assert isinstance(entry.body, dict)
    name = str(entry.body["patch"])
    _unpack(folder / "objects.git")
    stored = folder / "objects.git" / "objects" / name[:2] / name[2:]
    content = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    changed = checked(folder)
    stored.unlink()
    missing = checked(folder)
    for found in (changed, missing):
        assert not found.ok and any(f"entry {entry.seq} (proposal.made)" in problem for problem in found.problems)


def _unpack(repository: Path) -> None:
    """Every object in a file of its own again, so that one of them can be damaged."""
    for pack in (repository / "objects" / "pack").glob("*.pack"):
        aside = repository / pack.name
        pack.rename(aside)
        pack.with_suffix(".idx").unlink()
        subprocess.run(["git", "-C", str(repository), "unpack-objects", "-q"], input=aside.read_bytes(), check=True)
        aside.unlink()


class Luckier(ToyJail):
    """Another machine: every candidate solves nothing there."""

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        files = {**call.files, "build.json": b'{"power": 0.0}'}
        return super().call(Call(files=files, module=call.module, function=call.function, payload=call.payload), serve)


def test_trials_that_come_out_differently_are_counted(folder: Path) -> None:
    found = checked(folder, 8, Luckier)
    assert not found.ok and found.problems == () and 0 < found.mismatches <= found.rejudged


def test_a_folder_without_a_run_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        verify(tmp_path)


def test_trials_on_other_cases_than_the_committed_ones_are_found(folder: Path) -> None:
    def lie(entry: Entry, body: Body) -> bool:
        if entry.kind != "trials.done":
            return False
        body["first"] = 4_000
        return True

    place = forge(folder, lie)
    assert any(f"entry {place} (trials.done): its cases are not" in problem for problem in checked(folder).problems)


@pytest.mark.parametrize(
    ("place", "by"),
    [
        ("run.started config run unheard", 3),
        ("run.started config", "none"),
        ("run.started tier", None),
        ("run.started pools", None),
        ("run.started start id", "no name"),
        ("job.done outcome", "fine"),
        ("job.done programs", None),
        ("job.done result", "../../log.jsonl"),
        ("trials.done trials", "all right"),
        ("trials.done pool", "swimming"),
        ("trials.done trials 0 score", 7.0),
        ("trials.done trials 0 case", None),
        ("verdict.given verdict", None),
        ("certificate.issued certificate gain", 0.99),
    ],
)
def test_a_log_of_any_other_shape_is_a_problem_and_never_a_fault(folder: Path, place: str, by: Json) -> None:
    kind, *keys = place.split()

    def lie(entry: Entry, body: Body) -> bool:
        if entry.kind != kind:
            return False
        inner: Any = body
        for key in keys[:-1]:
            inner = inner[int(key) if isinstance(inner, list) else key]
        inner[keys[-1]] = by
        if by is None:
            del inner[keys[-1]]
        return True

    forge(folder, lie)
    found = checked(folder)
    assert not found.ok and found.problems


def test_an_answer_of_another_call_in_the_place_of_the_due_one_is_a_problem(folder: Path) -> None:
    results: list[Json] = []

    def lie(entry: Entry, body: Body) -> bool:
        if entry.kind != "job.done":
            return False
        results.append(body["result"])
        if body["call"] != "propose":
            return False
        body["result"] = next(result for result in results if result != body["result"])
        return True

    forge(folder, lie)
    assert not checked(folder).ok


def test_entries_of_another_kernel_are_found(folder: Path) -> None:
    forge(folder, lambda entry, body: True, "another")
    assert any("kernel another wrote into the log" in problem for problem in checked(folder).problems)


def test_a_run_of_another_version_of_rsi_that_does_not_check_says_so(folder: Path) -> None:
    def older(entry: Entry, body: Body) -> bool:
        body["kernel"] = "older"
        return True

    forge(folder, older, "older")
    assert checked(folder).ok  # it decides alike

    def lie(entry: Entry, body: Body) -> bool:
        if entry.kind == "run.ended":
            body["reason"] = "bored"
        return entry.kind == "run.ended"

    forge(folder, lie, "older")
    assert "kernel older made this run" in checked(folder).problems[-1]
