"""What is known of a machine's jails, how long it is worth something, and which runs may begin with it."""

import json
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from rsi.attacks import Result, Status
from rsi.attacks.proof import Proofs, proof_of, proven, state_folder
from rsi.config import RunConfig
from rsi.core.codec import encode
from rsi.core.errors import UserError
from rsi.core.protocols import Entry
from rsi.core.records import JailProof
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.sandbox import open_jail
from rsi.loop.parts import Parts
from rsi.loop.run import run
from rsi.loop.verify import verify
from rsi.suites import secret_seeds
from rsi.testing.toy import ToyJail, ToySuite, toy_agent, toy_config, toy_parts

AT = 1_790_000_000.0


def result(name: str, status: Status, tier: str = "S1") -> Result:
    return Result(attack=name, name="n", family="f", must="denied", tier=tier, status=status, seen="s", seconds=0.1)


def held(names: Iterable[str] = ("A01", "A02")) -> list[Result]:
    return [result(name, Status.HELD) for name in names]


def proof(tier: str = "S2", *through: str) -> JailProof:
    return JailProof(tier=tier, suite="full", attacks=71, held=71 - len(through), got_through=through, reported=0, at=AT)


def test_a_proof_counts_what_was_tried_and_names_what_got_through() -> None:
    results = [*held(), result("A03", Status.THROUGH), result("A12", Status.REPORTED), result("A44", Status.NOT_RUN)]
    made = proof_of(results, tier="S1", suite="full", at=AT)
    assert (made.attacks, made.held, made.got_through, made.reported) == (4, 2, ("A03",), 1)


def test_the_state_folder_is_the_one_that_the_environment_names_or_the_usual_one(tmp_path: Path) -> None:
    assert state_folder({"RSI_STATE": "here", "XDG_STATE_HOME": "/x"}, tmp_path) == Path("here")
    assert state_folder({"XDG_STATE_HOME": "/x"}, tmp_path) == Path("/x/rsi")
    assert state_folder({"XDG_STATE_HOME": "relative"}, tmp_path) == state_folder({}, tmp_path) == tmp_path / ".local/state/rsi"


def test_a_proof_is_found_again_until_anything_changes_on_which_it_depends(tmp_path: Path) -> None:
    proofs = Proofs(folder=tmp_path / "new" / "state")
    assert proofs.find("S1") is None
    path = proofs.keep(proof("S1"))
    assert proofs.find("S1") == proof("S1")
    kept = json.loads(path.read_text())
    assert {"kernel", "attacks", "system", "python", "root", "bubblewrap", "template", "jail", "tier"} == set(kept["circumstances"])
    path.write_text(json.dumps({**kept, "circumstances": {**kept["circumstances"], "kernel": "0" * 16}}))
    assert proofs.find("S1") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"proof": 1}', '{"circumstances": {}, "proof": {}}'])
def test_what_cannot_be_read_proves_nothing(tmp_path: Path, text: str) -> None:
    proofs = Proofs(folder=tmp_path)
    proofs.keep(proof("S1")).write_text(text)
    assert proofs.find("S1") is None


def test_a_jail_without_a_proof_is_attacked_quickly_once_and_a_known_one_is_not(tmp_path: Path) -> None:
    asked: list[str] = []

    def attack(tier: str) -> list[Result]:
        asked.append(tier)
        return held()

    for _ in range(2):
        found = proven("S1", proofs=Proofs(folder=tmp_path), attack_quickly=attack, now=lambda: AT)
        assert (found.suite, found.held, found.at) == ("quick", 2, AT)
    assert asked == ["S1"]


def test_a_quick_proof_with_a_hole_is_not_kept_and_a_full_one_is(tmp_path: Path) -> None:
    proofs = Proofs(folder=tmp_path)
    found = proven("S1", proofs=proofs, attack_quickly=lambda tier: [result("A01", Status.THROUGH)], now=lambda: AT)
    assert found.got_through == ("A01",) and proofs.find("S1") is None
    proofs.keep(proof("S1", "A05"))
    assert proven("S1", proofs=proofs, attack_quickly=lambda tier: held(), now=lambda: AT).got_through == ("A05",)


def test_a_state_folder_that_cannot_be_written_is_named_and_stops_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    proofs = Proofs(folder=tmp_path / "file" / "state")
    assert proven("S1", proofs=proofs, attack_quickly=lambda tier: held(), now=lambda: AT).held == 2
    with pytest.raises(UserError, match="set RSI_STATE"):
        proofs.keep(proof("S1"))


