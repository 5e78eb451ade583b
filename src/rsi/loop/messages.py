"""What agents are told of what they improve, besides what they found out: the target, what was tried before, what is left to spend."""

from collections.abc import Callable

from rsi.core.protocols import Files
from rsi.core.records import Json
from rsi.kernel.models import left_after
from rsi.loop.history import history_of
from rsi.loop.machine import Machine
from rsi.loop.shell import MOST_RUNS

__all__ = ["surroundings"]

_MOST_BYTES = 2_000_000


def surroundings(machine: Machine) -> Callable[[], dict[str, Json]]:
    """The keys `target`, `history` and `budget` of a message, as they stand now; put together when it is called, from any thread."""
    told, files, history = _target(machine), machine.subject.files, history_of(machine)
    left = machine.purse.left
    model = None if machine.staff.gateway is None else left_after(machine.config.models, machine.chatted)
    shell: Json = None if machine.staff.shell is None else {"runs": MOST_RUNS, "wall_s": machine.staff.shell.wall_s}

    def put_together() -> dict[str, Json]:
        texts, omitted = _texts(files)
        budget: Json = {"programs_left": left, "model": model, "shell": shell}
        return {"target": {**told, "files": texts, "omitted": omitted}, "history": history(), "budget": budget}

    return put_together


def _target(machine: Machine) -> dict[str, Json]:
    """What is told of the target without its files; of an agent that improves itself, `case` is null: it answers messages."""
    manifest, given = machine.subject.manifest, machine.opening.target
    surfaces: dict[str, Json] = {surface.value: list(globs) for surface, globs in manifest.surfaces.items()}
    if isinstance(given, dict):
        return {name: given.get(name) for name in ("name", "kind", "brief", "metric", "protected", "case")} | {"surfaces": surfaces}
    suite = machine.suite.scorer.name
    return {
        "name": manifest.name,
        "kind": "agent",
        "brief": f"An agent that answers the cases of the suite {suite} and improves itself. Better is a higher mean score on new cases.",
        "metric": {"name": "score", "direction": "max", "low": 0.0, "high": 1.0},
        "protected": [],
        "case": None,
        "surfaces": surfaces,
    }


def _texts(files: Files) -> tuple[dict[str, Json], list[Json]]:
    """The files that are texts, the smallest first, as many as can be told, and the paths of the others."""
    texts: dict[str, Json] = {}
    omitted: list[Json] = []
    room = _MOST_BYTES
    for path, content in sorted(files.items(), key=lambda item: len(item[1])):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            omitted.append(path)
            continue
        if len(content) > room:
            omitted.append(path)
            continue
        texts[path] = text
        room -= len(content)
    return texts, omitted
