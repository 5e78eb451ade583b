"""Trying one thing in several ways, each in a call of its own: a jail may end a call at the first step that it does not allow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent

from rsi.attacks.model import Finding
from rsi.attacks.scene import Scene
from rsi.core.protocols import Files
from rsi.core.records import Json

__all__ = ["changes", "finding", "leaks", "source_of"]


def source_of(body: str) -> str:
    """The module whose `f(x)` has this body."""
    return f"import os\n\n\ndef f(x):\n{indent(body.strip(), '    ')}\n"


def leaks(scene: Scene, ways: Mapping[str, str], payload: Json, *, helpers: str = "", files: Files | None = None) -> Finding:
    """Whether any way (name → body of `f`) brings the sentinel out of the jail; `helpers` is source that all of them may use."""
    asked = {name: scene.ask(f"{helpers}\n{source_of(body)}", payload, files=files) for name, body in ways.items()}
    return finding(len(ways), [name for name, reply in asked.items() if scene.knows(reply)], "the sentinel came out")


def changes(scene: Scene, ways: Mapping[str, str], path: Path) -> Finding:
    """Whether any way (name → body of `f`, given the path and the scene's mark) changes a file of the judge."""
    through = []
    for name, body in ways.items():
        before = scene.look().files
        scene.ask(source_of(body), [str(path), scene.mark])
        if scene.look().files != before:
            through.append(name)
            scene.restore()
    return finding(len(ways), through, f"{path.name} is not what it was")


def finding(ways: int, through: Sequence[str], what: str) -> Finding:
    """Held if nothing got through; `what` says what happened if something did, and `through` by which ways."""
    if through:
        return Finding(held=False, seen=f"{what}: by {', '.join(through)}")
    return Finding(held=True, seen=f"{ways} ways, none got through" if ways > 1 else "it had no effect")
