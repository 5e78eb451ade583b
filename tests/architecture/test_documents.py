"""Documents lead somewhere and say nothing of the machine they were written on."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.rules import hold
from tests.architecture.source import ROOT

FOLDERS = ("docs", "design", "changelog.d", "benchmarks")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))])
PAGES = sorted((ROOT / "design").glob("*.md"))
MACHINE = re.compile(r"(?<![\w/.])/(?:home|root|work|Users)/\w|file://|\blocalhost:\d|\b\d{1,3}(?:\.\d{1,3}){3}\b")


def prose(document: Path) -> str:
    return re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(document: Path) -> list[str]:
    """Targets of links to other files, without anchors."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(document))
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


def code(document: Path) -> list[str]:
    """Fenced blocks and spans of code."""
    text = document.read_text("utf-8")
    return re.findall(r"^```.*?^```", text, flags=re.MULTILINE | re.DOTALL) + re.findall(r"`[^`\n]+`", prose(document))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    hold([target for target in links(document) if not (document.parent / target).exists()])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_document_names_no_path_or_address_of_a_machine(document: Path) -> None:
    hold([found[0] for found in MACHINE.finditer(document.read_text("utf-8"))])


def test_the_pattern_of_machines_finds_them_and_leaves_ordinary_paths_alone() -> None:
    samples = ("see /{home}/ann/x", "at 10.{0}.0.1", "file:/{slash}opt", "{local}host:8080")
    parts = {"home": "home", "slash": "/", "local": "local"}
    assert all(MACHINE.search(sample.format(0, **parts)) for sample in samples)  # put together here: none stands in this file
    assert not any(MACHINE.search(sample) for sample in samples)
    assert not any(MACHINE.search(text) for text in ("/".join(("docs", "work", "x")), "/tmp", "python 3.11.7", "a/home/b"))


def test_design_pages_are_numbered_without_a_gap_and_say_their_number() -> None:
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))
    assert [int(page.read_text("utf-8").split(".")[0].removeprefix("# ")) for page in PAGES] == list(range(1, len(PAGES) + 1))


def test_notes_of_changes_have_names_that_the_changelog_understands() -> None:
    kinds = {kind["directory"] for kind in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]["type"]}
    name = re.compile(rf"(?:\d+|\+[\w-]+)\.(?:{'|'.join(kinds)})(?:\.\d+)?\.md")
    hold([path.name for path in (ROOT / "changelog.d").glob("*") if path.name != "README.md" and not name.fullmatch(path.name)])


def test_readme_says_how_to_run_and_test_with_targets_that_the_makefile_has() -> None:
    named = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", "\n".join(code(ROOT / "README.md"))))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"run", "test"} <= named <= targets
