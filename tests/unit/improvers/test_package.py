"""An improver in one file: what is read is what was written, and whatever a stranger puts in is refused before it is used."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rsi.core.codec import canonical, encode, sha256_hex
from rsi.core.errors import IntegrityError, UserError
from rsi.core.protocols import Files
from rsi.core.records import TreeId
from rsi.improvers import Improver, pack, tree_of, unpack
from rsi.improvers.checks import MAX_FILES, MAX_TREE_BYTES
from rsi.improvers.package import MAX_BYTES
from rsi.loop.agents import load_agent
from rsi.testing.improvers import improver_over, passage_between
from rsi.testing.toy import toy_agent

START, RELEASE = toy_agent(0.3), toy_agent(0.4)


def written() -> bytes:
    return pack(improver_over(START, RELEASE), RELEASE).raw


def signed(data: dict[str, Any]) -> bytes:
    """What a hostile exporter writes: anything at all, under a hash that fits."""
    body = {key: value for key, value in data.items() if key != "id"}
    return canonical({**body, "id": sha256_hex(canonical(body))}) + b"\n"


def forged(change: Callable[[dict[str, Any]], None]) -> bytes:
    data = json.loads(written())
    change(data)
    return signed(data)


def with_file(path: str, content: str = "x") -> bytes:
    """A file in which one path was added, and the record's tree brought in line wherever that can be done at all."""
    files = {**RELEASE, path: content.encode()}
    try:
        tree = tree_of(files)
    except UserError:
        tree = tree_of(RELEASE)

    def change(data: dict[str, Any]) -> None:
        data["files"][path] = content
        data["improver"] = encode(improver_to(tree))

    return forged(change)


def improver_to(tree: TreeId) -> Improver:
    return Improver(name="toy", tree=tree, passages=(passage_between(tree_of(START), tree),))


def test_an_improver_is_read_as_it_was_written() -> None:
    files = {**RELEASE, "weights.bin": bytes(range(256)), "notes/empty.txt": b"", "notes/words.txt": "größer\n".encode()}
    packed = pack(improver_over(START, files), files)
    found = unpack(packed.raw, "file")
    assert found == packed and found.files == files and found.improver == improver_over(START, files)


def test_people_can_read_text_files_in_it() -> None:
    assert json.loads(written())["files"]["bonus.py"] == "BONUS = 0.0\n"


def test_any_changed_byte_is_noticed_and_the_file_is_named() -> None:
    raw = written()
    for place in range(0, len(raw), 7):
        broken = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(IntegrityError, match="my file"):
            unpack(broken, "my file")


OLD = b'{"files":{},"format":"rsi improver 2","id":"","improver":{}}'


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"nonsense", b"\xff\xfe", b"[" * 100_000, OLD], ids=range(7))
def test_what_is_no_improver_is_refused(raw: bytes) -> None:
    with pytest.raises(IntegrityError, match="no file of an improver"):
        unpack(raw, "file")


def test_cut_off_or_lengthened_files_are_refused() -> None:
    raw = written()
    for broken in (raw[:-1], raw[:-200], raw + b"\n", raw + raw, b" " + raw):
        with pytest.raises(IntegrityError):
            unpack(broken, "file")


def test_a_duplicate_key_is_refused() -> None:
    raw = written().replace(b'"bonus.py":', b'"bonus.py":"BONUS = 9\\n","bonus.py":', 1)
    with pytest.raises(IntegrityError, match="duplicate key"):
        unpack(raw, "file")


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd", "/etc/passwd", "a/../../b", "./a", "a//b", "a/", "", "C:\\x", "a\\..\\b", ".git/config", ".bashrc", "-rf",
        "a\x00b", "a\nb", "sitecustomize.py", "x/__pycache__/y.py", "evil.pth", "lib.so", "conftest.py", "ｅ.py", "a" * 201, "con:stream",
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_tree_or_steers_python_is_refused_under_a_fitting_hash(path: str) -> None:
    with pytest.raises(UserError, match="file cannot be used"):
        unpack(with_file(path), "file")


@pytest.mark.parametrize("path", ["Main.py", "MAIN.PY", "main.py/inner.txt", "SKILL.json"])
def test_paths_that_a_file_system_would_confuse_are_refused(path: str) -> None:
    with pytest.raises(UserError, match="confused with|both a file and a folder|inside a file"):
        unpack(with_file(path), "file")


