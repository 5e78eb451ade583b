"""Whether a candidate has filled its folder beyond what it may. Guest side: read as text by the zygote.

Covers: many files, big ones, deep and hidden folders, names that move while one looks. Nothing is looked at beyond what is allowed, so
a look costs milliseconds at most.
Files without a name (deleted but still open or mapped) are seen only by what is left for everybody: whoever took it, the call is ended.
Does not cover: what is written between two looks: some ten milliseconds, a hundred once nothing was written for that long; where the file
system always has exactly as much left as before, half a second.
"""

import os
import time

__all__ = ["Guard", "overfull"]

_LOOKS = 3
_LOOK_S, _LOOK_SHARE, _LATEST_LOOK_S = 0.02, 10, 0.1
_OTHERS = 8
"""How many times what one call may take its file system may lose during the call: others are at work there too."""
_ROOM_BYTES, _ROOM_ENTRIES = 200_000_000, 20_000
"""What others may take at any rate, however little the call may: a call with small limits is not ended for what its neighbours write."""

_SKIPPED = 4
"""So many looks in a row are left out while the file system has exactly as much left as before: hardly anything was written."""


def overfull(folder: str, most_bytes: int, most_entries: int) -> bool:
    """Whether the folder holds more than this; what cannot be looked at counts as too much."""
    for _ in range(_LOOKS):
        try:
            return _beyond(folder, most_bytes, most_entries)
        except FileNotFoundError:  # moved or removed meanwhile: look again
            continue
        except OSError:
            return True
    return True


def _beyond(folder: str, most_bytes: int, most_entries: int) -> bool:
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                state = entry.stat(follow_symlinks=False)
                most_entries -= 1
                most_bytes -= state.st_blocks * 512
                if most_entries < 0 or most_bytes < 0:
                    return True
                if entry.is_dir(follow_symlinks=False) and state.st_mode & 0o700:  # a folder without rights cannot be filled
                    folders.append(entry.path)
    return False


class Guard:
    """Looks from time to time whether a call has filled its folder, or the file system that it is on.

    The waits grow with what a look costs, so that a big tree does not eat the processor, and as long as nothing is written.
    """

    def __init__(self, folder: str, most_bytes: int, most_entries: int, shared: bool) -> None:
        """Watch a call's folder; `shared`: it is on a file system that others use too."""
        self.folder, self.bytes, self.entries = folder, most_bytes, most_entries
        self.place = os.path.dirname(folder)
        self.left = _room(self.place)
        self.before = self.left if shared else None
        self.wait_s, self.skipped = _LOOK_S, 0

    def alarm(self) -> str:
        """`full`: the call's own files are too much; `crowded`: somebody took too much, it cannot be said who; else empty."""
        began, left = time.monotonic(), _room(self.place)
        if left == self.left and self.skipped < _SKIPPED:
            self.skipped += 1
            self.wait_s = min(2 * self.wait_s, _LATEST_LOOK_S)
            return ""
        is_still, self.left, self.skipped = left == self.left, left, 0
        if os.path.isdir(self.folder) and overfull(self.folder, self.bytes, self.entries):
            return "full"
        if self.before is not None:
            size, files = left
            spare_bytes, spare_entries = max(_OTHERS * self.bytes, _ROOM_BYTES), max(_OTHERS * self.entries, _ROOM_ENTRIES)
            if self.before[0] - size > spare_bytes or self.before[1] - files > spare_entries:
                return "crowded"
        if not is_still:
            self.wait_s = min(max(_LOOK_S, _LOOK_SHARE * (time.monotonic() - began)), _LATEST_LOOK_S)
        return ""


def _room(folder: str) -> tuple[int, int]:
    """Free bytes and free files of the file system that a folder is on."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize, state.f_favail
