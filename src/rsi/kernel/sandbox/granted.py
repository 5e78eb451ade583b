"""How an outside agent is started that the user granted more than a jail gives: the command, its environment, and what is lost by it.

`network`: the machine's network, and its files read-only, in namespaces of its own (bubblewrap): writes go to its work tree only, its own
processes end with it, the folder of the run is hidden from it. `home`: besides, it may write in the user's home (sessions, caches).
`env:NAME`: that variable of the environment is passed on. `machine`: an ordinary process of the user, where there is no bubblewrap.

Covers: what stands above. Does not cover: what an agent with the network sends or learns there; copies of the run's folder elsewhere;
with `machine`, anything but what the agent asks leave for.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from rsi.core.errors import UserError

__all__ = ["GRANTS", "check_grants", "granted_command", "granted_environment", "lost_by"]

GRANTS = ("network", "home", "machine", "env:NAME")
"""What a user may grant an outside agent."""
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "USER", "LOGNAME", "SHELL")
_LOST = {
    "network": "an outside agent had the network and could read files of this machine (not the folder of the run): what it proposed may "
    "come from anywhere, and what it saw may have gone anywhere",
    "home": "an outside agent could write in the home folder of the user",
    "machine": "an outside agent ran as an ordinary process of the user: nothing but its own word kept it from the folder of the run, from "
    "which the hidden cases can be derived; what the run claims holds only if it did not look",
}


def check_grants(grants: Iterable[str]) -> tuple[str, ...]:
    """The grants, sorted, each once.

    Raises:
        UserError: there is no such grant.
    """
    found = sorted(set(grants))
    for grant in found:
        if grant not in _LOST and not (grant.startswith("env:") and grant[4:].isidentifier()):
            raise UserError(f"there is no grant {grant[:60]!r}; choose of {', '.join(GRANTS)}")
    return tuple(found)


def lost_by(grants: Iterable[str]) -> tuple[str, ...]:
    """Which guarantees are lost by what was granted, a sentence each."""
    names = sorted({grant for grant in grants if grant.startswith("env:")})
    passed = f"an outside agent was given {', '.join(name[4:] for name in names)} of the environment"
    return (*(_LOST[grant] for grant in ("machine", "network", "home") if grant in grants), *((passed,) if names else ()))


def granted_environment(grants: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """What an agent sees of the user's environment.

    Raises:
        UserError: a variable that was granted is not set.
    """
    names = [grant[4:] for grant in grants if grant.startswith("env:")]
    missing = next((name for name in names if name not in environment), None)
    if missing is not None:
        raise UserError(f"--grant env:{missing}: there is no variable {missing} in the environment; set it, or leave the grant out")
    return {name: environment[name] for name in (*_PASSED, *names) if name in environment}


def granted_command(command: tuple[str, ...], folder: Path, hidden: Iterable[Path], grants: Iterable[str]) -> tuple[str, ...]:
    """The command that starts an agent in `folder/tree`, as far as it was granted.

    Args:
        command: as a person would type it, word by word.
        folder: what it may write in.
        hidden: folders that it shall not see.
        grants: with `machine` it is started as it is.

    Raises:
        UserError: bubblewrap is missing.
    """
    held = set(grants)
    if "machine" in held:
        return command
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin:" + os.environ.get("PATH", ""))
    if program is None:
        raise UserError("--grant network keeps the rest of the machine closed with bubblewrap: apt install bubblewrap; or --grant machine")
    words = [program, "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL"]
    words += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    home = os.environ.get("HOME", "")
    words += ["--bind", home, home] if "home" in held and Path(home).is_dir() and home != "/" else []
    words += [word for place in sorted({str(place.resolve()) for place in hidden if place.is_dir()}) for word in ("--tmpfs", place)]
    words += ["--bind", str(folder), str(folder), "--chdir", str(folder / "tree")]
    return (*words, "--", *command)
