"""How the jail of the agent profile is started: the machine's programs read-only, and a real user whose processes can be counted.

Covers: nothing of the machine but /usr and the interpreter, installed packages and the kernel's own environment hidden; where the kernel is
root, jailed code is a user that is not root on the machine either, if unprivileged user namespaces work (RLIMIT_NPROC never binds root).
Does not cover: secrets that somebody keeps below /usr.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

__all__ = ["NOBODY", "as_nobody", "program_mounts"]

NOBODY = 65534
"""User and group of jailed code where the kernel runs as root."""
_TRY_S = 10.0
_TOP = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
_BECOME = "import os,sys;u=int(sys.argv[1]);os.setgroups([]);os.setresgid(u,u,u);os.setresuid(u,u,u);os.execv(sys.argv[2],sys.argv[2:])"


def program_mounts(files: list[str], packages: list[str]) -> list[str]:
    """Words for bubblewrap: programs and libraries of the machine and the interpreter's `files`, without `packages` and our own places."""
    words = ["--ro-bind", "/usr", "/usr"]
    for path in (*_TOP, *_FILES, *(file for file in files if not Path(file).is_relative_to("/usr"))):
        if os.path.islink(path) and not os.path.isabs(os.readlink(path)):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--ro-bind-try", path, path]
    for place in sorted({*packages, *_own_places()}):
        words += ["--tmpfs", place, "--remount-ro", place]
    return [*words, "--dir", "/tmp"]


def _own_places() -> list[str]:
    """The kernel's virtual environment and source, where they lie below what the jail sees."""
    source = Path(__file__).resolve().parents[2]
    environment = [Path(os.path.realpath(sys.prefix))] if sys.prefix != sys.base_prefix else []
    return [str(place) for place in (source, *environment) if place.is_relative_to("/usr")]


def as_nobody(bubblewrap: str, inner: tuple[str, ...], python: str) -> tuple[str, ...]:
    """The command `inner` (bubblewrap up to the program it runs) as an ordinary user, if we are root and that works; else as it is."""
    if os.getuid() != 0:
        return inner
    outer = (*_readable(bubblewrap), python, "-I", "-S", "-c", _BECOME, str(NOBODY), *inner)
    return outer if _works((*outer, python, "-I", "-S", "-c", "pass")) else inner


@cache
def _works(command: tuple[str, ...]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, cwd="/", env={}, timeout=_TRY_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _readable(bubblewrap: str) -> list[str]:
    """Words that show the interpreter to everybody, at its own path, where it lies in a folder that only root can enter."""
    words = [bubblewrap, "--die-with-parent", "--dev-bind", "/", "/"]
    prefix = Path(os.path.realpath(sys.base_prefix))
    above = [place for place in reversed(prefix.parents) if place != Path("/")]
    shut = next((index for index, place in enumerate(above) if not place.stat().st_mode & 0o001), None)
    if shut is None:
        return words
    words += ["--perms", "0755", "--tmpfs", str(above[shut])]
    for place in above[shut + 1 :]:
        words += ["--perms", "0755", "--dir", str(place)]
    return [*words, "--ro-bind", str(prefix), str(prefix)]
