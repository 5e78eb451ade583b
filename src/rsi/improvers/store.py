"""The improvers of a user: a folder with one file for each, named by its content, and the choice of the one that later runs start from."""

import difflib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rsi.core.codec import decode, encode, loads
from rsi.core.errors import IntegrityError, MessageError, UserError
from rsi.improvers.package import MAX_BYTES, Packed, unpack
from rsi.improvers.records import Arrival, Improver, Passage, named

__all__ = ["PREFIX", "Store", "best", "read_package"]

PREFIX = "improver:"
"""How a command line names an improver where it could name an agent: `improver:ID`."""
_FILE = re.compile(r"([0-9a-f]{64})\.json\Z")
_DIGITS = re.compile(r"[0-9a-f]{4,64}\Z")
_IN_USE = "in-use"
_MAX_ARRIVAL = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Improvers in a folder: `ID.json` (what `export` gives), `ID.arrival` (how it got here), `in-use` (the choice).

    Covers: a changed byte in an improver or a file under another's name (found whenever it is read, and named); two processes that write at
    the same time; a process killed while it writes. Does not cover: whoever can write into the folder can choose another improver, or
    say of an imported one that it was checked; nobody in a jail can.
    """

    folder: Path

    def ids(self) -> tuple[str, ...]:
        """Identities of all improvers, sorted."""
        try:
            return tuple(sorted(match[1] for match in map(_FILE.match, os.listdir(self.folder)) if match))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise UserError(f"cannot read {self.folder}: {error.strerror}; set RSI_STATE to a folder that can be read") from None

    def find(self, text: str) -> str:
        """The identity that a person means by its first digits, four at least.

        Raises:
            UserError: there is none, or more than one; names the nearest, or those.
        """
        ids = self.ids()
        found = [one for one in ids if one.startswith(text)] if _DIGITS.match(text) else []
        if len(found) > 1:
            raise UserError(f"{text!r} could be {' or '.join(map(named, found[:5]))}; give more digits")
        if not found:
            raise UserError(f"there is no improver {text[:80]!r}{_nearest(text, ids)}")
        return found[0]

    def read(self, identity: str) -> Packed:
        """An improver with its files, checked.

        Raises:
            UserError: it is not there, or this version of rsi does not allow it.
            IntegrityError: its file was changed; names it.
        """
        path = self._place(identity)
        packed = read_package(path)
        if packed.id != identity:
            raise IntegrityError(f"{path} holds another improver than its name says ({named(packed.id)})")
        return packed

    def arrival(self, identity: str) -> Arrival | None:
        """How it got here; None if nothing readable says so."""
        with suppress(OSError, MessageError):
            data = loads((self.folder / f"{identity}.arrival").read_bytes(), max_bytes=_MAX_ARRIVAL)
            found: Arrival = decode(Arrival, data)
            return found
        return None

    def vouches(self, passages: tuple[Passage, ...]) -> bool:
        """Whether logs that were at hand here say the same of all these runs; of none, yes."""
        for identity in self.ids() if passages else ():
            arrival = self.arrival(identity)
            with suppress(IntegrityError, UserError):
                if arrival and arrival.checked and self.read(identity).improver.passages == passages:
                    return True
        return not passages

    def add(self, packed: Packed, arrival: Arrival) -> bool:
        """Keep an improver; False if it is there already. One that was only imported and is checked now is marked so.

        Raises:
            UserError: the folder cannot be written.
        """
        is_new, known = packed.id not in self.ids(), self.arrival(packed.id)
        if is_new or known is None or (arrival.checked and not known.checked):
            self._put(self.folder / f"{packed.id}.arrival", json.dumps(encode(arrival), sort_keys=True).encode() + b"\n")
        if is_new:
            self._put(self._place(packed.id), packed.raw)
        return is_new

    def chosen(self) -> str | None:
        """The improver that later runs start from; None if it is the shipped agent.

        Raises:
            UserError: the choice cannot be read.
        """
        path = self.folder / _IN_USE
        try:
            text = path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            text = ""
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise UserError(f"{path} names no improver; `rsi improver use ID` or `rsi improver use seed` writes it anew")
        return text

    def choose(self, identity: str | None) -> None:
        """Let later runs start from an improver, or from the shipped agent (None).

        Raises:
            UserError: the folder cannot be written.
        """
        path = self.folder / _IN_USE
        if identity is not None:
            self._put(path, identity.encode() + b"\n")
            return
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from None

    def _place(self, identity: str) -> Path:
        return self.folder / f"{identity}.json"

    def _put(self, path: Path, content: bytes) -> None:
        """Write a file as a whole or not at all."""
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
            os.replace(draft, path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise _unwritable(path, error) from None


def read_package(path: Path) -> Packed:
    """The improver in a file, from anybody.

    Raises:
        UserError: there is no such file, or it holds what no improver may have.
        IntegrityError: the file is not as it was written; names it.
    """
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; `rsi improver list` shows the improvers that are here") from None
    return unpack(raw, str(path))


def best(candidates: Iterable[tuple[str, Improver]]) -> str | None:
    """Of several improvers, the identity of the one with the largest gain that all its certificates together ensure; None of none.

    Raises:
        UserError: gains on several suites, or over several first starts, are among them, of which none is larger than the other.
    """
    ranked = sorted(candidates, key=lambda one: (-one[1].floor, one[0]))
    if len({(found.last.suite, found.passages[0].start) for _, found in ranked}) > 1:
        raise UserError("there are improvers for several suites or of several agents, whose gains cannot be compared; choose one by its ID")
    return ranked[0][0] if ranked else None


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be written: {error.strerror}; set RSI_STATE to a folder that can")


def _nearest(text: str, ids: tuple[str, ...]) -> str:
    if not ids:
        return "; none is kept yet: a run whose gain is certified keeps its release"
    close = difflib.get_close_matches(text[:64].lower(), [one[: max(4, len(text))] for one in ids], n=1, cutoff=0.5)
    near = next((one for one in ids if close and one.startswith(close[0])), None)
    return f"; did you mean {named(near)}?" if near else "; `rsi improver list` shows all"
