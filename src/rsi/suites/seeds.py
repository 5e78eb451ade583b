"""The secret seeds of the pools: decided by the run's seed, promised by a hash before the run, revealed after it."""

import hashlib

from rsi.core.codec import sha256_hex
from rsi.core.records import Pool

__all__ = ["commitment", "number_of", "season_seed", "secret_seeds"]


def number_of(*parts: object) -> int:
    """A 256-bit number that depends on all parts and on nothing else; neighbours have nothing in common."""
    return int.from_bytes(hashlib.sha256("/".join(("rsi.suites", *map(str, parts))).encode()).digest(), "big")


def secret_seeds(run_seed: int, *, salt: str = "") -> dict[Pool, int]:
    """The secret seed (128 bits) of every pool, decided by the run's seed alone, or by seed and salt.

    Covers: two pools of one run never share a seed, and one pool's seed does not tell another's. Does not cover: whoever
    knows the run's seed and salt can compute all of them. An agent is told neither, but its calls have seeds that were derived from the
    run's: a small run seed can be found by trying, one of 63 random bits cannot.
    """
    return {pool: number_of("pool", run_seed, salt, pool.value) >> 128 for pool in Pool}


def season_seed(secret: int, season: int) -> int:
    """The secret seed (128 bits) of one season of a pool, from the pool's own.

    Covers: a season's seed, once revealed, tells neither the pool's nor that of another season; the commitment to the pool's seed
    commits to all of them.
    """
    return number_of("season", secret, season) >> 128


def commitment(seed: int) -> str:
    """What is published of a secret seed beforehand: SHA-256 (hex) of its decimal digits, to be checked once it is revealed."""
    return sha256_hex(str(seed).encode())
