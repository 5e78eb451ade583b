"""Compiled forms of the modules that calls bring along: made in the jail itself, once per content, and sent with the sources.

A fresh process per call would otherwise compile all of a tree each time, which takes longer than most calls. The kernel compiles nothing
and reads nothing of what comes back: it carries bytes from a jail into that same jail.

Covers: sources that do not compile (they have no such form, and fail where they are imported), compiling that crashes or hangs (the same),
another interpreter in the jail (the form names its version, and is passed over by any other).
Does not cover: a tree that brings compiled forms of its own: it is taken as it is.
"""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable, Iterator

from rsi.core.protocols import Call, Files, Limits, Reply
from rsi.core.records import Json, Outcome

__all__ = ["Compiled"]

_FOLDER = "__pycache__"
_LEAST_BYTES, _MOST_BYTES = 8_000, 64_000_000
"""Below so many bytes of new sources a call of its own costs more than it saves; and what is remembered at most."""
_LIMITS = Limits(wall_s=20.0, cpu_s=10.0, memory_bytes=1_000_000_000, answer_bytes=32_000_000, disk_bytes=1_000_000)
_GUEST = b"""
import base64, importlib.util, marshal, sys

def forms(sources):
    sys.setrecursionlimit(3000)
    return {"tag": sys.implementation.cache_tag, "forms": [form(name, base64.b64decode(text)) for name, text in sources]}

def form(name, text):
    try:
        code = compile(text, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    unchecked = (1).to_bytes(4, "little") + bytes(8)
    return base64.b64encode(importlib.util.MAGIC_NUMBER + unchecked + marshal.dumps(code)).decode()
"""


class Compiled:
    """What one jail has compiled so far, by path and content; the least recently used is forgotten."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: OrderedDict[tuple[str, bytes], tuple[str, bytes]] = OrderedDict()
        self._bytes = 0

    def of(self, call: Call, run: Callable[[Call], Reply]) -> Files:
        """The compiled form of each module of a call that has one, by its path; `run` makes those that are missing, in the jail.

        Raises:
            JailError: `run` raised it.
        """
        sources = {path: (path, content) for path, content in _modules(call)}
        if not sources:
            return {}
        missing = {path: call.files[path] for path, key in sources.items() if key not in self._known}
        if sum(map(len, missing.values())) >= _LEAST_BYTES or (missing and len(missing) < len(sources)):
            self._make(missing, sources, run)
        return {name: form for key in sources.values() if key in self._known for name, form in [self._take(key)] if form}

    def _take(self, key: tuple[str, bytes]) -> tuple[str, bytes]:
        self._known.move_to_end(key)
        return self._known[key]

    def _make(self, missing: Files, keys: dict[str, tuple[str, bytes]], run: Callable[[Call], Reply]) -> None:
        payload: Json = [[path, base64.b64encode(content).decode()] for path, content in missing.items()]
        reply = run(Call(files={"rsi_forms.py": _GUEST}, module="rsi_forms", function="forms", payload=payload, limits=_LIMITS))
        tag, forms = _read(reply, len(missing))
        for path, form in zip(missing, forms, strict=True):
            self._put(keys[path], _place(path, tag), form)

    def _put(self, key: tuple[str, bytes], name: str, form: bytes) -> None:
        self._known[key] = name, form
        self._bytes += len(key[1]) + len(form)
        while self._bytes > _MOST_BYTES:
            (_, content), (_, old) = self._known.popitem(last=False)
            self._bytes -= len(content) + len(old)


def _modules(call: Call) -> Iterator[tuple[str, bytes]]:
    """The modules of a call that may have compiled forms: none where files come out again, or where the tree has such a folder itself."""
    if call.collect_bytes or any(_FOLDER in path for path in call.files):
        return
    for path, content in call.files.items():
        if path.endswith(".py"):
            yield path, content


def _place(path: str, tag: str) -> str:
    """Where the interpreter looks for the compiled form of a module."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{_FOLDER}/{name[:-3]}.{tag}.pyc" if folder else f"{_FOLDER}/{name[:-3]}.{tag}.pyc"


def _read(reply: Reply, count: int) -> tuple[str, list[bytes]]:
    """The interpreter's tag and the forms, empty for a source that has none."""
    value = reply.value if reply.outcome is Outcome.ANSWERED else None
    tag = value.get("tag") if isinstance(value, dict) else None
    forms = value.get("forms") if isinstance(value, dict) else None
    if not isinstance(tag, str) or not tag.replace("-", "").isalnum() or not isinstance(forms, list) or len(forms) != count:
        return "", [b""] * count
    return tag, [_bytes(form) for form in forms]


def _bytes(form: Json) -> bytes:
    try:
        return base64.b64decode(form) if isinstance(form, str) else b""
    except (binascii.Error, ValueError):
        return b""
