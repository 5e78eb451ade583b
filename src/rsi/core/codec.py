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
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

from rsi.core.errors import MessageError
from rsi.core.records import Json

__all__ = ["canonical", "decode", "encode", "loads", "sha256_hex"]

T = TypeVar("T")

_MOST_DIGITS = 40
_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
"""A JSON string; possessive, and an unclosed one reaches to the end, so that hostile bytes are scanned once."""
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_SCALARS = frozenset({str, int, float, bool, type(None)})
_Place = str | tuple[Any, str | int]
"""Where in the data something stands: the root, or a step from a place. Put into words only where something is wrong there."""
_Decoder = Callable[[Any, _Place], Any]
_ROOT = "$"
_RUNS = bytes(1 if chr(byte) in "-+.0123456789eE" else 0 for byte in range(256))
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SQUARE = bytes.maketrans(b"{}", b"[]")


def encode(record: object) -> Json:
    """Plain JSON data of a record (dataclass), enum, mapping, tuple or scalar; unions carry their class name in `is`."""
    kind: Any = type(record)
    if kind in _SCALARS:
        return typing.cast(Json, record)
    fields = _fields(kind)
    if fields is not None:
        body: dict[str, Json] = {"is": kind.__name__}
        for name, is_plain in fields:
            value = getattr(record, name)
            body[name] = value if is_plain else encode(value)
        return body
    if isinstance(record, enum.Enum):
        return typing.cast(Json, record.value)
    if isinstance(record, tuple | list):
        return [encode(item) for item in record]
    if isinstance(record, Mapping):
        return {str(encode(k)): encode(v) for k, v in record.items()}
    return typing.cast(Json, record)


def decode(kind: type[T] | object, data: Json) -> T:
    """The record of type `kind` that `encode` made `data` from.

    Raises:
        MessageError: the data does not have exactly the shape of `kind`.
    """
    of: Any = kind
    return typing.cast(T, _decoder(of)(data, _ROOT))


