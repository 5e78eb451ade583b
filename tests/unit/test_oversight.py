"""What a patch may touch, and every trick by which one might touch more."""

import math
from dataclasses import replace
from typing import Any

import pytest

from rsi.core.codec import sha256_hex
from rsi.core.records import CandidateId, FileEdit, Manifest, Prediction, Proposal, ProposalId, Surface
from rsi.kernel.oversight import authorise
from rsi.kernel.workspace import Stale, apply

FILES = {"rsi-agent.toml": b"", "main.py": b"x = 1\n", "lib/tools.py": b"", "data/deep/w.txt": b"1"}
MANIFEST = Manifest(
    name="toy",
    entry="main",
    surfaces={Surface.CODE: ("*.py", "lib/*.py", "*.toml", "build.json"), Surface.PARAMETERS: ("data/**", "**"), Surface.PROMPT: ()},
)
CONTENT = "x = 2\n"


def proposal(*edits: FileEdit, surface: Surface = Surface.CODE) -> Proposal:
    return Proposal(
        id=ProposalId("p0"),
        improver=CandidateId("a"),
        parent=CandidateId("a"),
        surface=surface,
        limitation="weak",
        reason="to be better",
        edits=edits or (change("main.py"),),
        prediction=Prediction(p_better=0.5, low=-0.1, high=0.2),
    )


def change(path: str, after: str | None = CONTENT) -> FileEdit:
    content = FILES.get(path)
    return FileEdit(path=path, before=None if content is None else sha256_hex(content), after=after)


def problem(*edits: FileEdit, surface: Surface = Surface.CODE) -> str | None:
    return authorise(proposal(*edits, surface=surface), FILES, MANIFEST)


def test_an_ordinary_change_of_its_surface_is_allowed() -> None:
    assert problem(change("main.py")) is None
    assert problem(change("lib/new_tools.py"), change("main.py", None)) is None
    assert problem(change("data/deep/w.txt"), surface=Surface.PARAMETERS) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../main.py",
        "lib/../main.py",
        "./main.py",
        "lib//tools.py",
        "lib/",
        "lib\\tools.py",
        "C:/main.py",
        "main.py:stream",
        "main.py\0",
        "main.py\n",
        "a b.py",
        "-rf.py",
        "~/x.py",
        "m\u0430in.py",
        "\udc80.py",
        "e\u0301.py",
        ".git/config",
        ".gitattributes",
        "lib/.gitmodules",
        ".g\u200cit/config",
        "git~1/config",
        "GIT~1/config",
        ".hidden.py",
        "__pycache__/main.cpython-311.pyc",
        "lib/fast.so",
        "x.pth",
        "sitecustomize.py",
        "conftest.py",
        "trailing.",
        "a" * 201,
    ],
)
def test_a_path_that_is_not_made_of_plain_names_is_refused(path: str) -> None:
    assert problem(change(path), surface=Surface.PARAMETERS) is not None


@pytest.mark.parametrize(
    "path", ["MAIN.py", "Lib/other.py", "lib/TOOLS.py", "main.py/x.py", "lib", "DATA/deep/v.txt", "data/Deep/v.txt", "lib/tools.py/x"]
)
def test_a_path_that_could_be_confused_with_another_is_refused(path: str) -> None:
    found = problem(change(path), surface=Surface.PARAMETERS)
    assert found is not None and "confused" in found


def test_two_new_files_of_one_patch_must_not_be_confused_either() -> None:
    found = problem(change("new.py"), change("New.py"))
    assert found is not None and "confused" in found


@pytest.mark.parametrize("path", ["rsi-agent.toml", "RSI-Agent.toml", "build.json", "Build.JSON"])
def test_the_manifest_and_the_product_of_the_build_are_protected_whatever_the_surface_says(path: str) -> None:
    assert problem(change(path)) == f"{path} is protected"
    assert problem(change(path), surface=Surface.PARAMETERS) == f"{path} is protected"


