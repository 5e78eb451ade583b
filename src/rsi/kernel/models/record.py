"""What a run asked models and was told, by content, in a folder of the run (`models/`): requests and replies as blobs, and a list of calls.

What else a job was told that might be otherwise another time (what a model's commands gave) is kept the same way, at no cost.
A reply is found by who asked, the SHA-256 of the canonical request, and how often the same had been asked before. `calls.jsonl` has a line
for each thing: `budget` (first), `held` and `spent` around each call to a provider, `answer` for each reply.

Covers: `kill -9` at any moment (a call under way then counts with all that was set aside for it); a half line at the end; a blob that was
changed (its name says so); threads.
Does not cover: two processes that record into one folder; a run's folder has its lock for that. What stands in here was redacted before.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsi.core.codec import canonical, loads, sha256_hex
from rsi.core.errors import InfrastructureError, IntegrityError, MessageError
from rsi.core.records import Json
from rsi.kernel.models.ledger import Hold, Spent

__all__ = ["CALLS_FILE", "Asked", "Record"]

CALLS_FILE = "calls.jsonl"
"""The list of calls in a record's folder."""

_MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of one job: what it is found by.

    Attributes:
        purpose: who asked.
        request: SHA-256 (hex) of the canonical request.
        ordinal: how often the same job had asked the same before.
    """

    purpose: str
    request: str
    ordinal: int


class Record:
    """The record in a folder; it is made by the first thing that is written."""

    def __init__(self, folder: Path) -> None:
        """Read what is there.

        Raises:
            IntegrityError: a line of the list is none.
        """
        self.folder = folder
        self.spent = Spent()
        self.budget: Json = None
        self._answers: dict[Asked, tuple[str, Spent]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._calls = 0
        self._lock = threading.Lock()
        self._read()

    def __len__(self) -> int:
        """How many replies there are."""
        return len(self._answers)

    def begin(self, purpose: str) -> None:
        """A job starts, or starts again: what it asks is counted from the beginning."""
        with self._lock:
            for key in [key for key in self._counts if key[0] == purpose]:
                del self._counts[key]

    def next(self, purpose: str, body: Json) -> Asked:
        """What the request is found by, which a job makes now."""
        name = sha256_hex(canonical(body))
        with self._lock:
            ordinal = self._counts.get((purpose, name), 0)
            self._counts[purpose, name] = ordinal + 1
        return Asked(purpose=purpose, request=name, ordinal=ordinal)

    def reply(self, asked: Asked) -> tuple[dict[str, Json], Spent] | None:
        """What was said then and what it had cost, None if it is not known.

        Raises:
            IntegrityError: the blob is gone or was changed.
        """
        with self._lock:
            known = self._answers.get(asked)
        if known is None:
            return None
        try:
            data = loads(self.blob(known[0]), max_bytes=_MOST_BYTES, max_depth=100)
        except MessageError as error:
            raise IntegrityError(f"{self.folder}: the reply {known[0]} cannot be read ({error})") from None
        if not isinstance(data, dict):
            raise IntegrityError(f"{self.folder}: the reply {known[0]} is no object")
        return data, known[1]

    def blob(self, name: str) -> bytes:
        """The bytes of that name.

        Raises:
            IntegrityError: there are none, or others.
        """
        path = self._path(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise IntegrityError(f"{path}: a recorded text cannot be read ({error.strerror})") from None
        if sha256_hex(content) != name:
            raise IntegrityError(f"{path}: a recorded text was changed; its SHA-256 is not its name")
        return content

    def start(self, budget: Json) -> None:
        """Note the budget, once."""
        if self.budget is None:
            self.budget = budget
            self._write({"budget": budget})

    def hold(self, hold: Hold) -> int:
        """Note that a call is made now, and what it may cost; returns its number."""
        with self._lock:
            self._calls += 1
            number = self._calls
        self._write({"held": number, "most": _cost(hold.most)})
        return number

    def settle(self, number: int, spent: Spent) -> None:
        """Note what a call cost."""
        self._write({"spent": number, "cost": _cost(spent)})

    def answer(self, asked: Asked, body: Json, reply: Json, spent: Spent) -> None:
        """Keep a request and its reply; a later reply to the same takes the place of an earlier one."""
        self._keep(canonical(body))
        name = self._keep(canonical(reply))
        line: dict[str, Json] = {"answer": name, "request": asked.request, "ordinal": asked.ordinal}
        self._write({**line, "purpose": asked.purpose, "cost": _cost(spent)})
        with self._lock:
            self._answers[asked] = (name, spent)

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name[2:]}.json"

    def _keep(self, content: bytes) -> str:
        name = sha256_hex(content)
        path = self._path(name)
        if path.exists():
            return name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{threading.get_ident()}")
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            raise InfrastructureError(f"cannot write {path}: {error.strerror}") from None
        return name

    def _write(self, line: Json) -> None:
        raw = canonical(line) + b"\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.folder / CALLS_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                whole = os.write(fd, raw) == len(raw)
            finally:
                os.close(fd)
        except OSError as error:
            raise InfrastructureError(f"cannot write {self.folder / CALLS_FILE}: {error.strerror}") from None
        if not whole:
            raise InfrastructureError(f"cannot write {self.folder / CALLS_FILE}: is the disk full?")

    def _read(self) -> None:
        held: dict[int, Spent] = {}
        for line in self._lines():
            if "budget" in line:
                self.budget = line["budget"]
            elif "held" in line:
                self._calls = int(str(line["held"]))
                held[self._calls] = _spent(line["most"])
            elif "spent" in line:
                held.pop(int(str(line["spent"])), None)
                self.spent += _spent(line["cost"])
            elif "answer" in line:
                asked = Asked(purpose=str(line["purpose"]), request=str(line["request"]), ordinal=int(str(line["ordinal"])))
                self._answers[asked] = (str(line["answer"]), _spent(line["cost"]))
        for most in held.values():
            self.spent += most

    def _lines(self) -> Iterator[dict[str, Json]]:
        path = self.folder / CALLS_FILE
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise IntegrityError(f"{path}: cannot be read ({error.strerror})") from None
        *whole, rest = raw.split(b"\n")
        if rest:
            os.truncate(path, len(raw) - len(rest))
        for number, line in enumerate(whole, 1):
            try:
                data = json.loads(line)
            except ValueError:
                raise IntegrityError(f"{path}:{number}: not a line of a record of calls") from None
            if not isinstance(data, dict):
                raise IntegrityError(f"{path}:{number}: not a line of a record of calls")
            yield data


def _cost(spent: Spent) -> Json:
    return [spent.calls, spent.tokens, spent.nano]


def _spent(cost: Json) -> Spent:
    if not isinstance(cost, list) or len(cost) != 3 or not all(type(value) is int for value in cost):
        raise IntegrityError(f"{cost!r} is no cost of a recorded call")
    calls, tokens, nano = (int(str(value)) for value in cost)
    return Spent(calls=calls, tokens=tokens, nano=nano)