def test_too_many_or_too_large_files_are_refused() -> None:
    many = {f"f{number}.txt": b"" for number in range(MAX_FILES)}
    for files in ({**RELEASE, **many}, {**RELEASE, "big.txt": b"x" * MAX_TREE_BYTES}):
        with pytest.raises(UserError, match="are allowed"):
            unpack(forged(lambda data, files=files: shown(data, files)), "file")  # type: ignore[misc]
        with pytest.raises(UserError, match="cannot be kept"):
            pack(improver_over(START, files), files)


def shown(data: dict[str, Any], files: Files) -> None:
    data["files"] = {path: content.decode() for path, content in files.items()}
    data["improver"] = encode(improver_over(START, files))


def test_a_file_of_enormous_size_is_not_even_parsed() -> None:
    with pytest.raises(IntegrityError, match="at most"):
        unpack(b" " * (MAX_BYTES + 1), "file")


def test_a_text_in_base64_is_not_the_one_form() -> None:
    def change(data: dict[str, Any]) -> None:
        data["files"]["bonus.py"] = {"base64": base64.b64encode(RELEASE["bonus.py"]).decode()}

    with pytest.raises(IntegrityError, match="not in the one form"):
        unpack(forged(change), "file")


@pytest.mark.parametrize("content", [None, 7, ["x"], {"base64": "!!!"}, {"base64": 7}, {"base64": "eA=="}, {"base64": "eA==", "more": 1}])
def test_content_of_another_shape_is_refused(content: object) -> None:
    with pytest.raises((IntegrityError, UserError)):
        unpack(forged(lambda data: data["files"].update({"bonus.py": content})), "file")


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "surplus", 1),
        ((), "name", None),
        ((), "passages", {}),
        (("passages", 0), "seed", "1"),
        (("passages", 0), "seed", True),
        (("passages", 0), "head", ["x"]),
        (("passages", 0, "changes", 0), "surface", "kernel"),
        (("passages", 0, "certificate"), "gain", None),
    ],
)
def test_a_record_of_another_shape_is_refused(place: tuple[str | int, ...], key: str, value: object) -> None:
    def change(data: dict[str, Any]) -> None:
        record = data["improver"]
        for step in place:
            record = record[step]
        record[key] = value

    with pytest.raises(IntegrityError, match="can read"):
        unpack(forged(change), "file")


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"low": 0.0}, "does not show a gain"),
        ({"low": -0.1}, "does not show a gain"),
        ({"low": 0.3}, "outside of its own interval"),
        ({"high": 1.5}, "outside of its own interval"),
        ({"gain": 0.35}, "not the difference"),
        ({"pairs": 0}, "cannot be"),
        ({"alpha": 1.0}, "cannot be"),
        ({"start_score": -0.25}, "cannot be"),
        ({"release": "../x"}, "a hash"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused(claim: dict[str, Any], words: str) -> None:
    improver = improver_over(START, RELEASE)
    broken = replace(improver.last, certificate=replace(improver.last.certificate, **claim))
    refused(replace(improver, passages=(broken,)), words)


def test_what_does_not_fit_together_is_refused() -> None:
    improver, other = improver_over(START, RELEASE), tree_of(toy_agent(0.9))
    refused(replace(improver, name="another"), "its manifest says")
    refused(replace(improver, tree=other), "not the tree")
    refused(replace(improver, passages=()), "runs behind it")
    refused(replace(improver, passages=(passage_between(tree_of(START), other),)), "did not end with its files")
    refused(replace(improver, passages=(passage_between(tree_of(START), other), improver.last)), "did not begin where")
    refused(replace(improver, passages=(replace(improver.last, changes=()),)), "changed nothing")
    refused(replace(improver, passages=(replace(improver.last, run="\x1b[31m"),)), "other characters")
    refused(replace(improver, passages=(replace(improver.last, ended=1e300),)), "its time is none")


def refused(improver: Improver, words: str) -> None:
    """Neither written nor read."""
    with pytest.raises(UserError, match=words):
        pack(improver, RELEASE)
    with pytest.raises(UserError, match=words):
        unpack(forged(lambda data: data.update(improver=encode(improver))), "file")


def test_a_tree_without_a_manifest_is_refused() -> None:
    with pytest.raises(UserError, match="has no rsi-agent"):
        unpack(forged(lambda data: data["files"].pop("rsi-agent.toml")), "file")


def test_the_agent_that_rsi_ships_can_be_kept() -> None:
    files = load_agent("seed")
    packed = pack(improver_over(START, files), files)
    assert unpack(packed.raw, "file").files == files
