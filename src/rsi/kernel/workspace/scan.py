"""Does a tree or a reply hold what only the judge may know? Secret seeds, the salt, the run's canary, answers of hidden cases.

Whoever writes such a thing into a tree has it from a place that no candidate can reach, or wants to hand it on to its successors.

Covers: seeds (decimal, hex, raw bytes in base64), a salt of at least 12 characters, the canary, and whole lists of expected outputs with at
least 64 bits in them; plain, split over quotes, blanks and lines, reversed, in hex, in base64; a reply is looked through for the canary.
Does not cover: other ways of writing (compressed, encrypted, computed, an answer split output by output), answers that chance could give
as well, cases that no block has opened yet.
"""

import base64
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rsi.core.codec import canonical, sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import Case, Json

__all__ = ["Leak", "Scanner", "canary_of"]

_LEAST_SALT = 12
_LEAST_BITS = 64.0
_LEAST_RUN = 24
_BLANKS = b" \t\r\n\f\v\"'_+\\"
"""What stands between the pieces of a literal; left out before anything is looked for."""
_HEX = re.compile(rb"[0-9a-f]{%d,}+" % _LEAST_RUN)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\-]{20,}+")
_LIST = re.compile(rb"[\[\](),0-9truefals-]{%d,}+" % _LEAST_RUN)
_NUMBERS = re.compile(rb"[a-z]+|-?\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Where something secret was found; never the secret itself.

    Attributes:
        path: the file.
        what: the kind of secret, `secret seed of the judge pool`.
        how: `plain` or `encoded`.
    """

    path: str
    what: str
    how: str

    def __str__(self) -> str:
        """For the log and for people."""
        return f"{self.path} holds the {self.what} ({self.how})"


def canary_of(secrets: Json) -> str:
    """A text of 32 hex digits that follows from a run's secrets and stands in its log only: whoever utters it has read the log."""
    return sha256_hex(canonical(["canary", secrets]))[:32]


class Scanner:
    """Knows a run's secrets and finds them.

    Args:
        seeds: the secret seed of each pool, in decimal digits.
        salt: the run's salt.
    """

    def __init__(self, seeds: Mapping[str, str], salt: str = "") -> None:
        """Learn the seeds; answers are learned as blocks of cases open."""
        self.canary = canary_of(dict(seeds))
        self._needles = dict(_both_ways(_needles(seeds, salt, self.canary)))
        self._raw = {int(seed).to_bytes(-(-int(seed).bit_length() // 8), "big").lower(): _seed_of(pool) for pool, seed in seeds.items()}
        self._spoken = tuple(_spellings(self.canary))
        self._answers: dict[bytes, list[tuple[bytes, str]]] = {}
        self._clean: set[str] = set()

    def learn(self, cases: Iterable[Case]) -> None:
        """From now on the expected outputs of these cases are secrets too, where they say enough not to occur by chance."""
        for case in cases:
            text = canonical(case.expected).lower()
            if len(text) >= _LEAST_RUN and _bits(text) >= _LEAST_BITS:
                self._answers.setdefault(text[:_LEAST_RUN], []).append((text, f"expected outputs of a case of the {case.pool.value} pool"))

    def leak(self, files: Files) -> Leak | None:
        """The first secret found in a tree. A file that was found clean is not looked through again."""
        for path, content in files.items():
            name = sha256_hex(content)
            if name in self._clean:
                continue
            found = self._search(content)
            if found is not None:
                return Leak(path=path, what=found[0], how=found[1])
            self._clean.add(name)
        return None

    def is_spoken(self, *texts: str | bytes) -> bool:
        """Whether the canary stands in one of these texts: plain, reversed, in hex or in base64."""
        bodies = [text.encode("utf-8", "replace") if isinstance(text, str) else text for text in texts]
        return any(spelling in body for body in bodies for spelling in self._spoken)

    def _search(self, content: bytes) -> tuple[str, str] | None:
        tight = content.translate(None, _BLANKS).lower()
        hidden = b"\0".join(_decoded(content, tight))
        for text, how in ((tight, "plain"), (hidden, "encoded")):
            what = self._find(text, is_binary=how == "encoded")
            if what is not None:
                return what, how
        return None

    def _find(self, text: bytes, *, is_binary: bool) -> str | None:
        needles = {**self._needles, **self._raw} if is_binary else self._needles
        found = next((what for needle, what in needles.items() if needle in text), None)
        return found or next(filter(None, map(self._answer_in, _LIST.findall(text) if self._answers else ())), None)

    def _answer_in(self, run: bytes) -> str | None:
        return self._answer_from(_as_lists(run)) or self._answer_from(_as_lists(run[::-1]))

    def _answer_from(self, run: bytes) -> str | None:
        at = run.find(b"[")
        while at >= 0:
            for text, what in self._answers.get(run[at : at + _LEAST_RUN], ()):
                if run.startswith(text, at):
                    return what
            at = run.find(b"[", at + 1)
        return None


def _as_lists(run: bytes) -> bytes:
    """Tuples as lists."""
    return run.replace(b"(", b"[").replace(b")", b"]").replace(b",]", b"]")


def _seed_of(pool: str) -> str:
    return f"secret seed of the {pool} pool"


def _needles(seeds: Mapping[str, str], salt: str, canary: str) -> Iterator[tuple[bytes, str]]:
    for pool, seed in seeds.items():
        yield seed.encode(), _seed_of(pool)
        yield f"{int(seed):x}".encode(), _seed_of(pool)
    yield canary.encode(), "canary of this run"
    tight = salt.encode().translate(None, _BLANKS).lower()
    if len(tight) >= _LEAST_SALT:
        yield tight, "salt of this run"


def _both_ways(needles: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
    for needle, what in needles:
        yield needle, what
        yield needle[::-1], what


def _spellings(canary: str) -> Iterator[bytes]:
    """A text plain, reversed, in hex, and the three forms that base64 gives it by where it begins."""
    plain = canary.encode()
    yield from (plain, plain[::-1], plain.upper(), plain.hex().encode())
    for lead in range(3):
        whole = base64.b64encode(b"\0" * lead + plain)
        yield whole[-(-8 * lead // 6) : -4]


def _decoded(content: bytes, tight: bytes) -> Iterator[bytes]:
    """What runs of hex digits and of base64 stand for, in lower case and without blanks, wherever in the run it begins."""
    for run in _HEX.findall(tight):
        for start in (0, 1):
            yield bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode()).translate(None, _BLANKS).lower()
    for run in _BASE64.findall(content.replace(b"_", b"/")):
        for start in range(4):
            plain = base64.b64decode(run[start:].replace(b"-", b"+")[: None if (len(run) - start) % 4 != 1 else -1] + b"==")
            yield plain.lower()
            yield plain.translate(None, _BLANKS).lower()


def _bits(text: bytes) -> float:
    """How much the numbers of a list say at least: their count times the entropy of their distribution."""
    numbers = Counter(_NUMBERS.findall(text))
    total = numbers.total()
    return -sum(count * math.log2(count / total) for count in numbers.values())
