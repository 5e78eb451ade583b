"""Reading a target's manifest."""

import pytest

from rsi.core.errors import UserError
from rsi.core.records import Surface
from rsi.kernel.evaluate import load_manifest

GOOD = 'name = "toy"\nentry = "agent"\nbuild = true\npreload = ["json", "os.path"]\n[surfaces]\ncode = ["*.py"]\nparameters = []\n'


def tree(text: str) -> dict[str, bytes]:
    return {"rsi-agent.toml": text.encode(), "agent.py": b"", "pack/__init__.py": b""}


def test_a_manifest_says_what_a_target_is() -> None:
    found = load_manifest(tree(GOOD))
    assert (found.name, found.entry, found.build, found.preload) == ("toy", "agent", True, ("json", "os.path"))
    assert found.surfaces == {Surface.CODE: ("*.py",), Surface.PARAMETERS: ()}


def test_a_package_can_be_the_entry_and_the_rest_has_plain_defaults() -> None:
    found = load_manifest(tree('name = "toy"\nentry = "pack"\n[surfaces]\n'))
    assert (found.entry, found.build, found.preload, dict(found.surfaces)) == ("pack", False, (), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("entry", "entri"), "'entri'; did you mean 'entry'?"),
        (GOOD.replace("code", "cod"), "unknown surface 'cod'; did you mean 'code'?"),
        (GOOD.replace('name = "toy"\n', ""), "name is missing"),
        (GOOD.replace('"toy"', "3"), "name must be a str, not int"),
        (GOOD.replace("true", "1"), "build must be a bool, not int"),
        (GOOD.replace('"toy"', '"\\u001b[2J"'), "printable"),
        (GOOD.replace('"agent"', '"../agent"'), "no module name"),
        (GOOD.replace('"agent"', '"absent"'), "absent.py, which is not in the tree"),
        (GOOD.replace('"json"', '"../numpy"'), "'../numpy' is no module name"),
        (GOOD.replace('["*.py"]', '"*.py"'), "surfaces.code must be a list of texts"),
        (GOOD.replace('["*.py"]', "[3]"), "surfaces.code must be a list of texts"),
        ("= ]", "not TOML"),
        ("#" * 200_000, "at most"),
    ],
)
def test_what_is_wrong_is_said_with_the_nearest_known_name(text: str, said: str) -> None:
    with pytest.raises(UserError, match="rsi-agent.toml") as caught:
        load_manifest(tree(text))
    assert said in str(caught.value)


def test_a_tree_without_a_manifest_or_with_bytes_for_one_is_refused() -> None:
    for files in ({}, {"rsi-agent.toml": b"\xff\xfe"}):
        with pytest.raises(UserError, match="rsi-agent.toml"):
            load_manifest(files)
