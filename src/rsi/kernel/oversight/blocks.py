"""Files of which only some blocks may be edited: what stands between lines with EVOLVE-BLOCK-START and EVOLVE-BLOCK-END.

A marker line may begin with any comment sign (`#`, `//`, `--`, `<!--` …), or end with `# EVOLVE-BLOCK-START`; OpenEvolve 0.4 reads them
the same way (`openevolve.utils.code_utils`), but puts back what was changed outside, where this refuses.

Covers: changes outside the blocks, blocks that were added, removed or nested, a file that is deleted, or made where none was.
Does not cover: what the code in a block does to the rest when it runs.
"""

import re

__all__ = ["block_problem", "blocks_of"]

_MARKER = re.compile(r"\W*EVOLVE-BLOCK-(START|END)\b")
_TRAILING = {"# EVOLVE-BLOCK-START": "START", "# EVOLVE-BLOCK-END": "END"}


def blocks_of(text: str) -> list[str] | None:
    """The contents of the blocks, in order; None where markers are nested or lack their other half."""
    split = _split(text)
    return None if split is None else split[1]


def block_problem(path: str, before: str | None, after: str | None) -> str | None:
    """Why a change of such a file may not be made, or None if it stays inside the blocks.

    Args:
        path: of the file, for the reason.
        before: its content; None where there was no such file.
        after: what it would become; None where it would be deleted.
    """
    if before is None or after is None:
        return f"{path} may only be edited inside its EVOLVE-BLOCKs, not {'made' if before is None else 'deleted'}"
    old, new = _split(before), _split(after)
    if old is None or not old[1]:
        return f"{path} has no EVOLVE-BLOCK that may be edited"
    if new is None or len(new[1]) != len(old[1]):
        return f"{path}: its EVOLVE-BLOCK markers were changed; it had {len(old[1])} blocks, and must keep them"
    line = 1
    for kept, found, block in zip(old[0], new[0], [*old[1], ""], strict=True):
        if kept != found:
            return f"{path}: line {line + _first_difference(kept, found)} is outside the EVOLVE-BLOCKs and may not be changed"
        line += len(kept) + (block.count("\n") + 1 if block else 0)
    return None


def _split(text: str) -> tuple[list[list[str]], list[str]] | None:
    """Lines outside the blocks (markers among them), one part more than there are blocks; and the blocks."""
    outside: list[list[str]] = [[]]
    blocks: list[str] = []
    inside: list[str] | None = None
    for line in text.split("\n"):
        marker = _marker(line)
        if marker is None:
            (outside[-1] if inside is None else inside).append(line)
        elif (marker == "START") != (inside is None):
            return None
        elif inside is None:
            outside[-1].append(line)
            inside = []
        else:
            blocks.append("\n".join(inside))
            outside.append([line])
            inside = None
    return (outside, blocks) if inside is None else None


def _marker(line: str) -> str | None:
    found = _MARKER.match(line)
    if found:
        return found.group(1)
    return next((kind for words, kind in _TRAILING.items() if words in line), None)


def _first_difference(kept: list[str], found: list[str]) -> int:
    for index, (one, other) in enumerate(zip(kept, found, strict=False)):
        if one != other:
            return index
    return min(len(kept), len(found))
