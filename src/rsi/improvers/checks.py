"""What an improver may consist of: the same for one that is kept here and for one that a stranger wrote."""

import re
from collections.abc import Iterable, Iterator

from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import Certificate
from rsi.improvers.records import Improver, Passage, tree_of
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.oversight import path_problem

__all__ = ["MAX_FILES", "MAX_TREE_BYTES", "problem_of"]

MAX_FILES = 2_000
"""As many as a tree may have after a change in a run."""
MAX_TREE_BYTES = 8_000_000
"""As large as a tree may become in a run."""
_MAX_PASSAGES = 1_000
_MAX_CHANGES = 10_000
_LAST_S = 1e11
"""The year 5138: what a calendar can show."""
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_NAME = re.compile(r"[0-9A-Za-z._ -]{1,64}\Z")


def problem_of(improver: Improver, files: Files) -> str | None:
    """Why this is no improver, or None; the first reason found."""
    return next((problem for problem in _problems(improver, files) if problem), None)


def _problems(improver: Improver, files: Files) -> Iterator[str | None]:
    yield _tree_problem(files)
    try:
        manifest, tree = load_manifest(files), tree_of(files)
    except UserError as error:
        yield str(error)
        return
    if manifest.name != improver.name:
        yield f"it is called {improver.name[:100]!r}, and its manifest says {manifest.name!r}"
    if tree != improver.tree:
        yield "its files are not the tree that its record speaks of"
    yield from _chain_problems(improver)


def _tree_problem(files: Files) -> str | None:
    size = sum(len(content) for content in files.values())
    if len(files) > MAX_FILES or size > MAX_TREE_BYTES:
        return f"a tree of {len(files)} files and {size} bytes; at most {MAX_FILES} and {MAX_TREE_BYTES} are allowed"
    return next((problem for problem in map(path_problem, files) if problem), None) or _confusion(files)


def _confusion(paths: Iterable[str]) -> str | None:
    """Two paths of which a file system might make one: they differ only in case, or one is the folder of the other."""
    seen: dict[str, str] = {}
    for path in paths:
        for end in (*(match.start() for match in re.finditer("/", path)), len(path)):
            part = path[:end] + "/" if end < len(path) else path
            other = seen.setdefault(path[:end].casefold(), part)
            if other != part:
                return f"the path {path!r} would be confused with {other!r}"
    return None


def _chain_problems(improver: Improver) -> Iterator[str | None]:
    passages = improver.passages
    if not passages or len(passages) > _MAX_PASSAGES or sum(len(passage.changes) for passage in passages) > _MAX_CHANGES:
        yield f"it has {len(passages)} runs behind it; 1 to {_MAX_PASSAGES} with at most {_MAX_CHANGES} changes are allowed"
        return
    for before, after in zip(passages, passages[1:], strict=False):
        if before.release != after.start:
            yield f"run {after.run[:80]!r} did not begin where run {before.run[:80]!r} ended"
    if passages[-1].release != improver.tree:
        yield "its last run did not end with its files"
    for passage in passages:
        problem = _passage_problem(passage)
        yield problem and f"run {passage.run[:80]!r}: {problem}"


def _passage_problem(passage: Passage) -> str | None:
    certificate = passage.certificate
    hashes = (passage.config, passage.head, passage.digest, passage.start, passage.release, certificate.start, certificate.release)
    if not all(_HASH.match(value) for value in hashes):
        return "a hash in its record is none"
    if not all(_NAME.match(value) for value in (passage.run, passage.suite, passage.kernel)):
        return "a name in its record has other characters than letters, digits, `.`, `_`, `-` and spaces"
    if not 0 <= passage.ended <= _LAST_S:
        return "its time is none"
    if not passage.changes or passage.start == passage.release:
        return "it changed nothing"
    return _certificate_problem(certificate)


def _certificate_problem(certificate: Certificate) -> str | None:
    shares = (certificate.start_score, certificate.release_score)
    if not all(0 <= share <= 1 for share in shares) or not 0 < certificate.alpha < 1 or certificate.pairs < 1:
        return "its certificate has scores, pairs or an alpha that cannot be"
    if not -1 <= certificate.low <= certificate.gain <= certificate.high <= 1:
        return "its certificate has a gain outside of its own interval"
    if certificate.low <= 0:
        return "its certificate does not show a gain: the interval reaches down to 0 or below"
    if abs(certificate.gain - (certificate.release_score - certificate.start_score)) > 1e-6:
        return "its certificate has a gain that is not the difference of its scores"
    return None
