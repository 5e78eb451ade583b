"""Records come back from plain data exactly as they were, or the message says where the data are wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.core.codec import decode, encode, loads
from rsi.core.errors import MessageError
from rsi.core.records import Accepted, CandidateId, Effect, FileEdit, Json, Limitation, Prediction, Proposal, ProposalId, Surface, Verdict

EFFECT = Effect(mean=0.1, low=0.0, high=1.0, pairs=2, wins=1, losses=0)
VERDICT = Accepted(candidate=CandidateId("c"), effect=EFFECT, e_value=1.0, threshold=2.0)
PROPOSAL = Proposal(
    id=ProposalId("p1"),
    improver=CandidateId("a"),
    parent=CandidateId("b"),
    surface=Surface.CODE,
    limitation="L1",
    reason="why",
    edits=(FileEdit(path="x", before=None, after="text"),),
    prediction=Prediction(p_better=0.3, low=-0.1, high=0.1),
)


@pytest.mark.parametrize(
    ("kind", "record"), [(Proposal, PROPOSAL), (Verdict, VERDICT), (Limitation, Limitation(id="L", kind="k", text="t"))]
)
def test_a_record_comes_back_as_it_was(kind: object, record: object) -> None:
    assert decode(kind, encode(record)) == record


def test_a_row_has_so_many_items_each_of_its_own_kind() -> None:
    kind = tuple[tuple[int, str], ...]
    assert decode(kind, [[1, "a"], [2, "b"]]) == ((1, "a"), (2, "b"))
    for broken, told in (([[1]], "$[0]: a list of 2 was expected"), ([["a", 1]], "$[0][0]: int was expected, got str")):
        with pytest.raises(MessageError) as caught:
            decode(kind, broken)
        assert str(caught.value) == told


def test_plain_data_in_a_record_are_handed_on_as_they_are() -> None:
    evidence: Json = {"is": "Effect", "seen": [1, None, {"deep": [True, 0.5]}]}
    limitation = Limitation(id="L", kind="k", text="t", evidence=evidence)
    assert encode(limitation) == {"is": "Limitation", "id": "L", "kind": "k", "text": "t", "evidence": evidence}
    assert decode(Limitation, encode(limitation)) == limitation


@pytest.mark.parametrize(
    ("kind", "path", "value", "told"),
    [
        (Proposal, ("edits", 0, "after"), 3, "$.edits[0].after: str was expected, got int"),
        (Proposal, ("edits", 0), {"path": "x"}, "$.edits[0]: not a FileEdit (surplus [], missing ['after', 'before'])"),
        (Proposal, ("edits",), {}, "$.edits: a list was expected"),
        (Proposal, ("surface",), "moon", "$.surface: 'moon' is no Surface"),
        (Proposal, ("more",), 1, "$: not a Proposal (surplus ['more'], missing [])"),
        (Proposal, ("prediction", "p_better"), True, "$.prediction.p_better: float was expected, got bool"),
        (Verdict, ("is",), "Forged", "$: unknown record 'Forged'"),
        (Verdict, ("effect", "pairs"), 1.0, "$.effect.pairs: int was expected, got float"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(kind: object, path: tuple[str | int, ...], value: Json, told: str) -> None:
    data: Json = encode(PROPOSAL if kind is Proposal else VERDICT)
    place: object = data
    for step in path[:-1]:
        place = place[step]  # type: ignore[index] - the paths above lead through lists and objects
    place[path[-1]] = value  # type: ignore[index] - the same
    with pytest.raises(MessageError) as caught:
        decode(kind, data)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    "text",
    ["1e400", "-1E+400", "1e0400", "[0.5, 9e999]", '{"a": 1e+0000000309}', "9" * 41, f"[1, {'7' * 41}]", f"0.{'1' * 40}", "1e" + "0" * 50],
)
def test_a_number_that_is_too_large_or_too_long_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(MessageError, match="number"):
        loads(text.encode())


@pytest.mark.parametrize(
    "text", ["9" * 40, f"{'9' * 37}e99", "-0.25", "1e-400", "1e+2", f'["{"9" * 50}", 1e5]', f'{{"e999": 2.5, "{"1" * 60}": 1}}']
)
def test_any_other_number_is_read_whatever_stands_in_texts_around_it(text: str) -> None:
    assert loads(text.encode()) == json.loads(text)
    if "." not in text and "e" not in text:
        with pytest.raises(MessageError, match="number of 40 characters"):
            loads(text.encode(), max_digits=39)


def test_what_looks_like_a_large_number_in_a_text_does_not_slow_the_reading_of_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nonce in hex often does: `e791` is no exponent there."""
    looked_at: list[str] = []

    def noted(kind: type[int] | type[float], digits: str, most: int) -> int | float:
        looked_at.append(digits)
        return kind(digits)

    monkeypatch.setattr("rsi.core.codec._number", noted)
    numbers: list[Json] = [1, 2.5, -3e-7]
    for text in ("4c5ff494f251a794e9111cad20c96404", "1" * 60, 'a "quoted" 1e400', "a backslash \\"):
        assert loads(json.dumps({"nonce": text, "value": numbers}).encode()) == {"nonce": text, "value": numbers}
    assert not looked_at
    loads(b'{"nonce": "4c5f", "value": [1, 2, 1e101]}')
    assert looked_at == ["1", "2", "1e101"]


def depth_of(data: Json) -> int:
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(st.recursive(st.text("[]{}a"), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("[{a"), inner, max_size=3)))
def test_data_are_read_as_deep_as_they_may_be_and_no_deeper(data: Json) -> None:
    raw, depth = json.dumps([data, [], {}]).encode(), depth_of([data, [], {}])
    assert loads(raw, max_depth=depth) == [data, [], {}]
    with pytest.raises(MessageError, match=f"nested deeper than {depth - 1}"):
        loads(raw, max_depth=depth - 1)


@pytest.mark.parametrize("raw", [b"[" * 100_000, b"[]" * 20 + b"[" * 41, b']]]]]]]][[[[[[[["' + b"[" * 50])
def test_what_is_no_json_is_refused_however_its_brackets_stand(raw: bytes) -> None:
    with pytest.raises(MessageError):
        loads(raw)
