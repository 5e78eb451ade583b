"""`rsi doctor` as a whole: what it says of a machine, and what it does when a jail does not hold."""

import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from rsi.attacks import ATTACKS, Result, Status
from rsi.attacks.proof import Proofs
from rsi.attacks.prove import tried
from rsi.attacks.scene import Scene
from rsi.cli.doctor import attack_machine
from rsi.cli.machine import ALL_TIERS, advice
from rsi.cli.main import main
from rsi.cli.view.attacks import attack_lines, attack_table
from rsi.kernel.sandbox import TIERS, ZygoteJail, unreachable
from rsi.testing.toy import toy_agent

BEST = next(tier for tier in TIERS if unreachable(tier) is None)
PLAIN_PROCESS = f"{sys.executable} -I -c {{program}}"
needs_a_fence = pytest.mark.skipif(BEST == "S1", reason="this machine offers S1 only, which promises little")


class WeakScene(Scene):
    """Its jail says that it is of the tier that is asked for, and is an S1."""

    def open_jail(self, profile: str = "function") -> ZygoteJail:
        return ZygoteJail(tier="S1")


def prove_weak(
    tier: str, *, only: tuple[str, ...] = (), template: str | None = None, on_result: Callable[[Result], None]
) -> Sequence[Result]:
    """The real attacks on the lying jail."""
    with WeakScene(tier) as scene:
        results = [tried(attack, scene) for attack in ATTACKS if attack.id in only]
    for one in results:
        on_result(one)
    return results


def made_up(*statuses: Status) -> Callable[..., Sequence[Result]]:
    def prover(
        tier: str, *, only: tuple[str, ...] = (), template: str | None = None, on_result: Callable[[Result], None]
    ) -> Sequence[Result]:
        return [
            Result(attack=f"A{i:02}", name="n", family="f", must="denied", tier=tier, status=status, seen="s", seconds=0.5)
            for i, status in enumerate(statuses, 1)
        ]

    return prover


@pytest.fixture
def proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proofs:
    """A state folder of this test alone."""
    monkeypatch.setenv("RSI_STATE", str(tmp_path / "state"))
    return Proofs(folder=tmp_path / "state")


