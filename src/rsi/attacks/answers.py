"""A01–A12: getting at answers that a jail must not know."""

from rsi.attacks.model import Attack, Finding
from rsi.attacks.scene import Scene

__all__ = ["ATTACKS"]

_FAMILY = "answer leakage"

_OPEN = "def f(path):\n    return open(path).read()"


def _by_path(scene: Scene) -> Finding:
    reply = scene.ask(_OPEN, str(scene.folder / "answers.json"))
    return _unknown(scene.knows(reply), reply.reason)


def _unknown(known: bool, how: str) -> Finding:
    if known:
        return Finding(held=False, seen="the sentinel came out of the jail")
    return Finding(held=True, seen=how.partition("\n")[0][:80] or "the sentinel stayed unknown")


ATTACKS = (Attack(id="A01", name="open a hidden file by its path", family=_FAMILY, must="denied", run=_by_path, quick=True),)
"""In the order of their numbers."""
