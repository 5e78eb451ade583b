"""From a changed tree to changes that can be judged: which surface they belong to, and whether oversight would let them through."""

from collections.abc import Mapping, Sequence

from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import CandidateId, FileEdit, Manifest, Prediction, Proposal, ProposalId, Surface
from rsi.kernel.oversight import authorise

__all__ = ["by_surface", "problem_of", "surface_named", "surface_of"]

_NOBODY = Prediction(p_better=0.5, low=0.0, high=0.0)
"""In place of a prediction that nobody made, where a form must be complete to be checked."""
_OPEN = "."


def problem_of(
    edits: Sequence[FileEdit], surface: Surface, reason: str, files: Files, manifest: Manifest, prediction: Prediction | None = None
) -> str | None:
    """Why oversight would not let a change of `files` through, None if it would."""
    name = CandidateId("")
    proposal = Proposal(
        id=ProposalId(""),
        improver=name,
        parent=name,
        surface=surface,
        limitation="",
        reason=reason,
        edits=tuple(edits),
        prediction=prediction or _NOBODY,
    )
    return authorise(proposal, files, manifest)


def surface_named(text: str, manifest: Manifest) -> Surface:
    """The surface that somebody names.

    Raises:
        UserError: the target has none of that name.
    """
    for surface in manifest.surfaces:
        if surface.value == text:
            return surface
    raise UserError(f"there is no surface {text[:40]!r} here; choose one of {', '.join(one.value for one in manifest.surfaces)}")


def surface_of(edits: Sequence[FileEdit], files: Files, manifest: Manifest) -> Surface:
    """The first surface of the manifest that may make all of these edits.

    Raises:
        UserError: none may; says which file is the reason.
    """
    found = next((surface for surface in manifest.surfaces if _takes_all(edits, surface, files, manifest)), None)
    if found is not None:
        return found
    homes = {edit.path: _homes(edit, files, manifest) for edit in edits}
    stray = next((path for path, surfaces in homes.items() if not surfaces), None)
    if stray is not None:
        edit = next(edit for edit in edits if edit.path == stray)
        why = problem_of([edit], next(iter(manifest.surfaces)), _OPEN, files, manifest) or ""
        raise UserError(f"{stray} may not be edited here ({why}); take it back. Open are: {_words(manifest)}")
    spread = "; ".join(f"{path} is {' or '.join(one.value for one in surfaces)}" for path, surfaces in list(homes.items())[:4])
    raise UserError(f"no one surface has all of this ({spread}); submit it in parts: --surface NAME takes what belongs to that one")


def by_surface(edits: Sequence[FileEdit], files: Files, manifest: Manifest) -> Mapping[Surface, tuple[FileEdit, ...]]:
    """Edits as few changes as possible, each within one surface; what no surface may edit is left out."""
    groups: dict[Surface, tuple[FileEdit, ...]] = {}
    left = list(edits)
    while left:
        taken = {surface: [edit for edit in left if _takes_all([edit], surface, files, manifest)] for surface in manifest.surfaces}
        best = max(taken, key=lambda surface: len(taken[surface]), default=None)
        if best is None or not taken[best]:
            break
        groups[best] = tuple(taken[best])
        left = [edit for edit in left if edit not in taken[best]]
    return groups


def _takes_all(edits: Sequence[FileEdit], surface: Surface, files: Files, manifest: Manifest) -> bool:
    return problem_of(edits, surface, _OPEN, files, manifest) is None


def _homes(edit: FileEdit, files: Files, manifest: Manifest) -> list[Surface]:
    return [surface for surface in manifest.surfaces if _takes_all([edit], surface, files, manifest)]


def _words(manifest: Manifest) -> str:
    return "; ".join(f"{surface.value}: {', '.join(globs[:6])}" for surface, globs in manifest.surfaces.items())
