"""Reading a target: what enters a jail, what stays out, and how a mistake is told."""

from pathlib import Path

import pytest

from rsi.core.codec import sha256_hex
from rsi.core.errors import UserError
from rsi.core.records import CandidateId, FileEdit, Prediction, Proposal, ProposalId, Surface
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.oversight import authorise
from rsi.targets import TEMPLATES, execution_of, load_target, make_target
from tests.unit.targets.support import FILES, SPEC, target, write

AGENT = 'name = "a"\nentry = "solution"\nprotected = ["lib/*"]\n[surfaces]\nprompt = ["**"]\n'
WITHOUT_SURFACES = SPEC.replace('[surfaces]\ncode = ["solution.py", "lib/**"]\n[protect]\nfiles = ["lib/fixed.py"]\n', "")


def change(path: str, before: bytes | None) -> Proposal:
    edit = FileEdit(path=path, before=None if before is None else sha256_hex(before), after="x = 1\n")
    return Proposal(
        id=ProposalId("p"),
        improver=CandidateId("a"),
        parent=CandidateId("a"),
        surface=Surface.CODE,
        limitation="l",
        reason="r",
        edits=(edit,),
        prediction=Prediction(p_better=0.5, low=0.0, high=0.1),
    )


def test_only_what_a_pattern_names_enters_the_tree_and_a_manifest_comes_with_it(tmp_path: Path) -> None:
    found = target(tmp_path)
    assert list(found.files) == ["lib/fixed.py", "rsi-agent.toml", "solution.py"]
    assert load_manifest(found.files) == found.manifest
    assert (found.manifest.name, found.manifest.entry, found.manifest.protected) == ("adding", "solution", ("lib/fixed.py",))


def test_what_scores_and_holds_cases_stays_out_even_where_a_pattern_names_it(tmp_path: Path) -> None:
    everything = SPEC.replace('"solution.py", "lib/**"', '"**"').replace('generator = "score.py:cases"', 'file = "cases.jsonl"')
    found = target(tmp_path, everything, {"cases.jsonl": "{}\n", ".hidden": "x", "__pycache__/a.pyc": "x"})
    assert set(found.files) == {"rsi-agent.toml", "solution.py", "lib/fixed.py", "notes.txt"}
    assert set(found.hashes) == {"score.py", "cases.jsonl", "lib/fixed.py"}
    assert found.hashes["score.py"] == sha256_hex(FILES["score.py"].encode())


def test_oversight_refuses_a_change_of_a_protected_file_though_a_surface_names_it(tmp_path: Path) -> None:
    found = target(tmp_path)

    def refused(path: str) -> str | None:
        return authorise(change(path, found.files.get(path)), found.files, found.manifest)

    assert refused("solution.py") is None and refused("lib/new.py") is None
    assert refused("lib/fixed.py") == "lib/fixed.py is protected" == refused("LIB/Fixed.py".lower())
    assert "protected" in str(refused("lib/FIXED.py")) and "protected" in str(refused("rsi-agent.toml"))
    assert "not part of the surface" in str(refused("score.py"))


def test_a_command_is_started_by_a_module_that_no_edit_can_reach(tmp_path: Path) -> None:
    spec = SPEC.replace('function = "solution:solve"', 'command = ["node", "lib/solve.js"]')
    found = target(tmp_path, spec, {"lib/solve.js": "x"})
    execution = execution_of(found)
    assert (found.manifest.entry, found.spec.profile, found.spec.tier) == ("rsi_command", "agent", "S3")
    assert authorise(change("rsi_command.py", found.files["rsi_command.py"]), found.files, found.manifest) == "rsi_command.py is protected"
    assert set(execution.files) == {"rsi_command.py", "rsi_command.json"} and execution.limits.processes > 0 and not execution.is_shared


def test_a_command_whose_script_stays_outside_and_runs_of_the_target_are_seen(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"case.command names notes.txt, which is not among the files"):
        target(tmp_path, SPEC.replace('function = "solution:solve"', 'command = ["node", "notes.txt"]'))
    found = target(
        tmp_path, SPEC.replace('"lib/**"', '"**"'), {"runs/one/log.jsonl": "{}", "runs/one/report.md": "x", "runs/kept.txt": "x"}
    )
    assert "runs/kept.txt" in found.files and "runs/one/report.md" not in found.files


