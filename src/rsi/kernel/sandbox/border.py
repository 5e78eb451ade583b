"""S4: a zygote in a container, in gVisor or in a virtual machine, started by a command that a person wrote. See docs/jail.md.

Covers: whatever the command's runtime enforces; inside it, limits, seccomp and Landlock as at S2, as far as the inner kernel has them.
Does not cover: a command that starts no container at all: nobody can tell from outside. The attack suite shows what such a jail holds.
"""

import json
import os
import secrets
import shlex
from pathlib import Path

from rsi.core.errors import JailError, UserError
from rsi.kernel.sandbox.relay import BOOT

__all__ = ["border_box", "border_command", "border_environment"]

_HOLE = "{program}"
_PASSED = ("PATH", "HOME", "LANG", "DOCKER_HOST", "CONTAINER_HOST", "XDG_RUNTIME_DIR")


def border_box(profile: str) -> str:
    """The folder of calls: a fresh name where the inside can write, or for agents the place where each call's file system is put up."""
    return "/mnt" if profile == "agent" else f"/tmp/rsi-box-{secrets.token_hex(8)}"


def border_environment() -> dict[str, str]:
    """What a runtime's client needs to find its server; nothing of it gets inside unless the template says so."""
    return {name: os.environ[name] for name in _PASSED if name in os.environ}


def border_command(
    template: str | None, python: str, flags: tuple[str, ...], guest: str, environment: dict[str, str], config: dict[str, object]
) -> tuple[str, ...]:
    """The command that runs the outer end of the relay, which runs the template with the inner end in place of `{program}`.

    Raises:
        JailError: there is no template.
        UserError: it is no command with one `{program}` in it.
    """
    if not template:
        raise JailError("no command template given")
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise UserError(f"the command template of jail tier S4 cannot be read: {error}") from error
    if sum(word.count(_HOLE) for word in words) != 1 or _HOLE in words[:1]:
        raise UserError("the command template of jail tier S4 needs one {program}, for instance: docker run … python3 -c {program}")
    here = Path(__file__).parent
    relay = (here / "relay.py").read_text(encoding="utf-8")
    inside = f"{(here / 'clear.py').read_text(encoding='utf-8')}\n{relay}\ninner({guest!r}, {list(flags)!r}, {environment!r}, {config!r})\n"
    command = [word.replace(_HOLE, BOOT) for word in words]
    return (python, *flags, "-c", f"{relay}\nouter(*json.loads(sys.argv[1]))", json.dumps([command, inside]))
