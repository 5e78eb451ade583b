"""Git trees and commits as bytes: nested trees from paths, commits that the same input always gives the same name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rsi.core.errors import IntegrityError, UserError

__all__ = ["Commit", "check_path", "commit_bytes", "parse_commit", "parse_tree", "write_tree"]

_FILE, _FOLDER = b"100644", b"40000"
_AUTHOR = b"rsi <rsi@localhost>"
_UNSEEN = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
"""Characters that Apple's file system leaves out of a name (git's `next_hfs_char`)."""
_FORBIDDEN = frozenset({".git", ".gitmodules"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a commit says: the name of its tree, of its parents, and the message."""

    tree: str
    parents: tuple[str, ...]
    message: str


@lru_cache(maxsize=4_096)
def check_path(path: str) -> None:
    """Refuse a path that could leave the tree or steer git.

    Covers: empty, absolute, `.` and `..`, backslashes, control characters, lone surrogates, names of 255 bytes and more, paths over
    1,000 bytes, `.git` and `.gitmodules` in any case, with trailing dots or spaces, streams, unseen characters or short names (`git~1`).

    Raises:
        UserError: the path is one of these; names it.
    """
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise UserError(f"path {path!r} is not valid text; rename the file") from None
    parts = path.split("/")
    if size > 1000 or any(len(part.encode()) >= 255 for part in parts):
        raise UserError(f"path {path[:80]!r}… is too long; rename the file")
    if any(part in ("", ".", "..") for part in parts) or any(c < " " or c in "\\\x7f" for c in path):
        raise UserError(f"path {path!r} is not a plain relative path; rename the file")
    if any(_steers_git(part) for part in parts):
        raise UserError(f"path {path!r} would be read by git itself; leave the file out")


def _steers_git(part: str) -> bool:
    plain = part.translate(_UNSEEN).casefold().split(":")[0].rstrip(". ")
    return plain in _FORBIDDEN or (plain.startswith("gi") and plain[:-1].endswith("~") and plain[-1].isdigit())


def write_tree(files: Mapping[str, str], write: Callable[[str, bytes], str]) -> str:
    """Keep the nested trees of `files` (path → blob name) by `write(kind, content) → name`, and return the name of the root.

    Raises:
        UserError: a path is unsafe, or names both a file and a folder.
    """
    root: dict[str, object] = {}
    for path, blob in files.items():
        check_path(path)
        *folders, name = path.split("/")
        folder = root
        for part in folders:
            below = folder.setdefault(part, {})
            if not isinstance(below, dict):
                raise UserError(f"path {path!r} lies inside a file of the same tree; rename one of the two")
            folder = below
        if name in folder:
            raise UserError(f"path {path!r} is both a file and a folder; rename one of the two")
        folder[name] = blob
    return _write_folder(root, write)


def _write_folder(folder: Mapping[str, object], write: Callable[[str, bytes], str]) -> str:
    rows: list[tuple[bytes, bytes]] = []
    for name, item in folder.items():
        raw = name.encode()
        if isinstance(item, dict):
            rows.append((raw + b"/", _FOLDER + b" " + raw + b"\0" + bytes.fromhex(_write_folder(item, write))))
        else:
            rows.append((raw, _FILE + b" " + raw + b"\0" + bytes.fromhex(str(item))))
    return write("tree", b"".join(row for _, row in sorted(rows)))


def parse_tree(content: bytes, name: str) -> Iterator[tuple[str, str, bool]]:
    """Rows of a tree: name, object name, whether it is a folder.

    Raises:
        IntegrityError: the content is no tree that `write_tree` makes; gives its `name`.
    """
    at = 0
    while at < len(content):
        end = content.find(b"\0", at)
        mode, _, raw = content[at:end].partition(b" ")
        target = content[end + 1 : end + 33]
        if end < 0 or mode not in (_FILE, _FOLDER) or len(target) != 32:
            raise IntegrityError(f"tree {name} is not one that rsi writes")
        yield raw.decode("utf-8", "surrogateescape"), target.hex(), mode == _FOLDER
        at = end + 33


def commit_bytes(*, tree: str, parents: Sequence[str], message: str, when: int) -> bytes:
    """A commit by rsi at `when` seconds since 1970 (UTC). NUL and lone surrogates in the message become `?`."""
    stamp = b"%s %d +0000" % (_AUTHOR, when)
    lines = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
    text = message.replace("\0", "?").encode("utf-8", "replace")
    return b"\n".join([*lines, b"author " + stamp, b"committer " + stamp, b"", text]) + b"\n"


def parse_commit(content: bytes, name: str) -> Commit:
    """What a commit says.

    Raises:
        IntegrityError: the content is no commit that `commit_bytes` makes; gives its `name`.
    """
    head, _, message = content.partition(b"\n\n")
    rows = [line.partition(b" ") for line in head.split(b"\n")]
    trees = [value.decode("ascii", "replace") for key, _, value in rows if key == b"tree"]
    if len(trees) != 1 or not message.endswith(b"\n"):
        raise IntegrityError(f"commit {name} is not one that rsi writes")
    parents = tuple(value.decode("ascii", "replace") for key, _, value in rows if key == b"parent")
    return Commit(tree=trees[0], parents=parents, message=message[:-1].decode("utf-8", "replace"))
