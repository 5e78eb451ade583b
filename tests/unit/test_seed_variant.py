"""The seed agent loads a copy of itself with an edit, apart from the running one."""

import sys
from pathlib import Path

import pytest

from tests.seed_agent import SEED, variant

FILES = {
    "alpha.py": "import beta\nfrom math import sqrt\ndef run(x):\n    return beta.double(sqrt(x))\ndef where():\n    return __file__\n",
    "beta.py": "FACTOR = 2\n\n\ndef double(x):\n    return FACTOR * x\n",
    "rsi-agent.toml": "name = 'a'\n",
}


def names_left() -> set[str]:
    return {"alpha", "beta"} & sys.modules.keys()


def test_a_copy_works_beside_another_and_leaves_nothing_in_sys_modules() -> None:
    finders = list(sys.meta_path)
    before = variant.load(FILES, ["alpha", "beta"])
    after = variant.load({**FILES, "beta.py": FILES["beta.py"].replace("2", "3")}, ["alpha"])
    assert (before.alpha.run(4), after.alpha.run(4)) == (4, 6)
    assert before.beta is before.alpha.beta and not hasattr(after, "beta")
    assert not names_left() and sys.meta_path == finders


def test_the_running_modules_are_the_same_objects_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "beta", pytest)
    assert variant.load(FILES, ["alpha"]).alpha.run(4) == 4
    assert sys.modules["beta"] is pytest
    with pytest.raises(variant.Broken):
        variant.load({**FILES, "beta.py": "FACTOR = ("}, ["alpha"])
    assert sys.modules["beta"] is pytest and "alpha" not in sys.modules


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(:\n", "SyntaxError"),
        ("import missing_thing", "ModuleNotFoundError: No module named 'missing_thing'"),
        ("import search", "ModuleNotFoundError: No module named 'search'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def f(n): return f(n)\nf(0)", "RecursionError"),
    ],
)
def test_a_copy_that_cannot_be_loaded_is_broken_for_a_reason(source: str, reason: str) -> None:
    finders = list(sys.meta_path)
    with pytest.raises(variant.Broken, match=reason):
        variant.load({**FILES, "beta.py": source}, ["alpha"])
    assert not names_left() and sys.meta_path == finders


def test_what_goes_wrong_in_a_call_of_a_copy_is_broken_too() -> None:
    copy = variant.load(FILES, ["alpha"])
    assert variant.attempt(copy.alpha.run, 9) == 6
    with pytest.raises(variant.Broken, match="ValueError: math domain error"):
        variant.attempt(copy.alpha.run, -1)


def test_a_copy_that_loops_for_ever_is_broken_off() -> None:
    files = {"alpha.py": "def run(n):\n    while n:  # down to 0\n        n -= 1\n    return 'done'\n"}
    copy = variant.load(files, ["alpha"], passes=1000)
    assert copy.alpha.run(50) == "done" and copy.passes.used == 52
    with pytest.raises(variant.Broken, match="more than 1000 calls"):
        copy.alpha.run(-1)


def test_only_what_is_in_the_files_is_found_and_files_in_folders_are_no_modules() -> None:
    with pytest.raises(variant.Broken, match="No module named 'beta'"):
        variant.load({"alpha.py": "import beta", "sub/beta.py": ""}, ["alpha"])


def test_a_module_of_a_copy_knows_the_folder_of_the_running_agent() -> None:
    assert variant.load(FILES, ["alpha"]).alpha.where() == str(SEED / "alpha.py")


def test_the_files_of_a_tree_are_read_without_caches_and_hidden_ones(tmp_path: Path) -> None:
    for name in ("a.py", "weights.json", "rsi-agent.toml", "notes.md", ".hidden/b.py", "__pycache__/c.py", "sub/d.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(f"# {name} ü\r\n".encode())
    tree = variant.read_tree(tmp_path)
    assert sorted(tree) == ["a.py", "rsi-agent.toml", "sub/d.py", "weights.json"]
    assert tree["a.py"] == "# a.py ü\r\n"


def test_the_agent_loads_copies_of_itself_with_one_file_changed_each_as_it_is_now() -> None:
    tree = variant.read_tree(SEED)
    names = ["edits", "policy", "variant"]
    variant.load(tree, names)
    for k in range(10):
        changed = {**tree, "policy.py": tree["policy.py"].replace("START = 1.0", f"START = 1.{k}")}
        assert variant.load(changed, names).policy.START == float(f"1.{k}")


def test_a_copy_can_load_a_copy() -> None:
    copy = variant.load(variant.read_tree(SEED), ["variant"])
    assert copy.variant is not variant
    assert copy.variant.load(FILES, ["alpha"]).alpha.run(4) == 4
