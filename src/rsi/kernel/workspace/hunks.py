"""What an edit changes in a file: stretches of whole lines, found without git, in time that an author of the edit cannot blow up.

Lines are matched by patience (lines that stand once on both sides, in their longest common order; B. Cohen 2008) and between those by
their longest common subsequence. Work is counted in steps, never in seconds: when it is used up, what is left is taken as one
stretch, which is coarse but right. So equal contents give equal hunks on every machine.

Covers: hostile contents (megabytes of equal lines, thousands of small changes), CR and form feeds within lines, a last line without
newline. A content that has NUL or is not UTF-8 has no lines: it is one stretch. Does not cover: what the lines mean; a merge of sources
that parse need not parse.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["Hunk", "hunks_of", "splice", "touching"]

STEPS = 1_000_000
"""Most steps of one comparison beyond the first look at each line; some tenths of a second."""
MOST = 2_000
"""Most hunks of one change; where there would be more, one from the first to the last."""
Region = tuple[int, int, int, int]
"""Lines from, up to (of the one side), from, up to (of the other)."""
Pairs = list[tuple[int, int]]
"""Lines that stand on both sides, as (index, index), rising on both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """A stretch of a file that an edit replaces.

    Attributes:
        start: byte at which it begins, always the beginning of a line.
        end: byte after its last; `start` if it only adds.
        text: what stands there afterwards; empty if it only takes away.
    """

    start: int
    end: int
    text: bytes


def hunks_of(before: bytes, after: bytes) -> tuple[Hunk, ...]:
    """What leads from one content to another, in order; between any two hunks at least one line stays as it is."""
    if before == after:
        return ()
    if not (_is_text(before) and _is_text(after)):
        return (Hunk(start=0, end=len(before), text=after),)
    old, new = _lines(before), _lines(after)
    at = [0, *accumulate(map(len, old))]
    found = sorted(_Comparison(old, new).regions())
    if len(found) > MOST:
        found = [(found[0][0], found[-1][1], found[0][2], found[-1][3])]
    return tuple(Hunk(start=at[a], end=at[b], text=b"".join(new[c:d])) for a, b, c, d in found)


def splice(before: bytes, hunks: Iterable[Hunk]) -> bytes:
    """The content after hunks in rising order, of which no two touch."""
    pieces: list[bytes] = []
    last = 0
    for hunk in hunks:
        pieces += (before[last : hunk.start], hunk.text)
        last = hunk.end
    return b"".join((*pieces, before[last:]))


def touching(ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> tuple[Hunk, Hunk] | None:
    """The first hunks of two edits that cannot both be made: not the same, and no unchanged line between them. None if all can."""
    i = j = 0
    while i < len(ours) and j < len(theirs):
        mine, other = ours[i], theirs[j]
        if mine != other and mine.start <= other.end and other.start <= mine.end:
            return mine, other
        i, j = i + (mine.end <= other.end), j + (other.end <= mine.end)
    return None


def _is_text(content: bytes) -> bool:
    if b"\0" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lines(content: bytes) -> list[bytes]:
    *whole, last = content.split(b"\n")
    return [*(line + b"\n" for line in whole), *([last] if last else ())]


class _Comparison:
    """Two lists of lines and the steps that may still be spent on them."""

    def __init__(self, old: list[bytes], new: list[bytes]) -> None:
        self._old, self._new = old, new
        self._steps = STEPS + len(old) + len(new)

    def regions(self) -> Iterator[Region]:
        """The regions that differ, in no particular order."""
        todo: list[Region] = [(0, len(self._old), 0, len(self._new))]
        while todo:
            a, b, c, d = self._trimmed(*todo.pop())
            matched = self._unique(a, b, c, d) or self._common(a, b, c, d) if a < b and c < d else []
            if matched:
                starts, ends = [(a, c), *((i + 1, j + 1) for i, j in matched)], [*matched, (b, d)]
                todo.extend((i, k, j, m) for (i, j), (k, m) in zip(starts, ends, strict=True))
            elif a < b or c < d:
                yield a, b, c, d

    def _trimmed(self, a: int, b: int, c: int, d: int) -> Region:
        """Without the equal lines at both ends."""
        old, new = self._old, self._new
        while a < b and c < d and old[a] == new[c]:
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
        return a, b, c, d

    def _unique(self, a: int, b: int, c: int, d: int) -> Pairs:
        """Lines that stand once on each side, as many as have the same order on both."""
        if not self._may(b - a + d - c):
            return []
        there = _singles(self._new, c, d)
        return _rising([(i, there[line]) for line, i in _singles(self._old, a, b).items() if line in there])

    def _common(self, a: int, b: int, c: int, d: int) -> Pairs:
        """The longest common subsequence, by the table of its lengths for all ends of both sides."""
        if not self._may((b - a) * (d - c)):
            return []
        rows = [[0] * (d - c + 1)]
        for i in range(b - 1, a - 1, -1):
            below, row = rows[-1], [0] * (d - c + 1)
            for k in range(d - c - 1, -1, -1):
                row[k] = below[k + 1] + 1 if self._old[i] == self._new[c + k] else max(below[k], row[k + 1])
            rows.append(row)
        return self._walk(rows[::-1], a, c)

    def _walk(self, rows: list[list[int]], a: int, c: int) -> Pairs:
        found: Pairs = []
        i = k = 0
        while rows[i][k]:
            if self._old[a + i] == self._new[c + k]:
                found.append((a + i, c + k))
                i, k = i + 1, k + 1
            elif rows[i + 1][k] == rows[i][k]:
                i += 1
            else:
                k += 1
        return found

    def _may(self, steps: int) -> bool:
        if steps > self._steps:
            return False
        self._steps -= steps
        return True


def _singles(lines: list[bytes], start: int, end: int) -> dict[bytes, int]:
    """Index of each line that stands there once, in rising order."""
    first: dict[bytes, int] = {}
    again: set[bytes] = set()
    for k in range(start, end):
        if lines[k] in first:
            again.add(lines[k])
        else:
            first[lines[k]] = k
    return {line: k for line, k in first.items() if line not in again}


def _rising(pairs: Pairs) -> Pairs:
    """The longest part of pairs, rising in their first, that rises in the second as well (patience sorting)."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        tops[pile : pile + 1] = [j]
        ends[pile : pile + 1] = [at]
        before.append(ends[pile - 1] if pile else -1)
    found: Pairs = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]
