"""Tasks from outside: files in DreamCoder's JSON shape, read strictly and split into shown and unseen examples.

A file is a list of `{"name", "type": {"input", "output"}, "examples": [{"i", "o"}…]}`. A type is `int`, `bool`,
`list-of-int` or `list-of-bool` (also written `list(int)`, `list(bool)`); a whole type may be one string, `list-of-int -> int`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from rsi.core.codec import loads
from rsi.core.errors import MessageError, UserError
from rsi.core.records import Case, CaseId, Json, Pool

__all__ = ["outside_cases"]

_MOST_BYTES = 64_000_000
_KEYS = frozenset({"name", "type", "examples"})
_SPELLINGS = {"list(int)": "list-of-int", "list(bool)": "list-of-bool"}


def _is_int(value: Json) -> bool:
    return type(value) is int


def _is_bool(value: Json) -> bool:
    return type(value) is bool


_CHECKS: Mapping[str, Callable[[Json], bool]] = {
    "int": _is_int,
    "bool": _is_bool,
    "list-of-int": lambda value: isinstance(value, list) and all(map(_is_int, value)),
    "list-of-bool": lambda value: isinstance(value, list) and all(map(_is_bool, value)),
}


class _Example(NamedTuple):
    i: Json
    o: Json


def outside_cases(path: Path, *, shown: int = 10) -> list[Case]:
    """The tasks of a file as cases, in the file's order.

    The first `shown` examples of a task are its question, the others its probes; at least a third of them (and one) stays
    unseen. A case's id is the task's name (made unique), its family the name's first word; the question names neither,
    since a name may give the answer away.

    Raises:
        UserError: the file cannot be used; names the task, the field and what is wrong.
    """
    if shown < 1:
        raise UserError(f"shown is {shown}; at least 1 example must be shown")
    tasks = _read(path)
    if not isinstance(tasks, list) or not tasks:
        raise UserError(f"{path}: a list of tasks was expected")
    cases: list[Case] = []
    taken: set[str] = set()
    for index, task in enumerate(tasks):
        cases.append(_case(task, index, f"{path}: task {index + 1}", shown, taken))
    return cases


def _read(path: Path) -> Json:
    try:
        return loads(path.read_bytes(), max_bytes=_MOST_BYTES)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except MessageError as error:
        raise UserError(f"{path} is no task file: {error}") from None


def _case(task: Json, index: int, at: str, shown: int, taken: set[str]) -> Case:
    if not isinstance(task, dict):
        raise UserError(f"{at}: an object was expected")
    lacking, surplus = sorted(_KEYS - set(task)), sorted(set(task) - _KEYS)
    if lacking or surplus:
        raise UserError(f"{at}: " + (f"field {lacking[0]!r} is missing" if lacking else f"unknown field {surplus[0]!r}"))
    name = task["name"]
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"{at}: name: some text was expected")
    at = f"{at} ({name})"
    source, target = _type(task["type"], at)
    examples = _examples(task["examples"], source, target, at)
    cut = min(shown, len(examples) - max(1, -(-len(examples) // 3)))
    question: dict[str, Json] = {
        "id": f"task {index + 1}",
        "type": {"input": source, "output": target},
        "examples": [{"i": example.i, "o": example.o} for example in examples[:cut]],
    }
    return Case(
        id=CaseId(_unique(name, taken)),
        family=name.split()[0],
        pool=Pool.JUDGE,
        question=question,
        probes=[example.i for example in examples[cut:]],
        expected=[example.o for example in examples[cut:]],
    )


def _unique(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name} #{number}", number + 1
    taken.add(found)
    return found


def _type(data: Json, at: str) -> tuple[str, str]:
    if isinstance(data, str):
        sides = data.replace("→", "->").split("->")
        if len(sides) != 2:
            raise UserError(f"{at}: type: {data!r} is not of the form 'list-of-int -> int'")
        return _side(sides[0], "input", at), _side(sides[1], "output", at)
    if not isinstance(data, dict) or set(data) != {"input", "output"}:
        raise UserError(f"{at}: type: an object with input and output was expected")
    return _side(data["input"], "input", at), _side(data["output"], "output", at)


def _side(data: Json, side: str, at: str) -> str:
    kind = _SPELLINGS.get(data.strip(), data.strip()) if isinstance(data, str) else ""
    if kind not in _CHECKS:
        raise UserError(f"{at}: type: {side}: {data!r} is not supported; it can be {', '.join(_CHECKS)}")
    return kind


def _examples(data: Json, source: str, target: str, at: str) -> list[_Example]:
    if not isinstance(data, list) or len(data) < 2:
        raise UserError(f"{at}: examples: a list of at least 2 was expected (one to show, one to keep unseen)")
    return [_example(item, source, target, f"{at}: example {number}") for number, item in enumerate(data, 1)]


def _example(data: Json, source: str, target: str, at: str) -> _Example:
    if not isinstance(data, dict) or set(data) != {"i", "o"}:
        raise UserError(f"{at}: an object with i and o was expected")
    for key, kind in (("i", source), ("o", target)):
        if not _CHECKS[kind](data[key]):
            raise UserError(f"{at}: {key}: {_brief(data[key])} is no {kind}")
    return _Example(data["i"], data["o"])


def _brief(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