@pytest.mark.parametrize(
    ("path", "surface"),
    [("data/deep/w.txt", Surface.CODE), ("lib/deep/tools.py", Surface.CODE), ("main.py", Surface.PROMPT), ("main.py", Surface.SEARCH)],
)
def test_a_file_outside_the_declared_surface_is_refused(path: str, surface: Surface) -> None:
    found = problem(change(path), surface=surface)
    assert found is not None and "is not part of the surface" in found


@pytest.mark.parametrize("after", ["a\0b", "\ud800", "x" * 1_000_001])
def test_content_that_is_no_text_or_too_large_is_refused(after: str) -> None:
    assert problem(change("main.py", after)) is not None


def test_a_tree_above_eight_megabytes_is_refused() -> None:
    edits = [change(f"data/f{number}.txt", "x" * 1_000_000) for number in range(9)]
    found = problem(*edits, surface=Surface.PARAMETERS)
    assert found is not None and "larger" in found
    assert problem(*edits[:7], surface=Surface.PARAMETERS) is None


def test_no_edits_too_many_edits_and_one_file_edited_twice_are_refused() -> None:
    assert authorise(replace(proposal(), edits=()), FILES, MANIFEST) is not None
    assert problem(*[change(f"data/f{number}.txt") for number in range(65)], surface=Surface.PARAMETERS) is not None
    assert problem(change("main.py"), change("main.py", "x = 3\n")) is not None


def test_deleting_what_is_not_there_is_refused() -> None:
    assert problem(change("lib/none.py", None)) is not None


@pytest.mark.parametrize(
    "numbers",
    [(1.1, 0, 0), (-0.1, 0, 0), (math.nan, 0, 0), (0.5, 0.2, 0.1), (0.5, -1.1, 0), (0.5, 0, 1.5), (0.5, -math.inf, 0), (0.5, 0, math.nan)],
)
def test_a_prediction_that_is_none_is_refused(numbers: tuple[float, float, float]) -> None:
    prediction = Prediction(p_better=numbers[0], low=numbers[1], high=numbers[2])
    assert authorise(replace(proposal(), prediction=prediction), FILES, MANIFEST) is not None


@pytest.mark.parametrize(
    "stated",
    [
        {"quartiles": (0.0, 0.1)},
        {"quartiles": (0.0, 0.2, 0.1)},
        {"quartiles": (-0.2, 0.0, 0.1)},
        {"quartiles": (0.0, 0.1, math.nan)},
        {"helps": ("level 1",) * 33},
        {"hurts": ("x" * 81,)},
        {"hurts": ("\udfff",)},
    ],
)
def test_quartiles_out_of_order_and_endless_lists_of_families_are_refused(stated: dict[str, Any]) -> None:
    sound = Prediction(p_better=0.5, low=-0.1, high=0.2, quartiles=(-0.05, 0.0, 0.1), helps=("level 1",), hurts=("level 4",))
    assert authorise(replace(proposal(), prediction=sound), FILES, MANIFEST) is None
    assert authorise(replace(proposal(), prediction=replace(sound, **stated)), FILES, MANIFEST) is not None


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2_001, "\udfff"])
def test_a_reason_that_is_empty_endless_or_no_text_is_refused(reason: str) -> None:
    assert authorise(replace(proposal(), reason=reason), FILES, MANIFEST) is not None


def test_a_patch_is_applied_to_what_it_was_made_for_and_to_nothing_else() -> None:
    edits = (change("main.py"), change("lib/new.py"), change("data/deep/w.txt", None))
    after = apply(FILES, edits)
    assert after == {"rsi-agent.toml": b"", "main.py": b"x = 2\n", "lib/tools.py": b"", "lib/new.py": b"x = 2\n"}
    assert FILES["main.py"] == b"x = 1\n"
    assert apply({**FILES, "main.py": b"changed"}, edits) == Stale(path="main.py")
    assert apply({**FILES, "lib/new.py": b"came before"}, edits) == Stale(path="lib/new.py")
    assert apply({"main.py": b"x = 1\n"}, edits) == Stale(path="data/deep/w.txt")
