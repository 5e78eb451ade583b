"""Control groups of jails: limits on a folder with the names of the real files, joining, ending and what is left on the real machine."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rsi.core.protocols import Limits
from rsi.core.records import Outcome
from rsi.kernel.sandbox import ZygoteJail, capabilities
from rsi.kernel.sandbox.cgroup import Group, best_parent, clear_leftovers, joining, own_groups, parent_group
from rsi.testing.conformance.jail import ask

LIMITS = ("memory.max", "memory.swap.max", "pids.max")
ALWAYS = ("cgroup.procs", "cgroup.kill")


def folder_with(*names: str) -> Callable[[Path], None]:
    """Makes a group as the machine's kernel would: a folder that has its files at once."""

    def make(folder: Path) -> None:
        folder.mkdir()
        for name in names:
            (folder / name).write_text("max" if name in LIMITS else "")

    return make


def read(group: Group, name: str) -> str:
    return (group.folder / name).read_text()


def test_a_group_limits_memory_swap_and_processes_beyond_what_the_jail_itself_needs(tmp_path: Path) -> None:
    group = Group.make(tmp_path, folder_with(*ALWAYS, *LIMITS))
    assert group.holds == ("memory", "swap", "processes", "end") and read(group, "memory.swap.max").startswith("0")
    group.allow(memory_bytes=1_000_000_000, processes=16)
    assert 1_000_000_000 < int(read(group, "memory.max")) < 1_500_000_000
    assert 16 < int(read(group, "pids.max")) < 200
    group.kill()
    assert read(group, "cgroup.kill") == "1"


def test_a_group_says_only_what_its_machine_can_hold_and_makes_no_files_of_its_own(tmp_path: Path) -> None:
    group = Group.make(tmp_path, folder_with("cgroup.procs", "pids.max"))
    group.allow(memory_bytes=1, processes=2)
    group.kill()
    assert group.holds == ("processes",)
    assert {path.name for path in group.folder.iterdir()} == {"cgroup.procs", "pids.max"}


def test_a_group_that_is_gone_is_an_error_of_the_one_who_counts_on_it(tmp_path: Path) -> None:
    group = Group.make(tmp_path, folder_with("pids.max"))
    (group.folder / "pids.max").unlink()
    with pytest.raises(OSError):
        group.allow(memory_bytes=1, processes=2)


def test_controllers_are_switched_on_where_they_can_be_and_the_place_that_holds_most_is_taken(tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    for place in (inner, outer):
        place.mkdir()
        (place / "cgroup.procs").write_text("")
        (place / "cgroup.subtree_control").write_text("")

    def make(folder: Path) -> None:
        folder_with(*ALWAYS, *(LIMITS if folder.parent == outer else ()))(folder)

    assert best_parent([inner, outer], make) == outer
    assert best_parent([inner], make) == inner
    assert (outer / "cgroup.subtree_control").read_text() == "+pids"
    assert best_parent([inner], folder_with("cgroup.procs")) is None
    assert best_parent([tmp_path / "none"]) is best_parent([]) is None


@pytest.mark.parametrize(
    ("root", "own", "found"),
    [
        ("/", "0::/user.slice/a.scope", ["/sys/fs/cgroup/user.slice/a.scope", "/sys/fs/cgroup/user.slice"]),
        ("/", "3:pids:/x\n0::/", ["/sys/fs/cgroup"]),
        ("/docker/1", "0::/docker/1/a", ["/sys/fs/cgroup/a", "/sys/fs/cgroup"]),
        ("/docker/1", "0::/docker/1", ["/sys/fs/cgroup"]),
        ("/docker/1", "0::/other", []),
        ("/", "0::/../../other", []),
        ("/", "3:pids:/x", []),
    ],
)
def test_our_own_group_is_found_where_it_is_mounted(root: str, own: str, found: list[str]) -> None:
    mounts = f"31 1 0:3 / /sys rw - sysfs sysfs rw\n41 31 0:38 {root} /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw\n"
    assert [str(place) for place in own_groups(mounts, f"{own}\n")] == found
    assert own_groups("31 1 0:3 / /sys rw - sysfs sysfs rw\n", own) == []


@pytest.fixture
def parent() -> Path:
    place = parent_group()
    if place is None:
        pytest.skip("no control group can be made here: no control groups v2, or nobody delegated a part of their tree to this user")
    return place


def test_who_joined_is_in_the_group_with_its_children_and_ends_with_it(parent: Path) -> None:
    group = Group.make(parent)
    command = joining(group, (sys.executable, "-S", "-c", "import os,time\nif pid := os.fork(): print(pid, flush=True)\ntime.sleep(60)"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert group.has(process.pid) and group.has(child)
        group.remove()
        assert process.wait() == -9
    assert not group.folder.exists()


def test_a_group_of_a_killed_judge_is_ended_by_the_next_and_one_of_a_living_judge_is_not(parent: Path) -> None:
    source = (
        "import subprocess, sys\nfrom pathlib import Path\nfrom rsi.kernel.sandbox.cgroup import Group, joining\n"
        f"group = Group.make(Path({str(parent)!r}))\n"
        "sleeper = subprocess.Popen(joining(group, ('sleep', '60')), stdout=subprocess.DEVNULL)\n"
        "print(group.folder, flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as judge:
        assert judge.stdout is not None
        folder = Path(judge.stdout.readline().strip())
        clear_leftovers(parent)
        assert folder.exists()
        judge.kill()
        judge.wait()
    clear_leftovers(parent)
    assert not folder.exists()


def test_a_jail_has_one_group_for_all_its_processes_and_takes_it_away(parent: Path) -> None:
    with ZygoteJail(tier="S1") as jail:
        assert jail._process is not None and jail.standing
        (mine,) = [place for place in parent.glob("rsi-jail-*") if str(jail._process.pid) in (place / "cgroup.procs").read_text().split()]
        assert jail.enforced["group"]
    assert not mine.exists()


def test_memory_of_all_processes_together_is_held_by_the_machines_kernel(parent: Path) -> None:
    with ZygoteJail(tier="S1") as jail:
        if "memory" not in str(jail.enforced["group"]).split():
            pytest.skip("the control groups (v2) of this machine have no limit of memory")
        assert any("control group" in item.how for item in capabilities(jail))
        source = (
            "import os, time\ndef f(x):\n    for _ in range(10):\n        if not os.fork():\n            keep = b'x' * 90_000_000\n"
            "            time.sleep(3)\n            os._exit(0)\n    return sum(os.wait()[1] != 0 for _ in range(10))"
        )
        began = time.monotonic()
        reply = ask(jail, source, limits=Limits(wall_s=20.0, memory_bytes=200_000_000, disk_bytes=1_000_000))
        assert (reply.outcome is not Outcome.ANSWERED or reply.value != 0) and time.monotonic() - began < 20
