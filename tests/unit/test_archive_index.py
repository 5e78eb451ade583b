"""The index answers from the log alone, and can be dropped and rebuilt."""

import sqlite3
from pathlib import Path

import pytest

from rsi.core.codec import encode
from rsi.core.errors import InfrastructureError, IntegrityError, UserError
from rsi.core.protocols import Entry
from rsi.core.records import (
    Accepted,
    Candidate,
    CandidateId,
    Certificate,
    Cycle,
    Effect,
    FileEdit,
    Json,
    Limitation,
    Pool,
    Prediction,
    Proposal,
    ProposalId,
    Rejected,
    Surface,
    TreeId,
    Undecided,
    Verdict,
)
from rsi.kernel.archive.index import Index
from rsi.testing.memory_log import MemoryLog

START, FIRST, SECOND, THIRD = (CandidateId(part * (64 // len(part))) for part in ("0", "1a", "1b", "c"))
EFFECT = Effect(mean=0.1, low=0.01, high=0.2, pairs=40, wins=9, losses=2)
WEAK = Limitation(id="L1", kind="not found", text="hard tasks are not found", evidence=[1, 2])
CERTIFICATE = Certificate(start=START, release=SECOND, pairs=100, start_score=0.4, release_score=0.6, gain=0.2, low=0.1, high=0.3)


def candidate(name: CandidateId, parent: CandidateId | None, proposal: str | None) -> Candidate:
    return Candidate(id=name, tree=TreeId("t" + name[1:]), parent=parent, proposal=None if proposal is None else ProposalId(proposal))


def proposal(name: str, parent: CandidateId, surface: Surface) -> Proposal:
    return Proposal(
        id=ProposalId(name),
        improver=START,
        parent=parent,
        surface=surface,
        limitation="L1",
        reason=f"reason of {name}",
        edits=(FileEdit(path="a.py", before=None, after="ab" * 32),),
        prediction=Prediction(p_better=0.5, low=-0.1, high=0.2),
    )


def tried(log: MemoryLog, made: Proposal, new: Candidate, verdict: Verdict, cycle: int) -> None:
    """A proposal, its candidate, a block of trials and the verdict."""
    log.append("proposal.made", {"proposal": encode(made), "patch": "blob of " + made.id, "cycle": cycle})
    log.append("candidate.added", {"candidate": encode(new), "proposal": made.id})
    log.append("test.opened", {"candidate": new.id, "incumbent": START, "proposal": made.id, "threshold": 20.0})
    trials: list[Json] = [
        {"case": "c1", "family": "easy", "outcome": "answered", "score": 1, "label": "solved", "programs": 100},
        {"case": "c2", "family": "hard", "outcome": "answered", "score": 0.5, "label": "fitted", "programs": 200},
        {"case": "c3", "family": "hard", "outcome": "crashed", "score": None, "label": "crashed", "programs": 0},
    ]
    log.append("trials.done", {"candidate": new.id, "pool": "judge", "purpose": "judge", "trials": trials})
    body = {"verdict": encode(verdict), "proposal": made.id, "cycle": cycle, "surface": made.surface.value}
    log.append("verdict.given", body)


@pytest.fixture
def log() -> MemoryLog:
    """A run of two cycles: one refused proposal, three candidates, two of them accepted, a certificate."""
    log = MemoryLog()
    start = candidate(START, None, None)
    log.append("run.started", {"run": "r1", "seed": 7, "config": {}, "agent": "seed", "start": encode(start), "tier": "S2"})
    for index, names in enumerate((("p0", "p1"), ("p2", "p3"))):
        opened = Cycle(index=index, improver=START, limitations=(WEAK,), proposals=tuple(ProposalId(name) for name in names))
        log.append("cycle.opened", {"cycle": encode(opened)})
    log.append("proposal.made", {"proposal": encode(proposal("p0", START, Surface.PROMPT)), "patch": "blob of p0", "cycle": 0})
    log.append("proposal.refused", {"proposal": "p0", "reason": "touches a protected path"})
    accepted = Accepted(candidate=FIRST, effect=EFFECT, e_value=25.0, threshold=20.0)
    tried(log, proposal("p1", START, Surface.CODE), candidate(FIRST, START, "p1"), accepted, 0)
    log.append("incumbent.changed", {"candidate": FIRST, "before": START, "proposal": "p1", "cycle": 0})
    accepted = Accepted(candidate=SECOND, effect=EFFECT, e_value=30.0, threshold=20.0)
    tried(log, proposal("p2", FIRST, Surface.TRAINING), candidate(SECOND, FIRST, "p2"), accepted, 1)
    log.append("incumbent.changed", {"candidate": SECOND, "before": FIRST, "proposal": "p2", "cycle": 1})
    rejected = Rejected(candidate=THIRD, effect=EFFECT, e_value=0.2, threshold=20.0, reason="no prospect")
    tried(log, proposal("p3", FIRST, Surface.SEARCH), candidate(THIRD, FIRST, "p3"), rejected, 1)
    log.append("run.resumed", {})
    log.append("certificate.issued", {"certificate": encode(CERTIFICATE), "families": {"hard": {"pairs": 50}}})
    log.append("run.ended", {"reason": "finished", "programs": 900, "pools": {}})
    return log


@pytest.fixture
def index(log: MemoryLog) -> Index:
    return Index.rebuild(None, log.entries())


def test_an_index_that_was_dropped_and_rebuilt_is_identical(tmp_path: Path, log: MemoryLog) -> None:
    path = tmp_path / "index.sqlite"
    grown = Index(path)
    for entry in log.entries():
        grown.follow([entry])
    before = grown.dump()
    grown.close()
    rebuilt = Index.rebuild(path, log.entries())
    assert rebuilt.dump() == before
    assert before.count("INSERT INTO") > 20
    assert Index.rebuild(None, log.entries()).dump() == before


def test_an_index_stays_when_it_is_opened_again_and_passes_over_what_it_has(tmp_path: Path, log: MemoryLog) -> None:
    entries = list(log.entries())
    first = Index(tmp_path / "index.sqlite")
    first.follow(entries[:9])
    first.close()
    second = Index(tmp_path / "index.sqlite")
    assert second.position == 8
    second.follow(entries)
    assert second.dump() == Index.rebuild(None, entries).dump()


def test_a_missing_entry_is_refused_and_changes_nothing(log: MemoryLog) -> None:
    entries = list(log.entries())
    index = Index.rebuild(None, entries[:5])
    before = index.dump()
    with pytest.raises(IntegrityError, match="ends with entry 5; entry 7 does not follow"):
        index.follow([entries[5], entries[7]])
    assert index.dump() == before
    assert index.position == 4


def test_an_index_of_another_log_is_noticed(log: MemoryLog) -> None:
    other = MemoryLog(kernel="other")
    for entry in log.entries():
        other.append(entry.kind, entry.body)
    index = Index.rebuild(None, log.entries())
    with pytest.raises(IntegrityError, match="another log"):
        index.follow(other.entries())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("candidate.added", None),
        ("candidate.added", {"candidate": {"id": 1}, "proposal": "p"}),
        ("candidate.added", {"proposal": "p"}),
        ("trials.done", {"candidate": FIRST, "pool": "judge", "purpose": "judge", "trials": [{"case": "c"}]}),
        ("trials.done", {"candidate": FIRST, "pool": "secret", "purpose": "judge", "trials": []}),
        ("trials.done", {"candidate": FIRST, "pool": "judge", "purpose": "judge", "trials": 3}),
        ("proposal.refused", {"proposal": "absent", "reason": "x"}),
        ("proposal.made", {"proposal": encode(proposal("p1", START, Surface.CODE)), "patch": "b", "cycle": "0"}),
        ("verdict.given", {"verdict": {"is": "Forged"}, "proposal": "p1", "cycle": 0, "surface": "code"}),
    ],
    ids=range(9),
)
def test_a_body_of_the_wrong_shape_is_an_error_that_names_the_entry(log: MemoryLog, kind: str, body: Json) -> None:
    index = Index.rebuild(None, log.entries())
    before = index.dump()
    wrong = log.append(kind, body)
    with pytest.raises(IntegrityError, match=rf"entry {wrong.seq} \({kind}\) cannot be indexed"):
        index.follow([wrong])
    assert index.dump() == before


def test_events_without_rows_are_passed_over(index: Index, log: MemoryLog) -> None:
    entry = log.append("something.new", ["any", "body"])
    index.follow([entry])
    assert index.position == entry.seq


def test_candidates_come_in_order_with_their_states(index: Index) -> None:
    found = [(view.candidate.id, view.state) for view in index.candidates()]
    assert found == [(START, "start"), (FIRST, "accepted"), (SECOND, "accepted"), (THIRD, "rejected")]


def test_a_candidate_without_a_verdict_is_open_and_the_last_verdict_counts(log: MemoryLog, index: Index) -> None:
    new = candidate(CandidateId("d" * 64), SECOND, None)
    index.follow([log.append("candidate.added", {"candidate": encode(new), "proposal": "p3"})])
    assert index.candidates()[-1].state == "open"
    verdict = Undecided(candidate=THIRD, effect=EFFECT, e_value=2.0, threshold=20.0, reason="budget ended")
    body = {"verdict": encode(verdict), "proposal": "p3", "cycle": 1, "surface": "search"}
    index.follow([log.append("verdict.given", body)])
    assert [view.state for view in index.candidates() if view.candidate.id == THIRD] == ["undecided"]


def test_a_candidate_is_found_by_the_beginning_of_its_name(index: Index) -> None:
    assert index.find("c") == THIRD
    assert index.find("1a1") == FIRST
    assert index.find(SECOND) == SECOND


@pytest.mark.parametrize("prefix", ["", "f", "1c", "%", "c" * 65, "' OR 1 --"])
def test_a_beginning_that_no_candidate_has_is_a_line_for_the_user(index: Index, prefix: str) -> None:
    with pytest.raises(UserError, match="no candidate .* `rsi show` lists them"):
        index.find(prefix)


def test_a_beginning_that_two_candidates_share_is_a_line_for_the_user(index: Index) -> None:
    with pytest.raises(UserError, match=r"'1' is the beginning of 2 candidates \(1a1a1a1a1a1a, 1b1b1b1b1b1b"):
        index.find("1")


def test_a_lineage_leads_from_the_start_to_the_candidate_with_reasons_and_verdicts(index: Index) -> None:
    steps = index.lineage(SECOND)
    assert [step.candidate.id for step in steps] == [START, FIRST, SECOND]
    assert steps[0].proposal is None
    assert steps[0].verdict is None
    assert [step.proposal.proposal.reason for step in steps if step.proposal] == ["reason of p1", "reason of p2"]
    assert [step.verdict.verdict.e_value for step in steps if step.verdict] == [25.0, 30.0]
    with pytest.raises(UserError, match="no candidate"):
        index.lineage(CandidateId("f" * 64))


def test_a_proposal_comes_back_as_logged(index: Index) -> None:
    view = index.proposal(ProposalId("p1"))
    assert view.proposal == proposal("p1", START, Surface.CODE)
    assert (view.cycle, view.patch, view.refused) == (0, "blob of p1", None)
    assert index.proposal(ProposalId("p0")).refused == "touches a protected path"
    assert [view.proposal.id for view in index.proposals()] == ["p0", "p1", "p2", "p3"]
    with pytest.raises(UserError, match="no proposal 'absent'"):
        index.proposal(ProposalId("absent"))


def test_verdicts_come_in_order_with_what_they_are_about(index: Index) -> None:
    views = index.verdicts()
    assert [(type(view.verdict).__name__, view.proposal, view.cycle, view.surface) for view in views] == [
        ("Accepted", "p1", 0, Surface.CODE),
        ("Accepted", "p2", 1, Surface.TRAINING),
        ("Rejected", "p3", 1, Surface.SEARCH),
    ]
    assert views[0].verdict.effect == EFFECT


def test_cycles_know_what_was_accepted_in_them(index: Index) -> None:
    assert [(cycle.index, cycle.proposals, cycle.accepted) for cycle in index.cycles()] == [
        (0, ("p0", "p1"), (FIRST,)),
        (1, ("p2", "p3"), (SECOND,)),
    ]
    assert index.cycles()[0].limitations == (WEAK,)


def test_trials_are_summed_up_with_no_answer_as_zero(index: Index) -> None:
    (summary,) = index.trials(FIRST)
    assert (summary.pool, summary.purpose) == (Pool.JUDGE, "judge")
    assert (summary.trials, summary.answered, summary.score, summary.programs) == (3, 2, 0.5, 300)
    assert index.trials(START) == ()


def test_the_run_knows_how_it_began_where_it_stands_and_how_it_ended(log: MemoryLog) -> None:
    entries: list[Entry] = list(log.entries())
    assert Index.rebuild(None, ()).run() is None
    begun = Index.rebuild(None, entries[:1])
    begun_run, ended_run = begun.run(), Index.rebuild(None, entries).run()
    assert begun_run is not None
    assert ended_run is not None
    assert (begun_run.incumbent, begun_run.ended, begun_run.started["seed"]) == (START, None, 7)
    assert begun.certificate() is None
    assert ended_run.incumbent == SECOND
    assert ended_run.ended is not None
    assert ended_run.ended["reason"] == "finished"


def test_the_certificate_comes_back_as_issued(index: Index) -> None:
    view = index.certificate()
    assert view is not None
    assert view.certificate == CERTIFICATE
    assert view.families == {"hard": {"pairs": 50}}


def test_a_file_that_is_no_index_is_a_fault_that_says_what_to_do(tmp_path: Path, log: MemoryLog) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(InfrastructureError, match="delete it, it is rebuilt from the log"):
        Index(path)
    assert Index.rebuild(path, log.entries()).position == len(list(log.entries())) - 1


def test_an_index_of_another_version_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    Index(path).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 999")
    other.close()
    with pytest.raises(InfrastructureError, match="version 999"):
        Index(path)


def test_a_folder_that_cannot_be_used_is_a_fault_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"absent/index\.sqlite cannot be used"):
        Index(tmp_path / "absent" / "index.sqlite")


def test_people_can_ask_in_sql(tmp_path: Path, log: MemoryLog) -> None:
    Index.rebuild(tmp_path / "index.sqlite", log.entries()).close()
    with sqlite3.connect(tmp_path / "index.sqlite") as plain:
        rows = plain.execute("SELECT surface, verdict, mean FROM verdicts ORDER BY seq").fetchall()
    plain.close()
    assert rows == [("code", "accepted", 0.1), ("training", "accepted", 0.1), ("search", "rejected", 0.1)]
