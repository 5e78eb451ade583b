"""The one thing that git itself is called for: joining objects into a pack with deltas."""

import os
import shutil
import subprocess
from pathlib import Path

from rsi.core.errors import InfrastructureError

__all__ = ["git_command", "repack"]


def git_command() -> str | None:
    """Path of git, None where there is none or it is older than SHA-256 repositories (2.29)."""
    path = shutil.which("git")
    if path is None:
        return None
    answer = subprocess.run([path, "version"], capture_output=True, text=True, check=False).stdout.split()
    version = answer[2].split(".") if len(answer) > 2 else ["0", "0"]
    return path if [int(part) for part in version[:2] if part.isdigit()] >= [2, 29] else None


def repack(folder: Path, first: str | None = None) -> bool:
    """Join all objects of a repository, whether a reference leads to them or not, into one pack; False where there is no git.

    Args:
        folder: the repository.
        first: where there is no pack yet, an object to begin one with: only beside a pack does git take in what no reference leads to.

    Raises:
        InfrastructureError: git failed; every object is still there.
    """
    git = git_command()
    if git is None:
        return False
    if first is not None:
        _call(git, folder, ["pack-objects", "-q", "objects/pack/pack"], f"{first}\n")
    _call(git, folder, ["repack", "-adkq"])
    return True


def _call(git: str, folder: Path, arguments: list[str], told: str = "") -> None:
    command = [git, "-C", str(folder), "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False, env=_quiet_environment())
    if done.returncode != 0:
        raise InfrastructureError(f"git could not pack {folder}: {done.stderr.strip()[:200]}")


def _quiet_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
