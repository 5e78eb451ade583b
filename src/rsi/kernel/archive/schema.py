"""The tables of the index. Columns are for SQL by people; `record` is the logged record as canonical JSON."""

import sqlite3

__all__ = ["SCHEMA", "VERSION"]

VERSION = 2
"""Raised whenever the tables or what is written into them change; an index of another version is rebuilt."""

_TABLES = """
CREATE TABLE position (seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;

CREATE TABLE run (started TEXT NOT NULL, ended TEXT) STRICT;

CREATE TABLE cycles (
    number INTEGER PRIMARY KEY, improver TEXT NOT NULL, limitations INTEGER NOT NULL, proposals INTEGER NOT NULL,
    record TEXT NOT NULL, seq INTEGER NOT NULL
) STRICT;

CREATE TABLE proposals (
    id TEXT PRIMARY KEY, cycle INTEGER NOT NULL, surface TEXT NOT NULL, improver TEXT NOT NULL, parent TEXT NOT NULL,
    limitation TEXT NOT NULL, reason TEXT NOT NULL, p_better REAL NOT NULL, patch TEXT NOT NULL, refused TEXT,
    record TEXT NOT NULL, seq INTEGER NOT NULL
) STRICT;

CREATE TABLE candidates (
    id TEXT PRIMARY KEY, tree TEXT NOT NULL, parent TEXT, proposal TEXT, seq INTEGER NOT NULL
) STRICT;
CREATE INDEX candidates_by_order ON candidates (seq);

CREATE TABLE trials (
    candidate TEXT NOT NULL, case_id TEXT NOT NULL, family TEXT NOT NULL, pool TEXT NOT NULL, purpose TEXT NOT NULL,
    outcome TEXT NOT NULL, score REAL, label TEXT NOT NULL, programs INTEGER NOT NULL, seq INTEGER NOT NULL
) STRICT;
CREATE INDEX trials_by_candidate ON trials (candidate);

CREATE TABLE verdicts (
    seq INTEGER PRIMARY KEY, candidate TEXT NOT NULL, proposal TEXT NOT NULL, cycle INTEGER NOT NULL, surface TEXT NOT NULL,
    verdict TEXT NOT NULL, mean REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL, pairs INTEGER NOT NULL,
    e_value REAL NOT NULL, threshold REAL NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX verdicts_by_candidate ON verdicts (candidate);

CREATE TABLE incumbents (
    seq INTEGER PRIMARY KEY, candidate TEXT NOT NULL, before TEXT NOT NULL, proposal TEXT NOT NULL, cycle INTEGER NOT NULL
) STRICT;

CREATE TABLE quarantines (
    seq INTEGER PRIMARY KEY, candidate TEXT NOT NULL, call TEXT NOT NULL, name TEXT NOT NULL, before TEXT NOT NULL, incumbent TEXT
) STRICT;

CREATE TABLE undone (candidate TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

CREATE TABLE certificates (seq INTEGER PRIMARY KEY, record TEXT NOT NULL, families TEXT NOT NULL) STRICT;
"""

SCHEMA = _TABLES if sqlite3.sqlite_version_info >= (3, 37) else _TABLES.replace(") STRICT;", ");")
"""Statements that make an empty index; SQLite before 3.37 knows no STRICT."""
