"""Emptying a folder that a candidate filled, whatever it made of it. Runs on both sides: imported by the kernel, read as text by a guest.

Covers: any depth (nothing is walked deeper than two levels: inner folders are moved up first), symbolic links (never followed), folders
without rights. Nobody may be writing there any more.
Does not cover: the time that a million files take.
"""

import os

__all__ = ["clear"]


def clear(folder: str) -> bool:
    """Remove everything in a folder in time linear to its content; False if something is left."""
    moved = 0
    try:
        while True:
            with os.scandir(folder) as entries:
                found = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
            if not found:
                return True
            for path, inner in found:
                if inner:
                    moved = _lift(folder, path, moved)
                else:
                    os.unlink(path)
    except OSError:
        return False


def _lift(folder: str, path: str, moved: int) -> int:
    """Remove one folder inside `folder` by moving its own folders up; `moved` numbers the names they get."""
    os.chmod(path, 0o700)
    with os.scandir(path) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)
                moved += 1
                os.rename(entry.path, os.path.join(folder, f"\n{moved}"))
            else:
                os.unlink(entry.path)
    os.rmdir(path)
    return moved
