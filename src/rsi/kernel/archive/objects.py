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
from rsi.kernel.archive.ahead import Ahead
from rsi.kernel.archive.packs import Pack
from rsi.kernel.archive.repack import repack

__all__ = ["AHEAD_FILE", "GitObjects"]

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
_PIECE = 1 << 20
AHEAD_FILE = "rsi-ahead"
"""Where objects stand once more until they are packed; git knows no such file and passes over it."""


class GitObjects:
    """Content-addressed objects in a folder: kept once, never overwritten, checked against their name when read."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """Open the repository; make one where there is none, if `create`.

        Raises:
            UserError: there is none, it is not of this kind, or the folder cannot be written.
        """
        self.folder = folder
        self._known: set[str] = set()
        self._loose_root = str(folder / "objects")
        self._ahead = Ahead(folder / AHEAD_FILE)
        self._packs: dict[Path, Pack] = {}
        if not (folder / "config").exists():
            if not create:
                raise UserError(f"no archive at {folder}; name the folder of a run")
            self._create()
        self._check_format()
        self._open_packs()
        if create:
            self._restore()

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
        self._put(str(self.folder / path), content)

    def sync(self) -> None:
        """Force all objects written since the last call to the disk.

        Raises:
            InfrastructureError: the disk refuses.
        """
        try:
            self._ahead.sync()
        except OSError as error:
            raise InfrastructureError(f"cannot force {self.folder} to the disk: {error.strerror}") from None

    def pack(self) -> bool:
        """Let git join all objects, whether a reference leads to them or not, into one pack with deltas; False without git.

        Either way all are on the disk then, in the pack (git forces it) or each in its own file.

        Raises:
            InfrastructureError: git failed, or the disk refuses; every object is still there.
        """
        self._open_packs()
        is_packed = repack(self.folder, None if self._packs else next(self._loose_names(), None))
        try:
            for name, _ in [] if is_packed else self._ahead.records():
                _force(self._loose(name))
            self._ahead.drop()
        except OSError as error:
            raise InfrastructureError(f"cannot force {self.folder} to the disk: {error.strerror}") from None
        self._open_packs()
        return is_packed

    def close(self) -> None:
        """Unmap the packs and give the files back."""
        self._ahead.close()
        for pack in self._packs.values():
            pack.close()
        self._packs.clear()

    def _create(self) -> None:
        try:
            for name in ("objects/info", "objects/pack", "refs/heads", "refs/rsi"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            self.replace("HEAD", b"ref: refs/heads/main\n")
            self.replace("config", _CONFIG.encode())  # last, and whole: with it the repository is there
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

    def _loose(self, name: str) -> str:
        return f"{self._loose_root}/{name[:2]}/{name[2:]}"

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
        packed = zlib.compress(data, 1)
        self._ahead.add(name, packed)
        self._put(self._loose(name), packed)

    def _restore(self) -> None:
        """Write again what a loss of power took of the objects that were forced to the disk: all of one, or its end."""
        for name, packed in self._ahead.records():
            path = self._loose(name)
            size = -1
            with suppress(FileNotFoundError):  # whoever packs the archive may remove it at any moment
                size = os.stat(path).st_size
            if size < len(packed) and _is_packed_as(name, packed) and self._search_packs(name) is None:
                self._put(path, packed)

    def _put(self, path: str, content: bytes) -> None:
        draft = f"{self._loose_root}/tmp_obj_{os.getpid()}_{threading.get_ident()}"
        try:
            _write(draft, content)
            try:
                os.replace(draft, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.replace(draft, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(draft)
            raise InfrastructureError(f"cannot write {path}: {error.strerror}; nothing was changed") from None

    def _read_loose(self, name: str) -> tuple[str, bytes] | None:
        try:
            data = zlib.decompress(_read(self._loose(name)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, zlib.error) as error:
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


def _is_packed_as(name: str, packed: bytes) -> bool:
    """Whether these bytes are the file of the object of this name."""
    try:
        return sha256(zlib.decompress(packed)).hexdigest() == name
    except zlib.error:
        return False


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = [os.read(descriptor, os.fstat(descriptor).st_size + 1)]
        while parts[-1]:
            parts.append(os.read(descriptor, _PIECE))
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        done = os.write(descriptor, content)
        while done < len(content):
            done += os.write(descriptor, content[done:])
    finally:
        os.close(descriptor)


def _force(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # packed meanwhile; git forces its packs to the disk itself
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
