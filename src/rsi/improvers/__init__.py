"""Improvers that outlive their run: certified agent versions, each with where it came from and what is claimed of it."""

from rsi.improvers.drawn import improver_of, keep_release, passage_of
from rsi.improvers.package import Packed, pack, unpack
from rsi.improvers.records import Arrival, Change, Improver, Passage, named, tree_of
from rsi.improvers.store import PREFIX, Store, best, read_package

__all__ = [
    "PREFIX",
    "Arrival",
    "Change",
    "Improver",
    "Packed",
    "Passage",
    "Store",
    "best",
    "improver_of",
    "keep_release",
    "named",
    "pack",
    "passage_of",
    "read_package",
    "tree_of",
    "unpack",
]