@needs_a_fence
def test_a_jail_that_is_weaker_than_it_says_is_found_out_and_then_no_run_begins_in_it(
    proofs: Proofs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attack_machine((BEST,), ("A01",), as_json=False, prover=prove_weak, proofs=proofs) == 1
    out = capsys.readouterr().out
    assert f"A01  {BEST} got through" in out and "the jail does NOT hold" in out
    agent = tmp_path / "agent"
    agent.mkdir()
    for name, content in toy_agent().items():
        (agent / name).write_bytes(content)
    assert main(["run", "--agent", str(agent), "--out", str(tmp_path / "run")]) == 2
    complaint = capsys.readouterr().err
    assert "A01 got through" in complaint and f"rsi doctor --attack --tier {BEST} --only A01" in complaint


def test_only_what_has_to_be_held_fails(proofs: Proofs, capsys: pytest.CaptureFixture[str]) -> None:
    fine = made_up(Status.HELD, Status.REPORTED, Status.NOT_RUN)
    assert attack_machine((BEST,), (), as_json=False, prover=fine, proofs=proofs) == 0
    assert attack_machine((BEST,), (), as_json=False, prover=made_up(Status.HELD, Status.THROUGH), proofs=proofs) == 1
    known = proofs.find(BEST)
    assert known is not None and known.got_through == ("A02",)
    assert attack_machine((BEST,), (), as_json=False, prover=fine, proofs=proofs) == 0
    known = proofs.find(BEST)
    assert known is not None and (known.suite, known.attacks, known.held, known.got_through, known.reported) == ("full", 2, 1, (), 1)


def test_a_part_of_the_suite_proves_nothing_but_a_hole(proofs: Proofs, capsys: pytest.CaptureFixture[str]) -> None:
    assert attack_machine((BEST,), ("A01",), as_json=False, prover=made_up(Status.HELD), proofs=proofs) == 0
    assert proofs.find(BEST) is None
    assert attack_machine((BEST,), ("A01",), as_json=False, prover=made_up(Status.THROUGH), proofs=proofs) == 1
    known = proofs.find(BEST)
    assert known is not None and known.suite == "part"


def test_attacks_as_data_say_what_was_not_reached(proofs: Proofs, capsys: pytest.CaptureFixture[str]) -> None:
    assert attack_machine(ALL_TIERS, (), as_json=True, prover=made_up(Status.HELD), proofs=proofs) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["ok"] and set(told["results"]) | set(told["not_reached"]) == set(ALL_TIERS)
    assert set(told["results"]) == set(told["proofs"]) == {tier for tier in TIERS if unreachable(tier) is None}


def test_a_template_makes_s4_the_strongest_that_doctor_shows_and_proves(proofs: Proofs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    without = {tier["tier"]: tier for tier in json.loads(capsys.readouterr().out)["tiers"]}
    assert without["S4"]["missing"] == without["S4"]["programs"] == "no command template given"
    assert "S3 or S4" in without["S2"]["programs"] and "--template" in without["S4"]["advice"]
    assert main(["doctor", "--json", "--template", PLAIN_PROCESS]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tier"] == "S4" and told["tiers"][0]["missing"] is None
    assert main(["doctor", "--attack", "--only", "A04,N1", "--tier", "S4", "--template", PLAIN_PROCESS, "--json"]) in (0, 1)
    told = json.loads(capsys.readouterr().out)
    assert [result["status"] != "not run" for result in told["results"]["S4"]] == [True, True]


def test_a_proof_of_s4_is_one_of_its_command_alone(proofs: Proofs, capsys: pytest.CaptureFixture[str]) -> None:
    own = Proofs(folder=proofs.folder, template=PLAIN_PROCESS)
    assert attack_machine(("S4",), (), as_json=False, prover=made_up(Status.HELD), proofs=own) == 0
    assert own.find("S4") is not None
    assert Proofs(folder=proofs.folder, template=f"{PLAIN_PROCESS} ").find("S4") is None


def test_the_table_fits_100_columns_and_shows_what_got_through(proofs: Proofs) -> None:
    found = {tier: made_up(Status.HELD, Status.THROUGH)(tier, on_result=print) for tier in ("S3", "S2", "S1")}
    out = io.StringIO()
    Console(file=out, width=100).print(attack_table(found))
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert max(map(len, out.getvalue().splitlines())) <= 100
    assert [line.split()[0] for line in lines if line.startswith("A")] == ["A01", "A02"]
    assert "✗" in next(line for line in lines if line.startswith("A02"))
    assert [line[:4] for line in attack_lines(found)] == ["A01 ", "A02 "]


def test_doctor_says_of_every_tier_what_it_holds_or_what_is_missing(proofs: Proofs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n{tier}" in out for tier in ALL_TIERS) and "rsi doctor --attack" in out
    assert len(out.splitlines()) <= 40 and max(map(len, out.splitlines())) <= 140


def test_doctor_as_data_has_every_tier_and_the_strongest_that_is_there(proofs: Proofs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tier"] == BEST and [tier["tier"] for tier in told["tiers"]] == list(ALL_TIERS)
    assert [tier["tier"] for tier in told["tiers"] if tier["missing"] is None] == [tier for tier in TIERS if unreachable(tier) is None]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--tier", "S3"], "add --attack"),
        (["--attack", "--tier", "S9"], "--tier 'S9'"),
        (["--attack", "--tier", "S4"], "no command template given"),
        (["--template", "docker run image"], "needs one {program}"),
        (["--attack", "--only", "A99"], "there is no attack A99"),
    ],
)
def test_what_cannot_be_attacked_is_the_users_error(
    argv: list[str], words: str, proofs: Proofs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *argv]) == 2
    err = capsys.readouterr().err
    assert words in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces="),
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/other", "1", "a container forbids namespaces"),
    ],
)
@pytest.mark.skipif(BEST == "S1", reason="the advice is for Linux")
def test_the_advice_names_the_setting_that_is_in_the_way(tmp_path: Path, setting: str, value: str, words: str) -> None:
    (tmp_path / setting).parent.mkdir(parents=True)
    (tmp_path / setting).write_text(value + "\n")
    assert words in advice("S3", "bwrap: No permissions to create new namespace", tmp_path)


def test_the_advice_for_a_missing_program_is_to_install_it(tmp_path: Path) -> None:
    if BEST == "S1":
        pytest.skip("the advice is for Linux")
    assert advice("S3", "bubblewrap is not installed; …", tmp_path) == "apt install bubblewrap"
