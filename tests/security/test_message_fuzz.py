"""The one reader of a candidate's bytes under a flood of raw and of nearly right messages: always an outcome, always the same one."""

import json
import struct

import pytest
from hypothesis import HealthCheck, assume, example, given, seed, settings
from hypothesis import strategies as st

from rsi.core.codec import canonical, loads
from rsi.core.errors import MessageError
from rsi.core.protocols import Limits
from rsi.core.records import Json, Outcome
from rsi.kernel.sandbox.reading import Ending, Found, Violation, legible, understand

NONCE = "0123456789abcdef" * 2
LIMITS = Limits(answer_bytes=2_000, cpu_s=10.0)
ITEMS = 3
EXAMPLES = 200
FLOOD = 60_000
"""Of each of two kinds: more than 10⁵ in all."""

PIECES = st.sampled_from(
    [
        b"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b"\\u",
        b"\\ud800",
        b"\xff",
        b"\xed\xa0\x80",
        b"\0",
        b"NaN",
        b"-Infinity",
        b"1e400",
    ]
    + [b"9" * 50, b"-", b"1.", b"true", b"null", b'"nonce"', b'"value"', b'"error"', b'"text"', NONCE.encode(), b'"crashed"', b"[" * 60]
    + [b'{"a":1,"a":2}', b"\xef\xbb\xbf", b"/*", b"\x1b[2J", b" " * 20, b"[" * 50_000, "\u202e".encode()]
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**45), 10**45) | st.floats() | st.text(max_size=20)
PLAIN = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4), max_leaves=12
)
WORDS = st.sampled_from(["nonce", "value", "error", "text", "more"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "nonce": st.just(NONCE) | st.text(max_size=40) | SCALARS,
        "value": PLAIN | st.lists(st.fixed_dictionaries({}, optional={"value": PLAIN, "error": PLAIN}), max_size=ITEMS + 1),
        "error": st.sampled_from(["crashed", "memory", "malformed", "fine"]) | PLAIN,
        "text": st.text(max_size=40) | PLAIN,
        "more": PLAIN,
    },
)


def framed(body: bytes) -> bytes:
    return struct.pack(">Q", len(body)) + body


def written(data: object) -> bytes:
    return json.dumps(data).encode()


RAW = st.binary(max_size=200) | st.lists(PIECES, max_size=12).map(b"".join)
NEARLY = st.builds(
    lambda whole, at, piece: whole[:at] + piece + whole[at:], FIELDS.map(written), st.integers(0, 200), PIECES | st.just(b"")
)
RESULTS = RAW | NEARLY | RAW.map(framed) | NEARLY.map(framed) | st.builds(lambda a, b: framed(a) + b, NEARLY, RAW)
STATUSES = st.sampled_from([0, 0, 0, 256, 9, 11, 24, 31, 6 | 128]) | st.none() | st.integers(0, 0xFFFF)
ENDINGS = st.builds(
    lambda status, told, full, result, cpu_s: Ending(status=status, told=told, full=full, result=result, cpu_s=cpu_s),
    STATUSES,
    st.sampled_from([False, False, False, True]),
    st.sampled_from([False, False, False, True]),
    RESULTS,
    st.floats(0, 20),
)


def check_bytes(raw: bytes) -> None:
    """Plain data or a refusal, twice the same; what was read can be written, and reads as the same again."""
    first, second = read(raw), read(raw)
    assert repr(first) == repr(second)
    if not isinstance(first, MessageError):
        again = canonical(first)
        assert repr(loads(again, max_bytes=10**6, max_digits=400)) == repr(ordered(first))


def read(raw: bytes) -> object:
    try:
        return loads(raw, max_bytes=100_000)
    except MessageError as error:
        return error


def ordered(data: Json) -> Json:
    """The same with sorted keys, as canonical bytes have them."""
    if isinstance(data, dict):
        return {key: ordered(data[key]) for key in sorted(data)}
    return [ordered(item) for item in data] if isinstance(data, list) else data