@cache
def _fields(kind: type) -> tuple[tuple[str, bool], ...] | None:
    """Names of the fields of a record, and whether they are plain data as they stand; None for whatever is no record."""
    return tuple((f.name, _is_plain_data(f.type)) for f in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


@cache
def _decoder(kind: Any) -> _Decoder:
    """How data of a type are read: worked out once for each type."""
    if kind is Any or _is_plain_data(kind):
        return _as_it_is
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union_decoder(get_args(kind))
    if origin is tuple and get_args(kind)[-1] is not Ellipsis:
        return _row_decoder(get_args(kind))
    if origin in (tuple, list):
        return _list_decoder(typing.cast(type, origin), get_args(kind)[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_decoder(*get_args(kind))
    if hasattr(kind, "__supertype__"):
        return _decoder(kind.__supertype__)
    if dataclasses.is_dataclass(kind):
        return _record_decoder(typing.cast(type, kind))
    return _scalar_decoder(kind)


def _is_plain_data(kind: Any) -> bool:
    """Whether a type is `Json`; as the type of a field its forward references are resolved, so it is not the same object."""
    return {dict, list} <= {get_origin(option) for option in get_args(kind)}


def _as_it_is(data: Any, at: _Place) -> Any:
    return data


def _list_decoder(origin: type, kind: Any) -> _Decoder:
    item = _decoder(kind)

    def decode_list(data: Any, at: _Place) -> Any:
        if not isinstance(data, list):
            raise MessageError(f"{_told(at)}: a list was expected")
        items = [item(one, (at, i)) for i, one in enumerate(data)]
        return tuple(items) if origin is tuple else items

    return decode_list


def _row_decoder(kinds: tuple[Any, ...]) -> _Decoder:
    """Of so many items, each of its own kind."""
    items = tuple(_decoder(kind) for kind in kinds)

    def decode_row(data: Any, at: _Place) -> Any:
        if not isinstance(data, list) or len(data) != len(items):
            raise MessageError(f"{_told(at)}: a list of {len(items)} was expected")
        return tuple(item(one, (at, i)) for i, (item, one) in enumerate(zip(items, data, strict=True)))

    return decode_row


def _mapping_decoder(key: Any, value: Any) -> _Decoder:
    key_of, value_of = _decoder(key), _decoder(value)

    def decode_mapping(data: Any, at: _Place) -> Any:
        if not isinstance(data, dict):
            raise MessageError(f"{_told(at)}: an object was expected")
        return {key_of(k, at): value_of(v, (at, k)) for k, v in data.items()}

    return decode_mapping


def _union_decoder(options: tuple[Any, ...]) -> _Decoder:
    named: dict[str, Any] = {getattr(option, "__name__", ""): option for option in options if dataclasses.is_dataclass(option)}
    rest = [option for option in options if option is not type(None)]
    only = _decoder(rest[0]) if len(rest) == 1 and not named else None
    is_optional = len(rest) < len(options)

    def decode_union(data: Any, at: _Place) -> Any:
        if data is None and is_optional:
            return None
        if named and isinstance(data, dict):
            option = named.get(str(data.get("is")))
            if option is None:
                raise MessageError(f"{_told(at)}: unknown record {data.get('is')!r}")
            return _decoder(option)(data, at)
        if len(rest) == 1:
            return (only or _decoder(rest[0]))(data, at)
        if any(type(data) is option for option in rest):
            return data
        raise MessageError(f"{_told(at)}: {type(data).__name__} is none of the types allowed here")

    return decode_union


def _record_decoder(kind: type) -> _Decoder:
    hints, name = typing.get_type_hints(kind), kind.__name__
    fields = dataclasses.fields(kind)
    known = frozenset({*(f.name for f in fields), "is"})
    required = frozenset(f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING)

    @cache
    def shape() -> tuple[tuple[str, _Decoder], ...]:
        """Worked out at first use, since a record may hold others of its kind."""
        return tuple((f.name, _decoder(hints[f.name])) for f in fields)

    def decode_record(data: Any, at: _Place) -> Any:
        if not isinstance(data, dict):
            raise MessageError(f"{_told(at)}: a {name} object was expected")
        keys = data.keys()
        if data.get("is", name) != name or not keys <= known or not required <= keys:
            surplus, missing = sorted(keys - known), sorted(required - keys)
            raise MessageError(f"{_told(at)}: not a {name} (surplus {surplus}, missing {missing})")
        return kind(**{field: of(data[field], (at, field)) for field, of in shape() if field in data})

    return decode_record


def _scalar_decoder(kind: Any) -> _Decoder:
    is_enum, is_plain = isinstance(kind, type) and issubclass(kind, enum.Enum), kind in (str, int, float, bool)

    def decode_scalar(data: Any, at: _Place) -> Any:
        if is_plain and type(data) is kind:
            return data
        if is_enum:
            try:
                return kind(data)
            except ValueError:
                raise MessageError(f"{_told(at)}: {data!r} is no {kind.__name__}") from None
        if kind is float and type(data) is int:
            return float(data)
        raise MessageError(f"{_told(at)}: {getattr(kind, '__name__', kind)} was expected, got {type(data).__name__}")

    return decode_scalar


def _told(at: _Place) -> str:
    """A place in the data, for messages."""
    if isinstance(at, str):
        return at
    around, step = at
    return f"{_told(around)}[{step}]" if isinstance(step, int) else f"{_told(around)}.{step}"


def canonical(data: Json) -> bytes:
    """The one byte form of plain data: sorted keys, no spaces, UTF-8, shortest float repr; no NaN.

    A subset of RFC 8785 for the data that rsi writes (keys are ASCII; floats use Python's shortest repr, which differs from
    ECMAScript's only in the form of exponents).
    """
    return _CANONICAL.encode(data).encode()


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def loads(raw: bytes, *, max_bytes: int = 8_000_000, max_depth: int = 40, max_digits: int = _MOST_DIGITS) -> Json:
    """Plain data from hostile bytes, or a `MessageError`.

    Covers: size, nesting depth (checked before parsing), length of numbers, NaN and infinities (1e400 too), duplicate keys,
    lone surrogates, invalid UTF-8, trailing bytes. Does not cover: what the data means; decode it into a record for that.
    """
    if len(raw) > max_bytes:
        raise MessageError(f"message of {len(raw)} bytes; at most {max_bytes} are read")
    bare = _STRING.sub(b'""', raw)
    _check_depth(bare, max_depth)
    try:
        text = raw.decode("utf-8")
        is_usual = _has_usual_numbers(bare, max_digits)
        data = json.loads(
            text,
            parse_int=None if is_usual else lambda digits: _number(int, digits, max_digits),
            parse_float=None if is_usual else lambda digits: _number(float, digits, max_digits),
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
        if "\\u" in text:
            canonical(data)
    except (UnicodeError, json.JSONDecodeError, RecursionError) as error:
        raise MessageError(f"not JSON: {type(error).__name__}") from None
    return typing.cast(Json, data)


def _check_depth(bare: bytes, max_depth: int) -> None:
    if bare.count(b"[") + bare.count(b"{") <= max_depth:
        return
    left, levels = bare.translate(_SQUARE, _NO_BRACKETS), 0
    while (fewer := left.replace(b"[]", b"")) != left:  # one level of all that is closed
        left, levels = fewer, levels + 1
        if levels > max_depth:
            raise MessageError(f"nested deeper than {max_depth}")
    if levels + left.count(b"[") > max_depth:
        raise MessageError(f"nested deeper than {max_depth}")


def _has_usual_numbers(bare: bytes, max_digits: int) -> bool:
    """Whether no number of a message without its strings can be too long or too large, so that none needs a look of its own."""
    most = min(max_digits, _MOST_DIGITS)
    if bytes([1]) * (most + 1) in bare.translate(_RUNS):
        return False
    alike = bare.translate(_ALIKE) if b"e" in bare or b"E" in bare else b""
    return b"e000" not in alike and b"e+000" not in alike


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
