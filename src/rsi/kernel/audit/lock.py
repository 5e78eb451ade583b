"""One process at a time works in a run folder; the operating system frees the folder when that process dies."""

import fcntl
import os
import time
from functools import cache
from pathlib import Path
from types import TracebackType

from rsi.core.errors import UserError

__all__ = ["RunLock"]

_HELD: set[int] = set()
_TRIES, _PAUSE_S = 250, 0.02


class RunLock:
    """The right to write in a run folder, as a context manager over the file `lock` in it.

    Covers: two runs on one folder of one machine; `kill -9` of the holder, also while processes that it forked live on.
    Does not cover: folders shared over a network file system without locks.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is locked yet."""
        self._folder = folder
        self._fd = -1

    def acquire(self) -> None:
        """Take the lock; the folder is made if there is none. Waits for seconds only where whoever signed it is dead.

        What a killed process had just begun to start holds the lock until it is what it was to become.

        Raises:
            UserError: another process holds it, or the folder cannot be written.
        """
        _close_in_children()
        fd = self._open()
        tries = _TRIES
        while not self._locked(fd):
            tries -= 1
            if not tries or _is_alive(_signed(fd)):
                raise self._busy(fd)
            time.sleep(_PAUSE_S)
        self._fd = fd
        _HELD.add(fd)
        self._sign()

    def release(self) -> None:
        """Give the folder free; calling twice is harmless."""
        if self._fd in _HELD:
            _HELD.discard(self._fd)
            os.close(self._fd)
        self._fd = -1

    def __enter__(self) -> "RunLock":
        """Take the lock."""
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give the folder free."""
        self.release()

    def _open(self) -> int:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"cannot write in {self._folder}: {error.strerror}; choose another folder") from None

    def _locked(self, fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            os.close(fd)
            raise UserError(f"cannot lock {self._folder}: {error.strerror}; choose a folder on a local disk") from None
        return True

    def _busy(self, fd: int) -> UserError:
        holder = _signed(fd) or "unknown"
        os.close(fd)
        return UserError(f"another rsi run is working in {self._folder} (process {holder}); wait for it or choose another folder")

    def _sign(self) -> None:
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            self.release()
            raise UserError(f"cannot write in {self._folder}: {error.strerror}; choose another folder") from None


def _signed(fd: int) -> str:
    """The process that last had the lock; empty if nobody ever had."""
    return os.pread(fd, 20, 0).decode("ascii", "replace").strip()


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@cache
def _close_in_children() -> None:
    """A forked child shares its parent's lock and would hold it after the parent's death: let it close the file at once."""
    os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    for fd in _HELD:
        os.close(fd)
    _HELD.clear()
