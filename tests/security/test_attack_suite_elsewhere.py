"""The quick suite where users are: as an ordinary user, and in a container that gives out no namespaces."""

import ctypes
import json
import os
import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from rsi.kernel.sandbox import unreachable

NOBODY = 65534
SUITE = """
import json, os, sys
if sys.argv[2] == "container":
    import tests.security.test_attack_suite_elsewhere as here
    here.deny_namespaces()
from rsi.attacks import ATTACKS, prove
from rsi.kernel.sandbox import unreachable
reached = [tier for tier in ("S3", "S2") if unreachable(tier) is None]
results = {tier: [[r.attack, r.status.value, r.seen] for r in prove(tier, quick=True)] for tier in reached}
print(json.dumps(results))
"""
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="both restrictions are those of Linux"),
    pytest.mark.skipif(unreachable("S2") is not None, reason=f"no strict tier here: {unreachable('S2')}"),
]


def deny_namespaces() -> None:
    """Refuse unshare, mount, pivot_root, setns and clones with a namespace from here on, for all descendants, as Docker does."""
    refused, clone = {"x86_64": ((272, 165, 155, 308), 56), "aarch64": ((97, 40, 41, 268), 220)}[platform.machine()]
    load, equal, some_bits, give, allow, deny, missing = 0x20, 0x15, 0x45, 0x06, 0x7FFF0000, 0x00050001, 0x00050026
    lines = [(load, 0, 0, 0)]
    for number in refused:
        lines += [(equal, 0, 1, number), (give, 0, 0, deny)]
    lines += [(equal, 0, 1, 435), (give, 0, 0, missing)]
    lines += [(equal, 0, 3, clone), (load, 0, 0, 16), (some_bits, 0, 1, 0x7E020000), (give, 0, 0, deny), (give, 0, 0, allow)]
    text = b"".join(struct.pack("HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(text, len(text))
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(buffer))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, header, 0, 0) == 0


def results_of(kind: str, **options: object) -> dict[str, list[list[str]]]:
    """What the quick suite says in a process of its own, tier by tier."""
    root = Path(__file__).parents[2]
    paths = [str(root), *(path for path in sys.path if path)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": os.pathsep.join(paths), "HOME": "/tmp"}
    done = subprocess.run(
        [sys.executable, "-c", SUITE, "suite", kind],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[list[str]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_nothing_gets_through_in_a_container_without_namespaces() -> None:
    results = results_of("container")
    assert list(results) == ["S2"]
    assert [row for row in results["S2"] if row[1] not in ("held", "not run")] == []
    assert sum(row[1] == "held" for row in results["S2"]) >= 5


def readable_to_all() -> bool:
    places = [Path(sys.executable).resolve(), Path(__file__).resolve()]
    return all(parent.stat().st_mode & 0o005 == 0o005 for place in places for parent in place.parents)


@pytest.mark.skipif(os.getuid() != 0, reason="the tests already run as an ordinary user")
@pytest.mark.skipif(os.getuid() == 0 and not readable_to_all(), reason="an ordinary user may not read this interpreter or this tree")
def test_nothing_gets_through_as_an_ordinary_user() -> None:
    results = results_of("nobody", user=NOBODY, group=NOBODY, extra_groups=[])
    assert "S2" in results
    assert [row for rows in results.values() for row in rows if row[1] not in ("held", "not run")] == []
