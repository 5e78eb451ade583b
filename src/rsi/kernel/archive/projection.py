"""How each event of a run becomes rows of the index. Events without rows (an opened test, a finished job) are passed over."""

import sqlite3
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache

from rsi.core.codec import canonical, decode, encode
from rsi.core.errors import IntegrityError, MessageError
from rsi.core.protocols import Entry
from rsi.core.records import Accepted, Candidate, Certificate, Cycle, Json, Outcome, Pool, Proposal, Rejected, Surface, Undecided, Verdict

__all__ = ["project"]


def project(db: sqlite3.Connection, entry: Entry) -> None:
    """Write the rows of one entry.

    Raises:
        IntegrityError: its body has not the shape of its kind; names the entry.
    """
    writer = _WRITERS.get(entry.kind)
    if writer is None:
        return
    try:
        writer(db, _Body(entry.body), entry.seq)
    except (MessageError, sqlite3.IntegrityError) as error:
        raise IntegrityError(f"entry {entry.seq} ({entry.kind}) cannot be indexed: {error}") from None


class _Body:
    """Reads the fields of a body by name and type."""

    def __init__(self, data: Json) -> None:
        if not isinstance(data, dict):
            raise MessageError("its body is no object")
        self.data: Mapping[str, Json] = data

    def get(self, name: str) -> Json:
        if name not in self.data:
            raise MessageError(f"its body has no {name!r}")
        return self.data[name]

    def text(self, name: str) -> str:
        value = self.get(name)
        if not isinstance(value, str):
            raise MessageError(f"{name!r} is no text")
        return value

    def number(self, name: str) -> int:
        value = self.get(name)
        if type(value) is not int:
            raise MessageError(f"{name!r} is no whole number")
        return value

    def score(self, name: str) -> float | None:
        value = self.get(name)
        if value is None or isinstance(value, float):
            return value
        return float(self.number(name))

    def member(self, kind: type[StrEnum], name: str) -> str:
        try:
            return kind(self.text(name)).value
        except ValueError:
            raise MessageError(f"{name!r} is no {kind.__name__}") from None

    def rows(self, name: str) -> list["_Body"]:
        items = self.get(name)
        if not isinstance(items, list):
            raise MessageError(f"{name!r} is no list")
        return [_Body(item) for item in items]


def _json(data: Json) -> str:
    return canonical(data).decode()


def _insert(db: sqlite3.Connection, table: str, *values: object) -> None:
    db.execute(_inserting(table, len(values)), values)


@cache
def _inserting(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"


def _run_started(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    _insert(db, "run", _json(dict(body.data)), None)
    _add_candidate(db, decode(Candidate, body.get("start")), seq)


def _run_ended(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    db.execute("UPDATE run SET ended = ?", (_json(dict(body.data)),))


def _cycle_opened(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    cycle: Cycle = decode(Cycle, body.get("cycle"))
    _insert(db, "cycles", cycle.index, cycle.improver, len(cycle.limitations), len(cycle.proposals), _json(encode(cycle)), seq)


def _proposal_made(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    made: Proposal = decode(Proposal, body.get("proposal"))
    what = (made.id, body.number("cycle"), made.surface.value, made.improver, made.parent, made.limitation, made.reason)
    _insert(db, "proposals", *what, made.prediction.p_better, body.text("patch"), None, _json(encode(made)), seq)


def _proposal_refused(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    done = db.execute("UPDATE proposals SET refused = ? WHERE id = ?", (body.text("reason"), body.text("proposal")))
    if done.rowcount != 1:
        raise MessageError(f"there is no proposal {body.text('proposal')!r}")


def _candidate_added(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    _add_candidate(db, decode(Candidate, body.get("candidate")), seq)


def _add_candidate(db: sqlite3.Connection, new: Candidate, seq: int) -> None:
    row = (new.id, new.tree, new.parent, new.proposal, seq)
    db.execute("INSERT INTO candidates VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", row)


def _trials_done(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    candidate, pool, purpose = body.text("candidate"), body.member(Pool, "pool"), body.text("purpose")
    for trial in body.rows("trials"):
        ended = (trial.member(Outcome, "outcome"), trial.score("score"), trial.text("label"), trial.number("programs"))
        _insert(db, "trials", candidate, trial.text("case"), trial.text("family"), pool, purpose, *ended, seq)


def _verdict_given(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    given: Accepted | Rejected | Undecided = decode(Verdict, body.get("verdict"))
    effect = given.effect
    about = (given.candidate, body.text("proposal"), body.number("cycle"), body.member(Surface, "surface"), type(given).__name__.lower())
    numbers = (effect.mean, effect.low, effect.high, effect.pairs, given.e_value, given.threshold)
    _insert(db, "verdicts", seq, *about, *numbers, _json(encode(given)))


def _incumbent_changed(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    _insert(db, "incumbents", seq, body.text("candidate"), body.text("before"), body.text("proposal"), body.number("cycle"))


def _lineage_quarantined(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    incumbent = None if body.get("incumbent") is None else body.text("incumbent")
    _insert(db, "quarantines", seq, body.text("candidate"), body.text("call"), body.text("name"), body.text("before"), incumbent)
    undone: list[str] = decode(list[str], body.get("undone"))
    for candidate in undone:
        _insert(db, "undone", candidate, seq)


def _certificate_issued(db: sqlite3.Connection, body: _Body, seq: int) -> None:
    issued: Certificate = decode(Certificate, body.get("certificate"))
    _insert(db, "certificates", seq, _json(encode(issued)), _json(body.get("families")))


_WRITERS: Mapping[str, Callable[[sqlite3.Connection, _Body, int], None]] = {
    "run.started": _run_started,
    "cycle.opened": _cycle_opened,
    "proposal.made": _proposal_made,
    "proposal.refused": _proposal_refused,
    "candidate.added": _candidate_added,
    "trials.done": _trials_done,
    "verdict.given": _verdict_given,
    "incumbent.changed": _incumbent_changed,
    "lineage.quarantined": _lineage_quarantined,
    "certificate.issued": _certificate_issued,
    "run.ended": _run_ended,
}
