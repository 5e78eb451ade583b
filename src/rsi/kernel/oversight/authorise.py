"""The gate in front of every patch: which surface it may touch, how large it may be, what it may claim."""

import math
import re
from collections.abc import Iterable, Iterator
from functools import cache

from rsi.core.codec import sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import FileEdit, Manifest, Prediction, Proposal
from rsi.kernel.oversight.blocks import block_problem
from rsi.kernel.oversight.paths import collision, path_problem

__all__ = ["MANIFEST_FILE", "MAX_FILES", "MAX_TREE_BYTES", "PRODUCT_FILE", "authorise", "edit_problem", "matches"]

MANIFEST_FILE = "rsi-agent.toml"
"""What a target says of itself; no patch may touch it."""
PRODUCT_FILE = "build.json"
"""Where a call finds the product of the build; no patch may make such a file."""
MAX_EDITS = 64
MAX_FILES = 2_000
"""How many files a tree may have."""
MAX_FILE_BYTES = 1_000_000
MAX_TREE_BYTES = 8_000_000
"""How large a tree may be."""
MAX_REASON = 2_000
MAX_FAMILIES = 32
MAX_FAMILY = 80
_PROTECTED = frozenset({MANIFEST_FILE, PRODUCT_FILE})
_HALF = re.compile("[\ud800-\udfff]")


def authorise(proposal: Proposal, files: Files, manifest: Manifest) -> str | None:
    """Why a proposal may not be applied to `files`, or None if it may; the first reason found, fit for the log.

    Args:
        proposal: the whole proposal, as an agent made it: nothing in it is trusted.
        files: the tree that it would change.
        manifest: the manifest of that tree; a patch can neither change it nor edit files outside its surface's patterns.
    """
    return next((problem for problem in _problems(proposal, files, manifest) if problem), None)


def _problems(proposal: Proposal, files: Files, manifest: Manifest) -> Iterator[str | None]:
    yield _statement_problem(proposal)
    patterns = manifest.surfaces.get(proposal.surface, ())
    for edit in proposal.edits:
        yield path_problem(edit.path)
        yield _surface_problem(edit.path, proposal.surface.value, patterns, manifest.protected)
        yield _content_problem(edit)
        yield _block_problem(edit, files, manifest)
    yield _together_problem(proposal, files)


def _statement_problem(proposal: Proposal) -> str | None:
    if not proposal.edits:
        return "the patch is empty"
    if len(proposal.edits) > MAX_EDITS:
        return f"the patch has {len(proposal.edits)} edits; at most {MAX_EDITS} are allowed"
    if not proposal.reason.strip() or len(proposal.reason) > MAX_REASON:
        return f"a reason has 1 to {MAX_REASON} characters"
    if not (_is_text(proposal.reason) and _is_text(proposal.limitation)):
        return "the reason is not valid text"
    return None if _is_sane(proposal.prediction) else "the prediction is not a probability with quantiles in order within [-1, 1]"


def _is_sane(prediction: Prediction) -> bool:
    quantiles = (prediction.low, *prediction.quartiles, prediction.high)
    families = (*prediction.helps, *prediction.hurts)
    return (
        all(map(math.isfinite, (prediction.p_better, *quantiles)))
        and 0 <= prediction.p_better <= 1
        and len(prediction.quartiles) in (0, 3)
        and [-1, *quantiles, 1] == sorted([-1, *quantiles, 1])
        and len(families) <= MAX_FAMILIES
        and all(len(family) <= MAX_FAMILY and _is_text(family) for family in families)
    )


def edit_problem(path: str, after: str | None, files: Files, manifest: Manifest) -> str | None:
    """Why a file may not have this content (None: be taken away), whatever surface an edit of it is said to be of; None if it may."""
    globs = tuple(glob for patterns in manifest.surfaces.values() for glob in patterns)
    edit = FileEdit(path=path, before=sha256_hex(files[path]) if path in files else None, after=after)
    found = (
        path_problem(path),
        _surface_problem(path, "", globs, manifest.protected),
        _content_problem(edit),
        _block_problem(edit, files, manifest),
    )
    return next((problem for problem in found if problem), None)


def _surface_problem(path: str, surface: str, patterns: tuple[str, ...], protected: tuple[str, ...]) -> str | None:
    if path.casefold() in _PROTECTED or matches(path.casefold(), tuple(glob.casefold() for glob in protected)):
        return f"{path} is protected"
    if matches(path, patterns):
        return None
    return f"{path} is not part of the surface `{surface}`" if surface else f"{path} is not part of any surface"


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is one of those that some glob patterns name."""
    return any(_pattern(pattern).match(path) for pattern in patterns)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stay within one folder, `**` crosses folders."""
    wild = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces) + r"\Z")


def _content_problem(edit: FileEdit) -> str | None:
    if edit.after is None:
        return f"{edit.path} is deleted without having been there" if edit.before is None else None
    if "\0" in edit.after or not _is_text(edit.after):
        return f"the new content of {edit.path} is not valid text"
    if len(edit.after.encode("utf-8")) > MAX_FILE_BYTES:
        return f"the new content of {edit.path} is larger than {MAX_FILE_BYTES} bytes"
    return None


def _block_problem(edit: FileEdit, files: Files, manifest: Manifest) -> str | None:
    if not matches(edit.path, manifest.blocks):
        return None
    before = files.get(edit.path)
    return block_problem(edit.path, None if before is None else before.decode("utf-8", "replace"), edit.after)


def _is_text(text: str) -> bool:
    return text.isascii() or _HALF.search(text) is None


def _together_problem(proposal: Proposal, files: Files) -> str | None:
    sizes = {path: len(content) for path, content in files.items()}
    paths = [edit.path for edit in proposal.edits]
    if len(set(paths)) != len(paths):
        return "the patch edits one file twice"
    for edit in proposal.edits:
        sizes.pop(edit.path, None)
    for edit in proposal.edits:
        if edit.after is not None:
            other = collision(edit.path, sizes)
            if other is not None:
                return f"{edit.path} would be confused with {other}"
            sizes[edit.path] = len(edit.after.encode("utf-8"))
    if len(sizes) > MAX_FILES or sum(sizes.values()) > MAX_TREE_BYTES:
        return f"the tree would be larger than {MAX_FILES} files or {MAX_TREE_BYTES} bytes"
    return None
