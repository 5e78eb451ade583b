"""Every use of hidden cases: who asked, of which pool and season, how many cases, and what left the kernel because of it.

Covers: all trials on cases of calibration, judge, sealed and safety pool, and everything that was told to an agent or to people on
their ground.
Does not cover: what an agent concludes from a word, and what people do with a report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rsi.core.protocols import Entry
from rsi.core.records import Json, Pool

__all__ = ["NOTHING", "Ledger", "Query", "Use", "ledger_of"]

NOTHING = "nothing"
"""What leaves the kernel of a block of trials: its scores stay in the log."""
_HIDDEN = frozenset(pool.value for pool in Pool if pool is not Pool.PRACTICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One line of the ledger.

    Attributes:
        seq: number of the log's entry.
        who: the order (a block of trials), or the proposal (a verdict).
        version: the candidate that was run or judged; empty where it is about none.
        season: of the first case, for the judge's pool; else None.
        first: number of the first case; None where the line is about no particular cases.
        cases: how many.
        left: what left the kernel: `nothing`, or one word and to whom.
    """

    seq: int
    who: str
    version: str
    pool: str
    season: int | None
    first: int | None
    cases: int
    left: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much a pool was used: blocks of trials, trials in them, and times that something left the kernel because of them."""

    queries: int = 0
    cases: int = 0
    words: int = 0


class Ledger:
    """Takes entries one by one; counts by pool, and says which line an entry is."""

    def __init__(self) -> None:
        """Nothing was asked before the first entry."""
        self._uses: dict[str, Use] = {}
        self._season_cases = 0

    @property
    def uses(self) -> Mapping[str, Use]:
        """Use of each hidden pool so far."""
        return dict(self._uses)

    def add(self, entry: Entry) -> Query | None:
        """Take the next entry; its line, if it has one."""
        body = entry.body if isinstance(entry.body, dict) else {}
        if entry.kind == "season.opened":
            self._season_cases = _whole(body.get("cases"))
        line = _LINES[entry.kind](self, entry, body) if entry.kind in _LINES else None
        if line is not None:
            before = self._uses.get(line.pool, Use())
            asked, told = line.first is not None, line.left != NOTHING
            self._uses[line.pool] = Use(
                queries=before.queries + asked, cases=before.cases + (line.cases if asked else 0), words=before.words + told
            )
        return line

    def trials(self, entry: Entry, body: Mapping[str, Json]) -> Query | None:
        """The line of a block of trials."""
        pool, rows, first = str(body.get("pool")), body.get("trials"), _whole(body.get("first"))
        if pool not in _HIDDEN:
            return None
        season = first // self._season_cases if pool == Pool.JUDGE and self._season_cases else None
        cases = len(rows) if isinstance(rows, list) else 0
        version = str(body.get("candidate"))
        return Query(
            seq=entry.seq, who=str(body.get("job")), version=version, pool=pool, season=season, first=first, cases=cases, left=NOTHING
        )


def _told(entry: Entry, pool: Pool, who: str, version: str, cases: int, left: str) -> Query:
    return Query(seq=entry.seq, who=who, version=version, pool=pool.value, season=None, first=None, cases=cases, left=left)


def _verdict(ledger: Ledger, entry: Entry, body: Mapping[str, Json]) -> Query | None:
    verdict = body.get("verdict")
    given = verdict if isinstance(verdict, dict) else {}
    effect = given.get("effect")
    word = str(given.get("is")).lower()
    is_silent = str(given.get("reason", "")).startswith("rebased")
    if "removes" in body:
        word, is_silent = "removed", word != "accepted"
    left = NOTHING if is_silent else f"one word to the agent: {word}"
    pairs = _whole(effect.get("pairs")) if isinstance(effect, dict) else 0
    pool = Pool.SAFETY if str(given.get("reason", "")).startswith("vetoed") else Pool.JUDGE
    return _told(entry, pool, str(body.get("proposal")), str(given.get("candidate")), pairs, left)


def _certificate(ledger: Ledger, entry: Entry, body: Mapping[str, Json]) -> Query | None:
    issued = body.get("certificate")
    given = issued if isinstance(issued, dict) else {}
    return _told(
        entry,
        Pool.SEALED,
        "certificate",
        str(given.get("release")),
        _whole(given.get("pairs")),
        "the certificate, to people only",
    )


def _calibration(ledger: Ledger, entry: Entry, body: Mapping[str, Json]) -> Query | None:
    seen = body.get("calibration")
    cases = _whole(seen.get("cases")) if isinstance(seen, dict) else 0
    return _told(entry, Pool.CALIBRATION, "calibration", "", cases, "noise and power, to people only")


_LINES = {"trials.done": Ledger.trials, "verdict.given": _verdict, "certificate.issued": _certificate, "calibration.done": _calibration}


def _whole(data: Json) -> int:
    return data if type(data) is int else 0


def ledger_of(entries: Iterable[Entry]) -> tuple[Query, ...]:
    """All lines of a log, in order."""
    ledger = Ledger()
    return tuple(line for entry in entries if (line := ledger.add(entry)) is not None)
