"""Objects of a bare git repository with SHA-256 names, written and read without git.

Formats: gitrepository-layout(5), gitformat-pack(5) and hash-function-transition of git 2.29 and later. Any such git reads the folder.
"""

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from rsi.core.errors import InfrastructureError, IntegrityError, UserError
from rsi.kernel.archive.packs import Pack
from rsi.kernel.archive.repack import repack

__all__ = ["GitObjects"]

_CONFIG = """[core]
\trepositoryformatversion = 1
\tfilemode = true
\tbare = true
[extensions]
\tobjectformat = sha256
[gc]
\tauto = 0
\tpruneExpire = never
"""
_HEX = frozenset("0123456789abcdef")
_LOOKS = 3


class GitObjects:
    """Content-addressed objects in a folder: kept once, never overwritten, checked against their name when read."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """Open the repository; make one where there is none, if `create`.

        Raises:
            UserError: there is none, it is not of this kind, or the folder cannot be written.
        """
        self.folder = folder
        self._known: set[str] = set()
        self._unsynced: list[Path] = []
        self._packs: dict[Path, Pack] = {}
        if not (folder / "config").exists():
            if not create:
                raise UserError(f"no archive at {folder}; name the folder of a run")
            self._create()
        self._check_format()
        self._open_packs()

    def write(self, kind: str, content: bytes) -> str:
        """Keep one object (`blob`, `tree` or `commit`) and return its name; an object that is there already is left alone.

        Raises:
            InfrastructureError: it could not be written.
        """
        data = b"%s %d\0" % (kind.encode(), len(content)) + content
        name = sha256(data).hexdigest()
        if name not in self._known:
            if not self._sound(name):
                self._store(name, data)
            self._known.add(name)
        return name

    def read(self, name: str) -> tuple[str, bytes]:
        """Kind and content of an object.

        Raises:
            IntegrityError: no such object, or its content does not have its name.
        """
        found = self._read_loose(name) or self._read_packed(name)
        if found is None:
            raise IntegrityError(f"object {name} is not in {self.folder}")
        if not _is_named(name, found):
            raise IntegrityError(f"object {name} in {self.folder} was changed: its content does not have its name")
        return found

    def names(self) -> Iterator[str]:
        """Names of all objects, sorted."""
        self._open_packs()
        yield from sorted(set(self._loose_names()).union(*(pack.names() for pack in self._packs.values())))

    def replace(self, path: str, content: bytes) -> None:
        """Write a file of the repository (a reference) as a whole or not at all.

        Raises:
            InfrastructureError: it could not be written.
        """
        self._put(self.folder / path, content)

    def sync(self) -> None:
        """Force all objects written since the last call to the disk.

        Raises:
            InfrastructureError: the disk refuses.
        """
        try:
            for path in self._unsynced:
                _force(path)
        except OSError as error:
            raise InfrastructureError(f"cannot force {self.folder} to the disk: {error.strerror}") from None
        self._unsynced.clear()

    def pack(self) -> bool:
        """Let git join all objects, whether a reference leads to them or not, into one pack with deltas; False without git.

        Raises:
            InfrastructureError: git failed; every object is still there.
        """
        if not repack(self.folder):
            return False
        if any(self._loose_names()):
            repack(self.folder)  # where there was no pack before, git leaves loose what no reference leads to
        self._unsynced.clear()
        self._open_packs()
        return True

    def close(self) -> None:
        """Unmap the packs."""
        for pack in self._packs.values():
            pack.close()
        self._packs.clear()

    def _create(self) -> None:
        try:
            for name in ("objects/info", "objects/pack", "refs/heads", "refs/rsi"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            self._put(self.folder / "HEAD", b"ref: refs/heads/main\n")
            self._put(self.folder / "config", _CONFIG.encode())  # last, and whole: with it the repository is there
        except InfrastructureError as error:
            raise UserError(f"cannot make {self.folder}: {error}; choose a folder that can be written") from None
        except OSError as error:
            raise UserError(f"cannot write {self.folder}: {error.strerror}; choose a folder that can be written") from None

    def _check_format(self) -> None:
        config = (self.folder / "config").read_text(encoding="utf-8", errors="replace").lower()
        if "".join(config.split()).find("objectformat=sha256") < 0:
            raise UserError(f"{self.folder} is no git repository with SHA-256 names; name the folder of a run")

    def _loose_names(self) -> Iterator[str]:
        for fan in (self.folder / "objects").iterdir():
            if len(fan.name) == 2 and set(fan.name) <= _HEX:
                yield from (fan.name + item.name for item in fan.iterdir() if len(item.name) == 62 and set(item.name) <= _HEX)

    def _loose(self, name: str) -> Path:
        return self.folder / "objects" / name[:2] / name[2:]

    def _sound(self, name: str) -> bool:
        """Whether the object is there and whole; one that a loss of power left empty is written again.

        Packs that came since are not looked for, which would cost every new object more than its writing: it may as well be there twice.
        """
        try:
            found = self._read_loose(name) or self._search_packs(name)
        except IntegrityError:
            return False
        return found is not None and _is_named(name, found)

    def _store(self, name: str, data: bytes) -> None:
        path = self._loose(name)
        self._put(path, zlib.compress(data, 1))
        self._unsynced.append(path)

    def _put(self, path: Path, content: bytes) -> None:
        draft = self.folder / "objects" / f"tmp_obj_{os.getpid()}_{threading.get_ident()}"
        try:
            draft.write_bytes(content)
            try:
                os.replace(draft, path)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.replace(draft, path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise InfrastructureError(f"cannot write {path}: {error.strerror}; nothing was changed") from None

    def _read_loose(self, name: str) -> tuple[str, bytes] | None:
        try:
            data = zlib.decompress(self._loose(name).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, zlib.error) as error:
            raise IntegrityError(f"object {name} in {self.folder} cannot be read: {error}") from None
        head, _, content = data.partition(b"\0")
        kind, _, size = head.partition(b" ")
        if size != b"%d" % len(content):
            raise IntegrityError(f"object {name} in {self.folder} was changed: its size is wrong")
        return kind.decode("ascii", "replace"), content

    def _read_packed(self, name: str) -> tuple[str, bytes] | None:
        if len(name) != 64 or not set(name) <= _HEX:
            return None
        return self._search_packs(name) or (self._search_packs(name) if self._open_packs() else None)

    def _search_packs(self, name: str) -> tuple[str, bytes] | None:
        for pack in self._packs.values():
            found = pack.read(name)
            if found is not None:
                return found
        return None

    def _open_packs(self) -> bool:
        """Follow the folder: forget packs that are gone, open new ones. True if there are new ones.

        A git that outlived the process which called it may replace packs at this moment; it adds the new one before it removes the old.
        """
        before = set(self._packs)
        for _ in range(_LOOKS):
            present = set((self.folder / "objects" / "pack").glob("pack-*.idx"))
            for path in set(self._packs) - present:
                self._packs.pop(path).close()
            if all([self._open_pack(path) for path in sorted(present - set(self._packs))]):
                break
        return bool(set(self._packs) - before)

    def _open_pack(self, index: Path) -> bool:
        """Open a pack; False if it went away. An index whose pack is gone says nothing, as for git."""
        try:
            self._packs[index] = Pack(index)
        except IntegrityError:
            if index.exists() and index.with_suffix(".pack").exists():
                raise
            return False
        return True


def _is_named(name: str, found: tuple[str, bytes]) -> bool:
    """Whether kind and content have this name."""
    kind, content = found
    return sha256(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest() == name


def _force(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # packed meanwhile; git forces its packs to the disk itself
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
