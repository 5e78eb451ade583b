"""Whole toy runs whose course is the tree: who improves whom, what is kept at the end, and that all of it follows from the log."""

import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rsi.cli.view.picture import Picture
from rsi.cli.view.plain import PlainView
from rsi.config import RunConfig
from rsi.core.protocols import Call, Entry, Files
from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.workspace import apply, difference, tree_key
from rsi.loop.ablate import steps_of
from rsi.loop.run import run
from rsi.loop.verify import verify
from rsi.reports import write_report
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts, toy_power
from tests.unit.test_loop_course import kinds_of, rewriting
from tests.unit.test_quarantine import NAME, Told


class Played:
    """A run of the toy agent in a folder."""

    def __init__(self, folder: Path, config: RunConfig, files: Files, *, workers: int = 2) -> None:
        self.folder, self.config, self.files, self.workers = folder, config, files, workers
        self.entries: list[Entry] = []
        self.play()

    def play(self, stop_behind: int | None = None) -> bool:
        stop = threading.Event()
        self.entries = []

        def observe(entry: Entry) -> None:
            self.entries.append(entry)
            if stop_behind is not None and entry.seq >= stop_behind:
                stop.set()

        parts = toy_parts(self.config)
        return run(self.folder, self.config, self.files, workers=self.workers, observer=observe, stop=stop, parts=parts).finished

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        return [entry.body for entry in self.entries if entry.kind == kind and isinstance(entry.body, dict)]

    def files_of(self, candidate: str) -> Files:
        return GitArchive(self.folder / "objects.git", create=False).files(CandidateId(candidate))

    @property
    def digest(self) -> str:
        return FileEventLog.read(self.folder / "log.jsonl").digest()


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A run whose proposals all rewrite one file; what follows from that, it finds out itself."""
    return Played(tmp_path_factory.mktemp("grown") / "run", toy_config(seed=3, course="auto", programs=60_000), rewriting())


def test_rewrites_end_in_a_tree_with_kept_changes_and_a_certified_gain(grown: Played) -> None:
    assert grown.bodies("course.chosen")[0]["course"] == "tree"
    powers = [toy_power(grown.files_of(body["candidate"])) for body in grown.bodies("incumbent.changed")]
    assert powers and powers == sorted(powers) and powers[-1] > 0.5
    (issued,) = grown.bodies("certificate.issued")
    assert issued["certificate"]["low"] > 0
    assert issued["certificate"]["release"] == grown.bodies("incumbent.changed")[-1]["candidate"]


def test_every_version_of_the_tree_was_proposed_by_its_parent_and_is_made_of_it(grown: Played) -> None:
    made = {body["proposal"]["id"]: body["proposal"] for body in grown.bodies("proposal.made")}
    added = {body["proposal"]: body["candidate"] for body in grown.bodies("candidate.added")[::-1]}
    switched = {body["proposal"] for body in grown.bodies("verdict.given") if body["verdict"].get("reason", "").startswith("replanted")}
    joined = [body for body in grown.bodies("version.joined") if body["proposal"] not in switched]
    assert joined
    for body in joined:
        assert made[body["proposal"]]["improver"] == body["parent"]
        assert added[body["proposal"]]["parent"] == body["parent"]


def test_versions_improve_themselves_before_any_is_accepted() -> None:
    improvers = set()
    for seed in range(1, 4):
        events: list[tuple[str, Any]] = kinds_of(toy_config(seed=seed, course="tree"), toy_agent())
        improvers |= {body["cycle"]["improver"] for kind, body in events if kind == "cycle.opened"}
        assert [body["share"] for kind, body in events if kind == "course.chosen"] == [None]
    assert len(improvers) > 2


def test_every_proposal_that_joined_gets_one_last_verdict_and_every_kept_step_was_switched_on_and_off(grown: Played) -> None:
    verdicts = grown.bodies("verdict.given")
    final = [body["proposal"] for body in verdicts if not body["verdict"].get("reason", "").startswith("replanted")]
    assert sorted(final) == sorted(set(final)) and {body["proposal"] for body in grown.bodies("version.joined")} <= set(final)
    (ablated,) = grown.bodies("lineage.ablated")
    kept = {name for step in ablated["steps"] if step["kept"] for name in step["proposals"]}
    assert kept == {body["proposal"] for body in verdicts if body["verdict"]["is"] == "Accepted" and body["belief"]} - before(grown)
    least = 1 / toy_config().judge.alpha  # of e-BH for the best of all steps, whatever their number
    assert all(step["pairs"] > 0 and step["e_value"] >= least for step in ablated["steps"] if step["kept"])


def before(played: Played) -> set[str]:
    """Proposals that the race had accepted before the run went over to the tree."""
    place = next(entry.seq for entry in played.entries if entry.kind == "course.chosen")
    found = [entry.body for entry in played.entries[:place] if entry.kind == "incumbent.changed" and isinstance(entry.body, dict)]
    return {str(body["proposal"]) for body in found}


def test_no_case_is_used_for_two_rounds_of_the_tree(grown: Played) -> None:
    blocks: dict[int, list[str]] = {}
    for body in grown.bodies("trials.done"):
        if body["pool"] == "judge":
            blocks.setdefault(body["first"], []).append(body["candidate"])
    assert all(len(names) == len(set(names)) for names in blocks.values()), "nobody is run twice on the same cases"
    cases = [row["case"] for first in blocks for row in first_block(grown, first)]
    assert len(cases) == len(set(cases))


def first_block(played: Played, first: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = next(b["trials"] for b in played.bodies("trials.done") if (b["pool"], b["first"]) == ("judge", first))
    return rows


def test_verify_derives_a_tree_again_and_runs_its_blocks_again(grown: Played) -> None:
    found = verify(grown.folder, 400, parts=toy_parts(grown.config))
    assert found.ok, found.problems
    assert found.rejudged > 800


def test_a_tree_that_is_stopped_anywhere_comes_to_the_same_end(grown: Played, tmp_path: Path) -> None:
    broken = Played.__new__(Played)
    broken.folder, broken.config, broken.files, broken.workers = tmp_path / "run", grown.config, grown.files, 3
    stops = 0
    while not broken.play(stop_behind=40 * (stops + 1)):
        stops += 1
    assert stops > 5 and broken.digest == grown.digest


def test_the_budget_of_a_tree_is_never_exceeded_and_leaves_the_ablation_its_share(tmp_path: Path) -> None:
    for programs in (4_000, 9_000, 16_000):
        played = Played(tmp_path / str(programs), toy_config(seed=2, course="tree", programs=programs), toy_agent())
        spent = sum(body["programs"] for kind in ("job.done", "trials.done") for body in played.bodies(kind))
        assert spent == played.bodies("run.ended")[0]["programs"] <= programs
        assert verify(played.folder, parts=toy_parts(played.config)).ok
        steps = [step for body in played.bodies("lineage.ablated") for step in body["steps"]]
        assert programs < 9_000 or all(step["pairs"] > 0 for step in steps)


def test_the_frozen_control_of_a_tree_stays_version_0(tmp_path: Path) -> None:
    played = Played(tmp_path, toy_config(seed=3, frozen=True, course="tree"), toy_agent())
    start = played.bodies("run.started")[0]["start"]["id"]
    assert {body["improver"] for body in played.bodies("job.done") if body["call"] != "build"} == {start}
    made = [body["proposal"] for body in played.bodies("proposal.made")]
    assert {one["improver"] for one in made} == {start} != {one["parent"] for one in made}


def test_an_agent_without_ideas_ends_the_tree(tmp_path: Path) -> None:
    files = toy_agent()
    main = files["main.py"].replace(b'for number in range(payload["count"])]', b"for number in range(0)]")
    played = Played(tmp_path, toy_config(seed=1, course="tree"), {**files, "main.py": main})
    assert played.bodies("run.ended")[0]["reason"] == "nothing to try" and not played.bodies("lineage.ablated")


def test_the_report_the_summary_and_the_views_tell_the_course_and_what_is_certified(grown: Played) -> None:
    summary: Any = write_report(grown.folder)
    (choice,) = grown.bodies("course.chosen")
    assert summary["course"] == choice
    kept = [one for one in summary["accepted"] if "certified" in one]
    assert kept and all(one["proposal"] in one["step"] for one in kept)
    report = (grown.folder / "report.md").read_text()
    assert "A tree of versions, since" in report and "certified at the false-discovery rate of the run" in report


def test_the_view_tells_the_choice_the_children_and_the_ablation(grown: Played) -> None:
    lines: list[str] = []
    view = PlainView(lines.append)
    for entry in grown.entries:
        view.observe(entry)
    told = "\n".join(lines)
    assert "course: a tree of versions, since" in told and "joins the tree: parameters:" in told
    assert "the best lineage was ablated:" in told and "certified" in told
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(Picture(state=view.state))
    assert "a tree of versions, since" in console.export_text()


ROOT: Files = {"a": b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "b": b"x\n"}


def grow(*changes: Mapping[str, bytes | None]) -> list[Files]:
    versions: list[Files] = []
    for change in changes:
        merged = {**(versions[-1] if versions else ROOT), **change}
        versions.append({path: content for path, content in merged.items() if content is not None})
    return versions


def test_changes_that_merge_are_steps_of_their_own() -> None:
    versions = grow({"a": ROOT["a"].replace(b"2", b"two")}, {"b": b"y\n"}, {"a": ROOT["a"].replace(b"2", b"two").replace(b"8", b"eight")})
    steps = steps_of(ROOT, versions)
    assert [step.edges for step in steps] == [(0,), (1,), (2,)]
    assert apply(ROOT, steps[2].edits) == {**ROOT, "a": ROOT["a"].replace(b"8", b"eight")}


def test_a_change_that_needs_an_earlier_one_is_one_step_with_it_and_with_it_only() -> None:
    versions = grow({"a": b"A\n"}, {"b": b"y\n"}, {"a": b"B\n"}, {"c": b"new\n"})
    steps = steps_of(ROOT, versions)
    assert [step.edges for step in steps] == [(1,), (0, 2), (3,)]
    assert apply(ROOT, steps[1].edits) == {**ROOT, "a": b"B\n"}


def test_what_an_earlier_change_added_and_a_later_one_takes_away_is_one_step() -> None:
    versions = grow({"c": b"new\n"}, {"b": b"y\n"}, {"c": None, "d": b"d\n"})
    assert [step.edges for step in steps_of(ROOT, versions)] == [(1,), (0, 2)]


def test_where_steps_do_not_make_the_last_version_together_the_lineage_is_one_step() -> None:
    added = {"a": ROOT["a"].replace(b"2", b"two").replace(b"8", b"eight")}
    versions = grow(added, {"a": ROOT["a"].replace(b"5", b"five")})
    assert [step.edges for step in steps_of(ROOT, versions)] == [(0, 1)]


def test_all_steps_together_make_the_last_version() -> None:
    versions = grow({"a": b"A\n"}, {"a": b"B\n", "b": b"y\n"}, {"b": b"z\n"}, {"c": b"c\n"})
    steps = steps_of(ROOT, versions)
    files: Files = ROOT
    for step in steps:
        after = apply(ROOT, step.edits)
        assert isinstance(after, dict)
        files = {**files, **{path: content for path, content in after.items() if ROOT.get(path) != content}}
    assert tree_key(files) == tree_key(versions[-1])
    assert steps_of(ROOT, []) == ()


def test_the_difference_of_two_trees_leads_from_one_to_the_other() -> None:
    after: Files = {"a": b"other\n", "c": b"new\n"}
    assert apply(ROOT, difference(ROOT, after)) == after
    assert difference(ROOT, ROOT) == ()


def test_a_version_that_offends_is_out_with_all_that_descends_from_it(tmp_path: Path) -> None:
    files = rewriting()
    config = toy_config(seed=3, course="tree", programs=60_000)

    def offends(call: Call) -> bool:
        return call.function == "diagnose" and toy_power(call.files) > 0.6

    entries: list[Entry] = []
    parts = toy_parts(config, lambda: Told(offends))
    assert run(tmp_path, config, files, workers=2, observer=entries.append, stop=threading.Event(), parts=parts).finished
    bodies: list[tuple[str, Any]] = [(entry.kind, entry.body) for entry in entries]
    guilty = {body["improver"] for kind, body in bodies if kind == "job.done" and body["outcome"] == "violation"}
    assert guilty
    fates = {body["proposal"]: body["verdict"] for kind, body in bodies if kind == "verdict.given"}
    out = {body["candidate"]: body["proposal"] for kind, body in bodies if kind == "version.joined"}
    assert all(fates[out[name]]["reason"] == f"quarantined: {NAME}" for name in guilty)
    for kind, body in bodies:
        if kind == "version.joined" and body["parent"] in guilty:
            assert fates[body["proposal"]]["reason"].startswith("quarantined: descends from")
    assert not guilty & {body["candidate"] for kind, body in bodies if kind == "incumbent.changed"}
    assert verify(tmp_path, parts=parts).ok
    assert ToyJail().tier == parts.tier()


def test_a_root_that_offends_is_undone_and_the_tree_is_planted_anew_at_the_version_before_it(grown: Played, tmp_path: Path) -> None:
    root = grown.bodies("version.joined")[0]["parent"]
    start = grown.bodies("run.started")[0]["start"]["id"]
    assert root != start, "the race had kept something before"
    chosen = next(entry.seq for entry in grown.entries if entry.kind == "course.chosen")
    blocks = [entry.body for entry in grown.entries[:chosen] if entry.kind == "trials.done" and isinstance(entry.body, dict)]
    before_tree = len([body for body in blocks if body["candidate"] == root])
    seen: list[Call] = []

    def offends(call: Call) -> bool:
        if call.function != "solve" or call.files["skill.json"] != grown.files_of(root)["skill.json"]:
            return False
        seen.append(call)
        since: int = len(seen) - before_tree
        return since > 6

    entries: list[Entry] = []
    longer = grown.config.model_copy(update={"run": grown.config.run.model_copy(update={"cycles": 8})})
    parts = toy_parts(longer, lambda: Told(offends))
    assert run(tmp_path, longer, grown.files, workers=1, observer=entries.append, stop=threading.Event(), parts=parts).finished
    kinds = [entry.kind for entry in entries]
    place = kinds.index("lineage.quarantined")
    assert "course.chosen" in kinds[:place] and kinds.count("course.chosen") == 1
    later: list[Any] = [entry.body for entry in entries[place:] if entry.kind == "version.joined"]
    assert later and later[0]["parent"] == entries[place].body["incumbent"]  # type: ignore[index, call-overload]
    assert verify(tmp_path, parts=parts).problems == ()
