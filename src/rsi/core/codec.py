"""Records to plain JSON data and back, strictly; canonical bytes and hashes of plain data.

`decode` accepts exactly what `encode` writes: a missing, surplus or wrongly typed field is a `MessageError` that names
its path. `loads` is the one reader of bytes that came from outside the kernel.
"""

import dataclasses
import enum
import hashlib
import json
import math
import re
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

from rsi.core.errors import MessageError
from rsi.core.records import Json

__all__ = ["canonical", "decode", "encode", "loads", "sha256_hex"]

T = TypeVar("T")

_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
"""A JSON string; possessive, and an unclosed one reaches to the end, so that hostile bytes are scanned once."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def encode(record: object) -> Json:
    """Plain JSON data of a record (dataclass), enum, mapping, tuple or scalar; unions carry their class name in `is`."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        body: dict[str, Json] = {f.name: encode(getattr(record, f.name)) for f in dataclasses.fields(record)}
        return {"is": type(record).__name__, **body}
    if isinstance(record, enum.Enum):
        return typing.cast(Json, record.value)
    if isinstance(record, Mapping):
        return {str(encode(k)): encode(v) for k, v in record.items()}
    if isinstance(record, tuple | list):
        return [encode(item) for item in record]
    return typing.cast(Json, record)


def decode(kind: type[T] | object, data: Json) -> T:
    """The record of type `kind` that `encode` made `data` from.

    Raises:
        MessageError: the data does not have exactly the shape of `kind`.
    """
    return typing.cast(T, _decode(kind, data, "$"))


@cache
def _fields(kind: type) -> dict[str, tuple[Any, bool]]:
    hints = typing.get_type_hints(kind)
    return {
        f.name: (hints[f.name], f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING)
        for f in dataclasses.fields(kind)
    }


def _decode(kind: Any, data: Any, at: str) -> Any:
    if kind is Any or _is_plain_data(kind):
        return data
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(kind), data, at)
    if origin in (tuple, list):
        if not isinstance(data, list):
            raise MessageError(f"{at}: a list was expected")
        items = [_decode(get_args(kind)[0], item, f"{at}[{i}]") for i, item in enumerate(data)]
        return tuple(items) if origin is tuple else items
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(data, dict):
            raise MessageError(f"{at}: an object was expected")
        key, value = get_args(kind)
        return {_decode(key, k, at): _decode(value, v, f"{at}.{k}") for k, v in data.items()}
    if hasattr(kind, "__supertype__"):
        return _decode(kind.__supertype__, data, at)
    if dataclasses.is_dataclass(kind):
        return _decode_record(typing.cast(type, kind), data, at)
    return _decode_scalar(kind, data, at)


def _is_plain_data(kind: Any) -> bool:
    """Whether a type is `Json`; as the type of a field its forward references are resolved, so it is not the same object."""
    return {dict, list} <= {get_origin(option) for option in get_args(kind)}


def _decode_union(options: tuple[Any, ...], data: Any, at: str) -> Any:
    if data is None and type(None) in options:
        return None
    named = [o for o in options if dataclasses.is_dataclass(o)]
    if named and isinstance(data, dict):
        for option in named:
            if getattr(option, "__name__", "") == data.get("is"):
                return _decode(option, data, at)
        raise MessageError(f"{at}: unknown record {data.get('is')!r}")
    rest = [o for o in options if o is not type(None)]
    if len(rest) == 1:
        return _decode(rest[0], data, at)
    if any(type(data) is option for option in rest):
        return data
    raise MessageError(f"{at}: {type(data).__name__} is none of the types allowed here")


def _decode_record(kind: type, data: Any, at: str) -> Any:
    if not isinstance(data, dict):
        raise MessageError(f"{at}: a {kind.__name__} object was expected")
    shape = _fields(kind)
    surplus = sorted(set(data) - set(shape) - {"is"})
    missing = sorted(name for name, (_, required) in shape.items() if required and name not in data)
    if data.get("is", kind.__name__) != kind.__name__ or surplus or missing:
        raise MessageError(f"{at}: not a {kind.__name__} (surplus {surplus}, missing {missing})")
    return kind(**{name: _decode(shape[name][0], data[name], f"{at}.{name}") for name in shape if name in data})


def _decode_scalar(kind: Any, data: Any, at: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        try:
            return kind(data)
        except ValueError:
            raise MessageError(f"{at}: {data!r} is no {kind.__name__}") from None
    if kind is float and type(data) is int:
        return float(data)
    if kind in (str, int, float, bool) and type(data) is kind:
        return data
    raise MessageError(f"{at}: {getattr(kind, '__name__', kind)} was expected, got {type(data).__name__}")


def canonical(data: Json) -> bytes:
    """The one byte form of plain data: sorted keys, no spaces, UTF-8, shortest float repr; no NaN.

    A subset of RFC 8785 for the data that rsi writes (keys are ASCII; floats use Python's shortest repr, which differs from
    ECMAScript's only in the form of exponents).
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def loads(raw: bytes, *, max_bytes: int = 8_000_000, max_depth: int = 40, max_digits: int = 40) -> Json:
    """Plain data from hostile bytes, or a `MessageError`.

    Covers: size, nesting depth (checked before parsing), length of numbers, NaN and infinities (1e400 too), duplicate keys,
    lone surrogates, invalid UTF-8, trailing bytes. Does not cover: what the data means; decode it into a record for that.
    """
    if len(raw) > max_bytes:
        raise MessageError(f"message of {len(raw)} bytes; at most {max_bytes} are read")
    _check_depth(raw, max_depth)
    try:
        text = raw.decode("utf-8")
        data = json.loads(
            text,
            parse_int=lambda digits: _number(int, digits, max_digits),
            parse_float=lambda digits: _number(float, digits, max_digits),
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
        if "\\u" in text:
            canonical(data)
    except (UnicodeError, json.JSONDecodeError, RecursionError) as error:
        raise MessageError(f"not JSON: {type(error).__name__}") from None
    return typing.cast(Json, data)


def _check_depth(raw: bytes, max_depth: int) -> None:
    if raw.count(b"[") + raw.count(b"{") <= max_depth:
        return
    depth = 0
    for byte in _STRING.sub(b"", raw).translate(None, _NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > max_depth:
            raise MessageError(f"nested deeper than {max_depth}")


def _number(kind: type[int] | type[float], digits: str, max_digits: int) -> int | float:
    if len(digits) > max_digits:
        raise MessageError(f"number of {len(digits)} characters; at most {max_digits} are read")
    value = kind(digits)
    if isinstance(value, float) and not math.isfinite(value):
        raise MessageError("number out of range")
    return value


def _refuse_constant(name: str) -> Json:
    raise MessageError(f"{name} is not plain data")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise MessageError("duplicate key in an object")
    return data
