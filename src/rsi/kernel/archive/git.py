"""All candidates of a run as commits of a bare git repository (SHA-256), readable with any git, written without it."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from rsi.core.errors import IntegrityError
from rsi.core.protocols import Files
from rsi.core.records import CandidateId, TreeId
from rsi.kernel.archive.objects import GitObjects
from rsi.kernel.archive.trees import Commit, check_path, commit_bytes, parse_commit, parse_tree, write_tree

__all__ = ["GitArchive"]

_DIFF_BYTES = 1_000_000
"""Files above this size are not compared line by line: time grows with the product of their lines."""


class GitArchive:
    """An archive in a git repository. The same files, parents, message and time give the same name on every machine.

    Covers: half-written objects (each appears as a whole or not at all), changed objects (checked against their name whenever they are
    read), paths that leave the tree. Does not cover: loss of power before `sync`; file modes (all files are plain, mode 644).
    """

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """Open the archive at `folder`; make one where there is none, if `create`.

        Raises:
            UserError: there is none, it is not of this kind, or the folder cannot be written.
        """
        self._objects = GitObjects(folder, create=create)
        self._commits: dict[str, None] = {}
        self._headless = not (folder / "refs" / "heads" / "main").exists()

    def add(self, files: Files, *, parents: Sequence[CandidateId], message: str, when: int = 0) -> CandidateId:
        """Keep a tree as a commit and return its name.

        Args:
            files: path → content.
            parents: candidates that this one descends from.
            message: why it exists.
            when: seconds since 1970 that the commit carries; part of its name, so pass a recorded time or none.

        Raises:
            UserError: a path is unsafe.
            IntegrityError: a parent is not in the archive.
            InfrastructureError: it could not be written.
        """
        for path in files:
            check_path(path)
        for parent in parents:
            self._commit(parent)
        blobs = {path: self._objects.write("blob", content) for path, content in files.items()}
        tree = write_tree(blobs, self._objects.write)
        content = commit_bytes(tree=tree, parents=parents, message=message, when=when)
        name = CandidateId(self._objects.write("commit", content))
        self._commits[name] = None
        if self._headless:
            self.head(name)
        return name

    def tree(self, candidate: CandidateId) -> TreeId:
        """The tree of a candidate.

        Raises:
            IntegrityError: no such object, or its content does not have its name.
        """
        return TreeId(self._commit(candidate).tree)

    def files(self, candidate: CandidateId) -> Files:
        """The files of a candidate, by path, sorted.

        Raises:
            IntegrityError: an object is missing or changed.
        """
        return {path: self.blob(name) for path, name in sorted(self._blobs(candidate).items())}

    def parents(self, candidate: CandidateId) -> tuple[CandidateId, ...]:
        """Candidates that this one descends from directly."""
        return tuple(CandidateId(name) for name in self._commit(candidate).parents)

    def message(self, candidate: CandidateId) -> str:
        """Why the candidate exists, as given to `add`."""
        return self._commit(candidate).message

    def add_blob(self, content: bytes) -> str:
        """Keep some bytes (a message, a build product) and return their name.

        Raises:
            InfrastructureError: they could not be written.
        """
        return self._objects.write("blob", content)

    def blob(self, name: str) -> bytes:
        """The bytes of that name.

        Raises:
            IntegrityError: no such blob, or its content does not have its name.
        """
        return self._typed(name, "blob")

    def names(self) -> Iterator[str]:
        """Names of all objects, sorted."""
        return self._objects.names()

    def diff(self, before: CandidateId, after: CandidateId) -> str:
        """Unified diff of two candidates, files in order of their paths; empty if they have the same files."""
        old, new = self._blobs(before), self._blobs(after)
        changed = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
        return "".join(_file_diff(path, self._optional(old.get(path)), self._optional(new.get(path))) for path in changed)

    def head(self, candidate: CandidateId) -> None:
        """Let `git log` in the archive begin at this candidate."""
        self._objects.replace("refs/heads/main", f"{candidate}\n".encode())
        self._headless = False

    def mark(self, name: str, candidate: CandidateId) -> None:
        """Give a candidate a name for people: `refs/rsi/NAME` (start, release…), moved if it was given before."""
        check_path(name)
        self._objects.replace(f"refs/rsi/{name}", f"{candidate}\n".encode())

    def pack(self) -> bool:
        """Name all candidates for git (`refs/rsi/candidates/…`) and let it pack the archive; False where there is no git.

        Raises:
            InfrastructureError: git failed; every object is still there.
        """
        self._name_all()
        return self._objects.pack()

    def sync(self) -> None:
        """Force everything added to the disk.

        Raises:
            InfrastructureError: the disk refuses.
        """
        self._objects.sync()

    def close(self) -> None:
        """Name all candidates for git and give the files back."""
        self._name_all()
        self._objects.close()

    def _commit(self, candidate: str) -> Commit:
        return parse_commit(self._typed(candidate, "commit"), candidate)

    def _typed(self, name: str, kind: str) -> bytes:
        found, content = self._objects.read(name)
        if found != kind:
            raise IntegrityError(f"object {name} is a {found}; a {kind} was expected")
        return content

    def _optional(self, name: str | None) -> bytes | None:
        return None if name is None else self.blob(name)

    def _blobs(self, candidate: CandidateId) -> dict[str, str]:
        blobs: dict[str, str] = {}
        pending = [("", self._commit(candidate).tree)]
        while pending:
            prefix, name = pending.pop()
            for entry, target, folder in parse_tree(self._typed(name, "tree"), name):
                if folder:
                    pending.append((f"{prefix}{entry}/", target))
                else:
                    blobs[prefix + entry] = target
        return blobs

    def _name_all(self) -> None:
        """One file of references for all candidates: a file each would cost a disk block each."""
        if not self._commits:
            return
        path = self._objects.folder / "packed-refs"
        known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = {line.partition(" ")[2]: line.partition(" ")[0] for line in known if line[:1] not in ("#", "^")}
        rows |= {f"refs/rsi/candidates/{name[:16]}": name for name in self._commits}
        text = "".join(f"{name} {ref}\n" for ref, name in sorted(rows.items()))
        self._objects.replace("packed-refs", f"# pack-refs with: sorted \n{text}".encode())
        self._commits.clear()


def _file_diff(path: str, old: bytes | None, new: bytes | None) -> str:
    before, after = (f"{side}/{path}" if content is not None else "/dev/null" for side, content in (("a", old), ("b", new)))
    title = f"--- {before}\n+++ {after}\n"
    sizes = (len(old or b""), len(new or b""))
    texts = _lines(old), _lines(new)
    if texts[0] is None or texts[1] is None or max(sizes) > _DIFF_BYTES:
        return f"{title}@@ not shown: {sizes[0]} bytes before, {sizes[1]} bytes after @@\n"
    rows = list(difflib.unified_diff(texts[0], texts[1], before, after))
    return "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows) or title


def _lines(content: bytes | None) -> list[str] | None:
    """Lines with their ends (only `\\n` ends one), None if the content is not text."""
    try:
        text = (content or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else [line + "\n" for line in text.split("\n")[:-1]] + [tail for tail in text.split("\n")[-1:] if tail]
