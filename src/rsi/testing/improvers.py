"""Improvers that no run has made, for tests of whoever keeps, shows or passes them on."""

from collections.abc import Sequence

from rsi.core.codec import sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import CandidateId, Certificate, Surface, TreeId
from rsi.improvers import Change, Improver, Passage, tree_of
from rsi.kernel.evaluate import load_manifest

__all__ = ["improver_over", "passage_between"]


def improver_over(*trees: Files, lows: Sequence[float] = ()) -> Improver:
    """An improver that came through one run from each tree to the next and consists of the last one.

    Args:
        trees: two or more.
        lows: lower bound of the gain that each run certified; 0.1 where none is given.
    """
    bounds = [*lows, *[0.1] * (len(trees) - 1 - len(lows))]
    names = [tree_of(files) for files in trees]
    passages = tuple(map(passage_between, names, names[1:], bounds))
    return Improver(name=load_manifest(trees[-1]).name, tree=names[-1], passages=passages)


def passage_between(start: TreeId, release: TreeId, low: float = 0.1) -> Passage:
    """A run from one tree to another."""
    change = Change(surface=Surface.CODE, limitation="too slow", reason="search deeper", pairs=120, gain=0.05, spread=0.01, p_better=0.99)
    certificate = Certificate(
        start=CandidateId(sha256_hex(start.encode())),
        release=CandidateId(sha256_hex(release.encode())),
        pairs=200,
        start_score=0.25,
        release_score=0.5,
        gain=0.25,
        low=low,
        high=0.4,
    )
    return Passage(
        run=sha256_hex(f"{start}{release}".encode())[:12],
        seed=1,
        config=sha256_hex(b"config"),
        suite="list_functions",
        build_seed=2,
        kernel="0123456789abcdef",
        head=sha256_hex(b"head"),
        digest=sha256_hex(b"digest"),
        ended=1_790_000_000.0,
        start=start,
        release=release,
        certificate=certificate,
        changes=(change,),
    )
