"""Files of which only what stands between EVOLVE-BLOCK markers may be edited."""

from dataclasses import replace

import pytest

from rsi.core.records import CandidateId, FileEdit, Manifest, Prediction, Proposal, ProposalId, Surface
from rsi.kernel.oversight import authorise, block_problem, blocks_of

FILE = """import math
# EVOLVE-BLOCK-START
A = 1
# EVOLVE-BLOCK-END
print(A)
// EVOLVE-BLOCK-START
B = 2
// EVOLVE-BLOCK-END
"""


def test_the_contents_of_the_blocks_are_found_behind_any_comment_sign() -> None:
    assert blocks_of(FILE) == ["A = 1", "B = 2"]
    assert blocks_of("x = 1  # EVOLVE-BLOCK-START\ny\n<!-- EVOLVE-BLOCK-END -->") == ["y"]
    assert blocks_of("nothing here") == []


@pytest.mark.parametrize(
    "text", ["# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END", "# EVOLVE-BLOCK-END", "# EVOLVE-BLOCK-START"]
)
def test_markers_that_are_nested_or_alone_give_no_blocks(text: str) -> None:
    assert blocks_of(text) is None


def test_a_change_inside_the_blocks_is_no_problem() -> None:
    assert block_problem("a.py", FILE, FILE.replace("A = 1", "A = 7\nC = 3").replace("B = 2", "")) is None
    assert block_problem("a.py", FILE, FILE) is None


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (FILE.replace("import math", "import os"), "line 1 is outside"),
        (FILE.replace("print(A)", "print(2)"), "line 5 is outside"),
        (FILE + "more\n", "line 9 is outside"),
        (FILE.replace("A = 1", "A = 7\nC = 3").replace("print(A)", "print(2)"), "line 5 is outside"),
        (FILE.replace("# EVOLVE-BLOCK-START", "#  EVOLVE-BLOCK-START"), "line 2 is outside"),
        (FILE.replace("A = 1\n", "# EVOLVE-BLOCK-END\n# EVOLVE-BLOCK-START\n"), "markers were changed; it had 2 blocks"),
        (FILE.replace("// EVOLVE-BLOCK-END\n", ""), "markers were changed"),
        ("", "markers were changed"),
        (None, "not deleted"),
    ],
)
def test_a_change_outside_is_refused_with_the_line_of_the_file_as_it_was(after: str | None, why: str) -> None:
    assert why in str(block_problem("a.py", FILE, after))


def test_a_file_cannot_be_made_where_only_blocks_may_be_edited() -> None:
    assert "not made" in str(block_problem("a.py", None, FILE))
    assert "has no EVOLVE-BLOCK" in str(block_problem("a.py", "x = 1", "x = 2"))


def test_oversight_refuses_a_patch_that_leaves_its_block() -> None:
    manifest = Manifest(name="t", entry="a", surfaces={Surface.CODE: ("*.py",)}, blocks=("a.py",))
    proposal = Proposal(
        id=ProposalId("p"),
        improver=CandidateId("i"),
        parent=CandidateId("i"),
        surface=Surface.CODE,
        limitation="l",
        reason="because",
        edits=(FileEdit(path="a.py", before="x", after=FILE.replace("A = 1", "A = 2")),),
        prediction=Prediction(p_better=0.5, low=-0.1, high=0.1),
    )
    files = {"a.py": FILE.encode(), "b.py": b"x = 1\n"}
    assert authorise(proposal, files, manifest) is None
    outside = replace(proposal, edits=(FileEdit(path="a.py", before="x", after=FILE.replace("print(A)", "print(9)")),))
    assert authorise(outside, files, manifest) == "a.py: line 5 is outside the EVOLVE-BLOCKs and may not be changed"
    other = replace(proposal, edits=(FileEdit(path="b.py", before="x", after="x = 2\n"),))
    assert authorise(other, files, manifest) is None
