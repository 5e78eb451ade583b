"""The index of a run: an SQLite projection of its log, to look things up in. It can be dropped and rebuilt at any time."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsi.core.codec import decode
from rsi.core.errors import InfrastructureError, IntegrityError, UserError
from rsi.core.protocols import Entry
from rsi.core.records import Candidate, CandidateId, Certificate, Cycle, Outcome, Pool, Proposal, ProposalId, Surface, Verdict
from rsi.kernel.archive.projection import project
from rsi.kernel.archive.schema import SCHEMA, VERSION
from rsi.kernel.archive.views import (
    CandidateView,
    CertificateView,
    ProposalView,
    RunView,
    Step,
    TrialSummary,
    VerdictView,
)

__all__ = ["Index"]

_CANDIDATE = "SELECT id, tree, parent, proposal, seq FROM candidates"
_PROPOSAL = "SELECT record, cycle, patch, refused, seq FROM proposals"
_VERDICT = "SELECT record, proposal, cycle, surface, seq FROM verdicts"
_INCUMBENT = """
SELECT candidate FROM (SELECT seq, candidate FROM incumbents UNION ALL SELECT seq, incumbent FROM quarantines) ORDER BY seq DESC LIMIT 1
"""
_KEPT = "SELECT cycle, candidate FROM incumbents WHERE candidate NOT IN (SELECT candidate FROM undone) ORDER BY seq"
_LINEAGE = """
WITH RECURSIVE line (id, depth) AS (
    VALUES (?, 0) UNION ALL
    SELECT candidates.parent, depth + 1 FROM line JOIN candidates USING (id) WHERE candidates.parent IS NOT NULL
)
SELECT candidates.id, tree, parent, proposal, seq FROM line JOIN candidates USING (id) ORDER BY depth DESC
"""
_TRIALS = """
SELECT pool, purpose, count(*), sum(outcome = ?), sum(ifnull(score, 0.0)), sum(programs)
FROM trials WHERE candidate = ? GROUP BY pool, purpose ORDER BY pool, purpose
"""


class Index:
    """Answers questions about a run. Decisions never read it: the log is the truth, and the same log gives the same index.

    The process that holds the run's lock rebuilds the file when it takes the run up and lets it follow from then on, many entries at a
    time, since a transaction costs more than its rows; every other process indexes the log in memory
    (`Index.rebuild(None, log.entries())`).
    """

    def __init__(self, path: Path | None) -> None:
        """Open or create the index at `path`, or in memory (None: for folders that cannot be written).

        Raises:
            InfrastructureError: the file cannot be used as an index; rebuild it.
        """
        self._name = "the index" if path is None else str(path)
        try:
            self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    @classmethod
    def rebuild(cls, path: Path | None, entries: Iterable[Entry]) -> "Index":
        """Drop the index at `path` and make it anew from all entries of the log.

        Raises:
            IntegrityError: an entry does not have the shape of its kind.
            InfrastructureError: it cannot be written.
        """
        if path is not None:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        index = cls(path)
        index.follow(entries)
        return index

    def follow(self, entries: Iterable[Entry]) -> None:
        """Take in, as one transaction, all of `entries` that come after the last one indexed.

        Raises:
            IntegrityError: the index belongs to another log (rebuild it), or an entry does not have the shape of its kind.
            InfrastructureError: it cannot be written; the index is as before.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._apply(entries)
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    @property
    def position(self) -> int:
        """Number of the last entry indexed, −1 if there is none."""
        return self._position()[0]

    def run(self) -> RunView | None:
        """How the run began, ended, and its best version so far; None before it began."""
        rows = self._rows("SELECT started, ended FROM run")
        if not rows:
            return None
        started, ended = rows[0]
        body = json.loads(started)
        last = self._rows(_INCUMBENT)
        incumbent = (last[0][0] if last else None) or body["start"]["id"]
        return RunView(started=body, ended=None if ended is None else json.loads(ended), incumbent=CandidateId(incumbent))

    def candidates(self) -> tuple[CandidateView, ...]:
        """All candidates, oldest first, with their states."""
        verdicts = {view.verdict.candidate: type(view.verdict).__name__.lower() for view in self.verdicts()}
        verdicts |= dict.fromkeys((CandidateId(row[0]) for row in self._rows("SELECT candidate FROM undone")), "undone")
        return tuple(
            CandidateView(candidate=(new := _candidate(row)), state=_state(new, verdicts), seq=row[4])
            for row in self._rows(f"{_CANDIDATE} ORDER BY seq")
        )

    def find(self, prefix: str) -> CandidateId:
        """The one candidate whose name begins with `prefix`.

        Raises:
            UserError: there is none, or more than one.
        """
        found = [str(row[0]) for row in self._rows("SELECT id FROM candidates WHERE substr(id, 1, ?) = ?", len(prefix), prefix)]
        if not prefix or not found:
            raise UserError(f"no candidate {prefix!r} in this run; `rsi show` lists them")
        if len(found) > 1:
            names = ", ".join(sorted(name[:12] for name in found)[:4])
            raise UserError(f"{prefix!r} is the beginning of {len(found)} candidates ({names}…); give more digits")
        return CandidateId(found[0])

    def lineage(self, candidate: CandidateId) -> tuple[Step, ...]:
        """The way from the start to a candidate: each version with its proposal and its last verdict.

        Raises:
            UserError: there is no such candidate.
        """
        rows = self._rows(_LINEAGE, candidate)
        if not rows:
            raise UserError(f"no candidate {candidate!r} in this run; `rsi show` lists them")
        return tuple(self._step(_candidate(row)) for row in rows)

    def proposal(self, name: ProposalId) -> ProposalView:
        """The proposal of that id.

        Raises:
            UserError: there is none.
        """
        rows = self._rows(f"{_PROPOSAL} WHERE id = ?", name)
        if not rows:
            raise UserError(f"no proposal {name!r} in this run; `rsi show` lists them")
        return _proposal(rows[0])

    def proposals(self) -> tuple[ProposalView, ...]:
        """All proposals, oldest first, the refused ones too."""
        return tuple(_proposal(row) for row in self._rows(f"{_PROPOSAL} ORDER BY seq, id"))

    def verdicts(self) -> tuple[VerdictView, ...]:
        """All verdicts, oldest first."""
        return tuple(_verdict(row) for row in self._rows(f"{_VERDICT} ORDER BY seq"))

    def cycles(self) -> tuple[Cycle, ...]:
        """All cycles, oldest first, with the candidates that were accepted in them and not undone later."""
        accepted: dict[int, list[CandidateId]] = {}
        for cycle, name in self._rows(_KEPT):
            accepted.setdefault(cycle, []).append(CandidateId(name))
        opened: list[Cycle] = [decode(Cycle, json.loads(row[0])) for row in self._rows("SELECT record FROM cycles ORDER BY number")]
        return tuple(replace(cycle, accepted=tuple(accepted.get(cycle.index, ()))) for cycle in opened)

    def trials(self, candidate: CandidateId) -> tuple[TrialSummary, ...]:
        """Trials of a candidate, summed up by pool and purpose."""
        return tuple(
            TrialSummary(pool=Pool(pool), purpose=purpose, trials=count, answered=answered, score=total / count, programs=programs)
            for pool, purpose, count, answered, total, programs in self._rows(_TRIALS, Outcome.ANSWERED.value, candidate)
        )

    def certificate(self) -> CertificateView | None:
        """The last certificate issued, None if there is none."""
        rows = self._rows("SELECT record, families FROM certificates ORDER BY seq DESC LIMIT 1")
        if not rows:
            return None
        return CertificateView(certificate=decode(Certificate, json.loads(rows[0][0])), families=json.loads(rows[0][1]))

    def dump(self) -> str:
        """The whole content as SQL: equal for equal logs."""
        return "\n".join(self._db.iterdump())

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")  # a projection that a loss of power breaks is rebuilt
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == VERSION:
            return
        if version != 0 or self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError(f"it has version {version}, not {VERSION}")
        self._db.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version = {VERSION};COMMIT;")

    def _apply(self, entries: Iterable[Entry]) -> None:
        before = last, name = self._position()
        for entry in entries:
            if entry.seq > last + 1:
                raise IntegrityError(f"{self._name} ends with entry {last}; entry {entry.seq} does not follow, rebuild it")
            if entry.seq == last and entry.hash != name:
                raise IntegrityError(f"{self._name} belongs to another log than entry {entry.seq}; rebuild it")
            if entry.seq > last:
                project(self._db, entry)
                last, name = entry.seq, entry.hash
        if (last, name) != before:
            self._db.execute("DELETE FROM position")
            self._db.execute("INSERT INTO position VALUES (?, ?)", (last, name))

    def _position(self) -> tuple[int, str]:
        row = self._db.execute("SELECT seq, hash FROM position").fetchone()
        return (-1, "") if row is None else (int(row[0]), str(row[1]))

    def _step(self, candidate: Candidate) -> Step:
        made = self._rows(f"{_PROPOSAL} WHERE id = ?", candidate.proposal)
        given = self._rows(f"{_VERDICT} WHERE candidate = ? ORDER BY seq DESC LIMIT 1", candidate.id)
        return Step(
            candidate=candidate,
            proposal=_proposal(made[0]) if made else None,
            verdict=_verdict(given[0]) if given else None,
        )

    def _rows(self, sql: str, *values: object) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: sqlite3.Error) -> InfrastructureError:
        return InfrastructureError(f"{self._name} cannot be used: {error}; delete it, it is rebuilt from the log")


def _candidate(row: Any) -> Candidate:
    return Candidate(id=row[0], tree=row[1], parent=row[2], proposal=row[3])


def _proposal(row: Any) -> ProposalView:
    made: Proposal = decode(Proposal, json.loads(row[0]))
    return ProposalView(proposal=made, cycle=row[1], patch=row[2], refused=row[3], seq=row[4])


def _verdict(row: Any) -> VerdictView:
    given: Any = decode(Verdict, json.loads(row[0]))
    return VerdictView(verdict=given, proposal=ProposalId(row[1]), cycle=row[2], surface=Surface(row[3]), seq=row[4])


def _state(candidate: Candidate, verdicts: dict[CandidateId, str]) -> str:
    return verdicts.get(candidate.id, "start" if candidate.parent is None else "open")