def check_ending(end: Ending, items: int | None) -> Found:
    """An outcome, twice the same; a value only with an answer, a legible reason with everything else, a violation by its name."""
    found = understand(end, NONCE, LIMITS, items)
    assert repr(understand(end, NONCE, LIMITS, items)) == repr(found)
    answered = found.outcome is Outcome.ANSWERED
    assert bool(found.reason) != answered and (answered or found.value is None)
    assert found.reason == legible(found.reason) and len(found.reason) < 10_000
    if found.outcome is Outcome.VIOLATION:
        assert found.reason.startswith(tuple(Violation))
    if answered:
        assert not end.told and NONCE.encode() in end.result
        canonical(found.value)
    if answered and items is not None:
        assert isinstance(found.value, list) and len(found.value) == items
        assert all(isinstance(item, dict) and set(item) in ({"value"}, {"error"}) for item in found.value)
    return found


@settings(max_examples=EXAMPLES)
@example(b"[" * 100_000)
@example(b'"' * 99_999)
@example(b'{"a":' * 30_000)
@example(b'"\\' * 40_000)
@example(b"1" * 90_000)
@example(b"1e" + b"9" * 30)
@given(RAW | NEARLY)
def test_any_bytes_are_plain_data_or_are_refused(raw: bytes) -> None:
    check_bytes(raw)


@settings(max_examples=EXAMPLES)
@given(ENDINGS, st.none() | st.just(ITEMS))
def test_any_ending_is_one_outcome(end: Ending, items: int | None) -> None:
    check_ending(end, items)


@settings(max_examples=EXAMPLES)
@given(PLAIN, RAW)
def test_an_honest_message_is_an_answer_and_one_byte_more_is_a_violation(value: Json, more: bytes) -> None:
    whole = written({"nonce": NONCE, "value": value})
    assume(not isinstance(read(whole), MessageError))
    end = Ending(status=0, told=False, result=framed(whole), cpu_s=0.0)
    found = understand(end, NONCE, LIMITS)
    assert found.outcome is Outcome.ANSWERED and repr(found.value) == repr(json.loads(whole)["value"])
    if more:
        longer = Ending(status=0, told=False, result=framed(whole) + more, cpu_s=0.0)
        assert understand(longer, NONCE, LIMITS).reason.startswith(Violation.SURPLUS)
    for cut in (1, len(whole) // 2, len(whole) + 7):
        shorter = Ending(status=0, told=False, result=framed(whole)[:-cut], cpu_s=0.0)
        assert understand(shorter, NONCE, LIMITS).outcome is Outcome.CRASHED


@settings(max_examples=EXAMPLES)
@given(st.text(max_size=40))
def test_a_message_of_any_other_call_is_a_violation(nonce: str) -> None:
    assume(nonce != NONCE)
    end = Ending(status=0, told=False, result=framed(written({"nonce": nonce.encode(errors="replace").decode(), "value": 1})), cpu_s=0.0)
    assert understand(end, NONCE, LIMITS).reason.startswith(Violation.FOREIGN)


def test_the_fuzz_reaches_every_outcome() -> None:
    """Else it would only knock at the first door."""
    seen: set[object] = set()
    wanted = {*Outcome, Violation.FORBIDDEN_CALL, Violation.SURPLUS, Violation.FOREIGN, Violation.SHAPE}

    @settings(max_examples=2_000, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ENDINGS, st.none() | st.just(ITEMS))
    def look(end: Ending, items: int | None) -> None:
        found = check_ending(end, items)
        seen.add(found.outcome)
        seen.update(kind for kind in Violation if found.reason.startswith(kind.value))

    for number in range(5):  # what is generated also depends on the modules that other tests have loaded
        if not wanted <= seen:
            seed(number)(look)()
    assert wanted <= seen


FLOOD_SETTINGS = settings(max_examples=FLOOD, database=None, suppress_health_check=list(HealthCheck), deadline=None)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@FLOOD_SETTINGS
@given(RAW | NEARLY)
def test_a_flood_of_bytes_finds_nothing(raw: bytes) -> None:
    check_bytes(raw)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@FLOOD_SETTINGS
@given(ENDINGS, st.none() | st.just(ITEMS))
def test_a_flood_of_endings_finds_nothing(end: Ending, items: int | None) -> None:
    check_ending(end, items)
