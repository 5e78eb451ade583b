"""`rsi doctor`: what this machine can enforce around code that nobody has vetted."""

import platform
import sys

from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.core.codec import encode
from rsi.core.records import Json
from rsi.kernel.archive.repack import git_command
from rsi.kernel.sandbox import capabilities, open_jail

__all__ = ["doctor"]


def doctor(*, as_json: JsonFlag = False) -> int:
    """What this machine can enforce around code that nobody has vetted: proven by starting a jail, not by looking for programs."""
    jail = open_jail()
    try:
        tier, found = jail.tier, capabilities(jail)
    finally:
        jail.close()
    python = f"{platform.python_implementation()} {platform.python_version()} on {sys.platform}"
    if as_json:
        items: list[Json] = [encode(capability) for capability in found]
        print_json({"tier": tier, "python": python, "git": git_command(), "capabilities": items})
        return 0
    say(f"jail tier {tier} · {python} · git {'found' if git_command() else 'not found (not needed)'}")
    for capability in found:
        say(f"  {'enforced    ' if capability.enforced else 'NOT enforced'}  {capability.name}: {capability.how}")
    return 0
