"""Episodes that are over, kept on disk by what they are episodes of: a benchmark that was stopped goes on where it was."""

import threading
from collections.abc import Callable
from pathlib import Path

from rsi import __version__
from rsi.bench.improvers.entrants import Entrant
from rsi.core.codec import canonical, decode, encode, sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import Json
from rsi.kernel.audit.spool import Spool
from rsi.kernel.judge import Episode
from rsi.suites.gym import guest_files

__all__ = ["Kept", "hash_of", "key_of"]


class Kept:
    """Episodes by key in a file; many threads may add to it.

    Does not cover: changes of rsi's own code under one version number, but for what runs programs of the gym; begin a new file then.

    Args:
        path: of the file; made if it is not there. What was torn at its end is dropped.

    Raises:
        UserError: it cannot be written.
        IntegrityError: it was changed.
    """

    def __init__(self, path: Path) -> None:
        """Open it."""
        self._spool = Spool(path)
        self._adding = threading.Lock()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._spool.keys())

    def once(self, key: str, play: Callable[[], Episode]) -> Episode:
        """The episode of a key: as it is kept, else as it is played now, and kept from then on. Under an empty key nothing is kept."""
        with self._adding:
            found = self._spool.get(key) if key else None
        if found is not None:
            return decode(Episode, found.value)
        episode = play()
        if key:
            with self._adding:
                self._spool.put(key, encode(episode))
        return episode

    def close(self) -> None:
        """Give the file back; what was put stays."""
        self._spool.close()


def key_of(entrant: Entrant, game: Json, problem: str, repetition: int, luck: int) -> str:
    """What decides an episode, as a hash: the improver's tree, what is played in which version of rsi, the random choices.

    And who it is said to be: a version against itself plays both sides. Empty for a command: its program may be another one next time.
    """
    if entrant.command:
        return ""
    said: Json = {
        "entrant": [entrant.name, hash_of(entrant.files)],
        "game": game,
        "problem": problem,
        "repetition": repetition,
        "luck": luck,
        "rsi": [__version__, hash_of(guest_files())],
    }
    return sha256_hex(canonical(said))


def hash_of(files: Files) -> str:
    """What a tree consists of, as a hash."""
    return sha256_hex(canonical({path: sha256_hex(content) for path, content in files.items()}))