class HiddenSuite(ToySuite):
    """Has cases that a jail must keep hidden."""

    @property
    def required_tier(self) -> str:
        return "S2"


class Claimed(ToyJail):
    """Says that it is of some tier."""

    def __init__(self, tier: str) -> None:
        self._tier = tier

    @property
    def tier(self) -> str:
        return self._tier


def play(folder: Path, tier: str, known: JailProof | None, *, require: str = "suite", hidden: bool = True) -> list[Entry]:
    config = toy_config(seed=3, programs=4_000)
    config = config.model_copy(update={"jail": config.jail.model_copy(update={"require": require, "tier": "auto"})})
    seen: list[Entry] = []
    run(folder, config, toy_agent(), workers=1, observer=seen.append, stop=threading.Event(), parts=parts(config, tier, known, hidden))
    assert verify(folder, parts=parts(config, tier, known, hidden)).ok
    return seen


def parts(config: RunConfig, tier: str, known: JailProof | None, hidden: bool) -> Parts:
    suite = (HiddenSuite if hidden else ToySuite)(secret_seeds(config.run.seed))
    return replace(toy_parts(config, lambda: Claimed(tier)), suite=suite, prove=lambda tier: known)


def test_the_first_entry_says_what_was_proven_and_the_digest_does_not_depend_on_it(tmp_path: Path) -> None:
    first = play(tmp_path / "a", "S3", proof("S3"))[0]
    assert isinstance(first.clock, dict) and isinstance(first.body, dict)
    assert first.clock["jail"] == encode(proof("S3")) and first.clock["asked"] == "S2"
    assert first.body["tier"] == "S3" and "jail" not in first.body
    other = JailProof(tier="S3", suite="quick", attacks=9, held=9, got_through=(), reported=0, at=AT + 5)
    play(tmp_path / "b", "S3", other)
    assert FileEventLog.read(tmp_path / "a/log.jsonl").digest() == FileEventLog.read(tmp_path / "b/log.jsonl").digest()


def test_a_run_that_is_taken_up_again_says_it_again(tmp_path: Path) -> None:
    play(tmp_path, "S2", proof("S2"))
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    (resumed,) = [entry for entry in play(tmp_path, "S2", proof("S2")) if entry.kind == "run.resumed"]
    assert isinstance(resumed.clock, dict) and resumed.clock["jail"] == encode(proof("S2"))


def test_a_jail_in_which_an_attack_got_through_begins_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tier S2 does not hold .*: A05, A36 got through; `rsi doctor --attack --tier S2 --only A05,A36`"):
        play(tmp_path, "S2", proof("S2", "A05", "A36"))
    assert (tmp_path / "log.jsonl").read_bytes() == b""


@pytest.mark.parametrize("require", ["suite", "S3"])
def test_a_weaker_jail_than_what_is_asked_for_begins_no_run(tmp_path: Path, require: str) -> None:
    asked = "S2" if require == "suite" else require
    with pytest.raises(UserError, match=rf"asks for a jail of tier {asked}, and this one is S1: .*--jail-require S1 runs anyway"):
        play(tmp_path, "S1", proof("S1"), require=require)


def test_a_person_may_let_a_run_begin_in_a_weaker_jail_and_the_log_says_what_the_suite_asked_for(tmp_path: Path) -> None:
    first = play(tmp_path, "S1", proof("S1"), require="S1")[0]
    assert isinstance(first.clock, dict) and isinstance(first.body, dict)
    assert (first.body["tier"], first.clock["asked"]) == ("S1", "S2")


@pytest.mark.parametrize("known", [None, proof("S1")])
def test_a_jail_that_nobody_attacked_keeps_no_case_hidden(tmp_path: Path, known: JailProof | None) -> None:
    with pytest.raises(UserError, match="nobody has attacked the jail of tier S3 here"):
        play(tmp_path, "S3", known)


def test_a_suite_without_hidden_cases_asks_for_no_proof(tmp_path: Path) -> None:
    assert play(tmp_path, "S0", None, hidden=False)[-1].kind == "run.ended"


def test_a_jail_that_was_opened_is_what_its_proof_is_looked_up_by(tmp_path: Path) -> None:
    proofs = Proofs(folder=tmp_path)
    kept = json.loads(proofs.keep(proof("S1")).read_text())
    with open_jail((), "S1") as jail:
        assert kept["circumstances"]["jail"]["uid"] == str(jail.enforced["uid"])
