"""Starts a target's command on one case. Guest side: sent into a jail as a file, in the agent profile.

The command's words stand in `rsi_command.json` beside it. The case goes to its stdin as one JSON object; what it writes to stdout is read
as one JSON value. What goes wrong is raised, which ends the call as a crash of the candidate.

Covers: commands that are not there, that fail, that write no JSON. Does not cover: time, memory and leftovers (the jail does).
"""

import json
import subprocess

__all__ = ["run"]

_TOLD = 400


def run(case: object) -> object:
    """What the command makes of a case.

    Raises:
        RuntimeError: it could not be started, failed, or wrote no JSON; with the end of what it wrote to stderr.
    """
    with open("rsi_command.json", encoding="utf-8") as file:
        words = json.load(file)["command"]
    try:
        ended = subprocess.run(words, input=json.dumps(case).encode(), capture_output=True, check=False)
    except OSError as error:
        raise RuntimeError(f"the command {words[0]!r} cannot be started: {error.strerror}") from None
    said = ended.stderr.decode("utf-8", "replace").strip()[-_TOLD:]
    if ended.returncode:
        raise RuntimeError(f"the command ended with code {ended.returncode}: {said}")
    try:
        return json.loads(ended.stdout)
    except ValueError:
        raise RuntimeError(f"the command wrote no JSON value but {ended.stdout[:80]!r}; it said: {said}") from None
