"""Patches that the seed agent makes, together in one tree."""

import ast
import random
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from rsi.core.codec import sha256_hex
from rsi.core.records import FileEdit, ProposalId
from rsi.kernel.workspace import Composer, Composition, Conflict, apply, rebase_patch
from tests.unit.seed.support import Agent


def patch(proposal: Any) -> tuple[FileEdit, ...]:
    return tuple(FileEdit(**edit) for edit in proposal["edits"])


def opened(files: dict[str, bytes], patches: dict[str, tuple[FileEdit, ...]]) -> Composer:
    made = Composer(files)
    for name, edits in patches.items():
        assert made.add(ProposalId(name), edits) is None
    return made


def changed(lines: list[str], after: str) -> list[int]:
    return [k for k, (a, b) in enumerate(zip(lines, after.splitlines(), strict=True)) if a != b]


def learning(agent: Agent, seed: int) -> tuple[FileEdit, ...]:
    """What it proposes of its learning code, if its climb arrives somewhere."""
    proposals = agent.ask("propose", limitations=[], count=9, programs=100_000, seed=seed)["proposals"]
    return next((patch(proposal) for proposal in proposals if proposal["tag"].startswith("edits:")), ())


def rehearsed(agent: Agent, path: str, count: int) -> dict[str, tuple[FileEdit, ...]]:
    """Edits of one of its files such as it rehearses, drawn without asking whether they help."""
    rng = random.Random(5)
    source = agent.files()[path].decode()
    drawn = rng.sample(agent.parts.edits.sites(source, path), count)
    after = [agent.parts.edits.variants(source, site, rng) for site in drawn]
    before = sha256_hex(source.encode())
    return {f"{k:02}": (FileEdit(path=path, before=before, after=text),) for k, text in enumerate(after)}


@pytest.fixture
def trained(tmp_path: Path) -> Agent:
    """An agent that has taken its first corpus in."""
    agent = Agent(tmp_path)
    agent.apply(agent.cycle(0)[0])
    return agent


def test_its_three_crafts_on_one_tree_merge_and_the_tree_builds(trained: Agent) -> None:
    files = trained.files()
    made = {proposal["tag"]: patch(proposal) for proposal in trained.cycle(1)}
    made["learning"] = next(edits for edits in map(partial(learning, trained), range(1, 12)) if edits)
    together = opened(files, made)
    assert set(together.open) == {"parameters", "library", "learning"}
    assert not together.conflicts(), "the corpus is the same in parameters and library"
    tree = together.compose(together.open)
    assert isinstance(tree, Composition)
    assert {path for path in files if tree.files[path] != files[path]} >= {"corpus.json", "library.py"}
    for path, content in tree.files.items():
        (trained.folder / path).write_bytes(content)
    assert trained.build()


def test_corpora_of_different_calls_exclude_each_other(trained: Agent) -> None:
    corpora = {f"cycle {k}": patch(proposal) for k in (1, 2) for proposal in trained.cycle(k) if proposal["tag"] == "parameters"}
    conflict = opened(trained.files(), corpora).conflicts()["cycle 1", "cycle 2"]  # type: ignore[index]  # names in a test
    assert conflict.path == "corpus.json"


@pytest.mark.parametrize("path", ["learning.py", "search.py"])
def test_edits_of_its_code_merge_unless_they_meet_on_a_line_or_the_next(tmp_path: Path, path: str) -> None:
    agent = Agent(tmp_path)
    files = agent.files()
    made = rehearsed(agent, path, 16)
    together = opened(files, made)
    lines = files[path].decode().splitlines()
    where = {ProposalId(name): changed(lines, edits[0].after or "") for name, edits in made.items()}
    on: list[ProposalId] = []
    for name in together.open:
        if not isinstance(together.compose([*on, name]), Conflict):
            on.append(name)
    assert len(on) >= 8
    tree = together.compose(on)
    assert isinstance(tree, Composition)
    ast.parse(tree.files[path])
    assert changed(lines, tree.files[path].decode()) == sorted({k for name in on for k in where[name]})
    for one, other in combinations(where, 2):
        near = any(abs(a - b) <= 1 for a in where[one] for b in where[other])
        assert near or (one, other) not in together.conflicts()


def test_after_one_is_accepted_the_others_are_patches_for_the_new_tree(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    old = agent.files()
    made = rehearsed(agent, "features.py", 8)
    together = opened(old, made)
    first = together.open[0]
    stale = together.accept(first).stale
    for name in together.open:
        assert rebase_patch(made[name], old, together.base) == together.edits(name)
        assert apply(together.base, together.edits(name)) == together.compose([name]).files  # type: ignore[union-attr]  # one alone
    assert len(stale) + len(together.open) == 7 and together.open