def test_the_folder_of_an_agent_says_in_its_own_manifest_what_may_be_edited(tmp_path: Path) -> None:
    found = target(tmp_path, WITHOUT_SURFACES, {"rsi-agent.toml": AGENT})
    assert found.files["rsi-agent.toml"] == AGENT.encode() and "notes.txt" in found.files and "score.py" not in found.files
    assert dict(found.manifest.surfaces) == {Surface.PROMPT: ("**",)} and set(found.hashes) == {"lib/fixed.py", "score.py"}
    write(tmp_path, SPEC)
    with pytest.raises(UserError, match="rsi.toml: surfaces: .* say it there"):
        load_target(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("brief", "brieff", "unknown key 'brieff'; did you mean 'brief'?"),
        ("timeout_s", "time_out", "unknown key 'time_out' in [case]; did you mean 'timeout_s'?"),
        ("[surfaces]\ncode", "[surfaces]\ncod", "unknown key 'cod' in [surfaces]; did you mean 'code'?"),
        ("timeout_s = 5", "timeout_s = 0", "case.timeout_s = 0: should be greater than 0"),
        ("timeout_s = 5", 'timeout_s = "5"', "case.timeout_s = '5': should be a valid number"),
        ('"adding"', '"Adding 2"', "name = 'Adding 2'"),
        ('"program"', '"programme"', "kind = 'programme': should be 'program', 'agent', 'prompt' or 'training'"),
        ('function = "solution:solve"', "", "case: give either function"),
        ('function = "solution:solve"', 'function = "solve"', "should be 'module:function'"),
        ('function = "score.py:score"', 'function = "score:score"', "should be 'file.py:function'"),
        ('function = "score.py:score"', 'function = "scores.py:score"', "score.function names scores.py, and"),
        ('function = "score.py:score"', 'function = "score.py:score"\nlow = 2.0', "score: low = 2.0 should be less than high = 1.0"),
        ('generator = "score.py:cases"', "", "cases: give either file"),
        ('"solution.py", "lib/**"', '"solution.py", "../x"', "is no pattern of paths below"),
        ('"solution.py", "lib/**"', '"solutions.py"', "surfaces: no file here is named by solutions.py"),
        ('code = ["solution.py", "lib/**"]', "", "surfaces: nothing may be edited"),
        ('"solution.py", "lib/**"', '"*.txt"', "case.function calls solution, and no solution.py is among"),
        ("[case]", "[case", "not TOML"),
        ("[score]", "[scores]", "unknown key 'scores'; did you mean 'score'?"),
        ("[score]\n", "[case.score]\n", "unknown key 'score' in [case]"),
        ('kind = "program"', "", "kind is missing"),
        ("[surfaces]\ncode =", "surfaces = ", "surfaces = ["),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SPEC
    with pytest.raises(UserError) as caught:
        target(tmp_path, SPEC.replace(old, new, 1))
    text = str(caught.value)
    assert said in text and str(tmp_path / "rsi.toml") in text and "\n" not in text


def test_a_folder_that_is_no_target_says_how_to_make_one(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "absent", Path(__file__)):
        with pytest.raises(UserError, match="rsi init"):
            load_target(place)


def test_links_and_names_that_no_patch_could_use_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "lib" / "link.py").symlink_to(tmp_path / "score.py")
    with pytest.raises(UserError, match=r"lib/link.py is no plain file"):
        load_target(tmp_path)
    (tmp_path / "lib" / "link.py").unlink()
    (tmp_path / "lib" / "my file.py").write_text("")
    with pytest.raises(UserError, match="not made of plain names"):
        load_target(tmp_path)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_a_target_of_its_kind_and_is_never_written_over_something(tmp_path: Path, template: str) -> None:
    folder = tmp_path / "new"
    names = make_target(folder, template)
    found = load_target(folder)
    assert found.kind == template and found.brief.strip() and {"README.md", "rsi.toml", "score.py"} <= set(names)
    assert "score.py" not in found.files and found.manifest.surfaces
    with pytest.raises(UserError, match="is not empty"):
        make_target(folder, template)
    with pytest.raises(UserError, match="did you mean 'program'"):
        make_target(tmp_path / "other", "proggram")
