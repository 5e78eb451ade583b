"""A tree that holds what only the judge may know is found, however it is spelled; honest trees are not."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import rsi
from rsi.core.records import Case, CaseId, Json, Pool
from rsi.kernel.workspace import Leak, Scanner, canary_of
from rsi.suites import secret_seeds, suite

SEEDS = secret_seeds(5)
SALT = "a long and secret salt"
EXPECTED: Json = [[3, 1, 4, 1, 5], [9, 2, 6], [5, 3, 5, 8, 9, 7], [9], [3, 2, 3, 8, 4, 6], [2, 6, 4], [3, 3, 8], [3, 2, 7, 9, 5]]
TEXT = json.dumps(EXPECTED)


def scanner() -> Scanner:
    found = Scanner({pool.value: str(seed) for pool, seed in SEEDS.items()}, SALT)
    found.learn([Case(id=CaseId("c"), family="f", pool=Pool.SEALED, question=None, expected=EXPECTED)])
    return found


def seed_bytes(pool: Pool) -> bytes:
    return SEEDS[pool].to_bytes(16, "big")


def base64_of(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


SPELLED: dict[str, str] = {
    "decimal": f"SEED = {SEEDS[Pool.JUDGE]}",
    "grouped": f"SEED = {SEEDS[Pool.JUDGE]:_}",
    "hex": f"SEED = {SEEDS[Pool.SEALED]:#x}",
    "capitals": f"SEED = 0x{SEEDS[Pool.SEALED]:X}",
    "split": f"a = '{str(SEEDS[Pool.JUDGE])[:9]}' \\\n    '{str(SEEDS[Pool.JUDGE])[9:]}'",
    "reversed": str(SEEDS[Pool.PRACTICE])[::-1],
    "base64": base64_of(str(SEEDS[Pool.JUDGE])),
    "bytes in base64": f"x = b64decode('{base64_of(seed_bytes(Pool.JUDGE))}')",
    "hex of decimal": str(SEEDS[Pool.JUDGE]).encode().hex(),
    "salt": f"SALT = {SALT!r}",
    "canary": f"# {canary_of({pool.value: str(seed) for pool, seed in SEEDS.items()})}",
    "answer": f"ANSWERS = {{'c': {EXPECTED!r}}}",
    "answer as tuples": f"({TEXT})".replace("[", "(").replace("]", ",)"),
    "answer without blanks": json.dumps([1, EXPECTED], separators=(",", ":")),
    "answer over lines": json.dumps(EXPECTED, indent=2),
    "answer reversed": TEXT[::-1],
    "answer in base64": base64_of(TEXT),
    "answer in hex": TEXT.encode().hex(),
}


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
def test_a_secret_in_a_tree_is_found_and_named_but_not_repeated(spelled: str) -> None:
    leak = scanner().leak({"a.py": b"x = 1\n", "data/b.txt": spelled.encode()})
    assert isinstance(leak, Leak) and leak.path == "data/b.txt"
    said = str(leak)
    secrets = [SALT, TEXT, *(str(seed) for seed in SEEDS.values()), *(f"{seed:x}" for seed in SEEDS.values())]
    assert "data/b.txt holds the" in said and not any(secret in said for secret in secrets)


def test_the_leak_names_the_kind_of_secret_and_how_it_is_spelled() -> None:
    scan = scanner()
    assert str(scan.leak({"a": SPELLED["decimal"].encode()})) == "a holds the secret seed of the judge pool (plain)"
    assert str(scan.leak({"a": SPELLED["answer in hex"].encode()})) == "a holds the expected outputs of a case of the sealed pool (encoded)"
    assert str(scan.leak({"a": SPELLED["salt"].encode()})) == "a holds the salt of this run (plain)"


def test_the_agents_that_come_with_rsi_hold_no_secret_and_no_answer_by_chance() -> None:
    seeds = secret_seeds(1)
    scan, cases = Scanner({pool.value: str(seed) for pool, seed in seeds.items()}), suite("list_functions", seeds)
    scan.learn([*cases.cases(Pool.JUDGE, 0, 300), *cases.cases(Pool.SEALED, 0, 100)])
    trees = Path(rsi.__file__).parent / "agents"
    files = {str(path): path.read_bytes() for path in trees.rglob("*") if path.is_file()}
    assert len(files) > 10 and scan.leak(files) is None


def test_practice_tasks_are_no_answers_of_hidden_cases() -> None:
    seeds = secret_seeds(2)
    scan, cases = Scanner({pool.value: str(seed) for pool, seed in seeds.items()}), suite("list_functions", seeds)
    scan.learn(cases.cases(Pool.JUDGE, 0, 300))
    batches = json.dumps([cases.practice_batch(index, 20) for index in range(10)])
    assert scan.leak({"corpus.json": batches.encode()}) is None


@pytest.mark.parametrize("expected", [[], [1, 2, 3], [[0] * 9] * 12, [True, False] * 10, [[], [1], [1, 2]]])
def test_outputs_that_chance_could_give_are_no_secret(expected: list[object]) -> None:
    scan = Scanner({"judge": str(SEEDS[Pool.JUDGE])})
    text = json.dumps(expected)
    scan.learn([Case(id=CaseId("c"), family="f", pool=Pool.JUDGE, question=None, expected=json.loads(text))])
    assert scan.leak({"a.py": text.encode()}) is None


def test_a_short_salt_is_a_word_like_any_other() -> None:
    assert Scanner({"judge": str(SEEDS[Pool.JUDGE])}, "the").leak({"a.py": b"# the text\n"}) is None


SPOKEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "reversed": lambda text: text[::-1],
    "capitals": str.upper,
    "hex": lambda text: text.encode().hex(),
    "base64": base64_of,
    "base64 behind one byte": lambda text: base64_of(f"a{text}bc"),
    "base64 behind two bytes": lambda text: base64_of(f"ab{text}b"),
}


@pytest.mark.parametrize("spell", SPOKEN.values(), ids=SPOKEN)
def test_the_canary_is_heard_in_whatever_a_reply_says(spell: Callable[[str], str]) -> None:
    scan = scanner()
    assert scan.is_spoken("nothing", f"so it is {spell(scan.canary)}, they say")
    assert scan.is_spoken(json.dumps({"memory": spell(scan.canary)}).encode())


def test_another_runs_canary_is_no_secret_of_this_run() -> None:
    assert not scanner().is_spoken(canary_of({"judge": "1"}), "", b"\xff\xfe")
