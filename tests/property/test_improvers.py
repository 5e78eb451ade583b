"""Improvers as files, over trees of any shape."""

import json
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import IntegrityError, UserError
from rsi.core.protocols import Files
from rsi.core.records import Json
from rsi.improvers import pack, tree_of, unpack
from rsi.kernel.archive.git import GitArchive
from rsi.testing.improvers import improver_over
from rsi.testing.toy import toy_agent

PARTS = st.text(alphabet="ab_A.-9", min_size=1, max_size=3)
PLAIN = ("a.py", "b/a.py", "b/c/d.json", "e.txt", "b/e.toml")
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join) | st.sampled_from(PLAIN)
TREES = st.dictionaries(PATHS, st.binary(max_size=40) | st.text(max_size=20).map(str.encode), max_size=6)
KEYS = st.sampled_from(["is", "name", "tree", "passages", "x"])
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def whole(tree: Files) -> Files:
    return {**tree, **toy_agent(0.5)}


def is_plain(tree: Files) -> bool:
    """Texts under names that nobody could object to."""
    return set(tree) <= set(PLAIN) and all(content.isascii() and b"\0" not in content for content in tree.values())


@given(tree=TREES)
def test_what_can_be_packed_is_unpacked_as_it_was_and_what_cannot_is_refused_on_both_sides(tree: Files) -> None:
    files = whole(tree)
    try:
        packed = pack(improver_over(toy_agent(0.1), files), files)
    except UserError:
        assert not is_plain(tree)
        return
    found = unpack(packed.raw, "file")
    assert found.files == files and found == packed and pack(found.improver, found.files).raw == packed.raw


@given(tree=TREES)
def test_a_tree_has_the_name_that_an_archive_gives_it(tree: Files) -> None:
    files = whole(tree)
    try:
        name = tree_of(files)
    except UserError:
        assert not is_plain(tree)
        return
    with TemporaryDirectory() as folder, closing(GitArchive(Path(folder) / "objects.git")) as archive:
        assert archive.tree(archive.add(files, parents=(), message="m")) == name


@given(data=st.data())
def test_bytes_changed_anywhere_are_an_error_that_names_the_file(data: st.DataObject) -> None:
    files = toy_agent(0.5)
    raw = pack(improver_over(toy_agent(0.1), files), files).raw
    place, put = data.draw(st.integers(0, len(raw))), data.draw(st.binary(max_size=4))
    cut = data.draw(st.integers(0, 4))
    broken = raw[:place] + put + raw[place + cut :]
    assume(broken != raw)
    with pytest.raises(IntegrityError, match="some file"):
        unpack(broken, "some file")


@given(record=DATA)
def test_plain_data_of_any_shape_under_a_fitting_hash_is_no_record_and_never_a_crash(record: Json) -> None:
    files = toy_agent(0.5)
    data = json.loads(pack(improver_over(toy_agent(0.1), files), files).raw)
    body = {"files": data["files"], "format": data["format"], "improver": record}
    with pytest.raises(IntegrityError):
        unpack(canonical({**body, "id": sha256_hex(canonical(body))}) + b"\n", "file")
