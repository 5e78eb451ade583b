"""Whole toy runs: what they decide, how they end, and how they are taken up again."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rsi.config import RunConfig
from rsi.config.model import ProposeConfig
from rsi.core.codec import canonical
from rsi.core.errors import InfrastructureError, JailError, UserError
from rsi.core.protocols import Call, Entry, Files, Jail, Reply, Serve
from rsi.core.records import CandidateId, Json
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.sandbox import open_jail
from rsi.loop.run import RunResult, run
from rsi.loop.state import derive_seed, run_seed
from rsi.loop.verify import verify
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts, toy_power


class Seen(list[Entry]):
    """Entries of a run, asked by kind."""

    def bodies(self, kind: str) -> list[dict[str, object]]:
        return [dict(entry.body) for entry in self if entry.kind == kind and isinstance(entry.body, dict)]


def play(
    folder: Path, config: RunConfig, files: Files | None = None, *, jail: Callable[[], Jail] = ToyJail, workers: int = 2
) -> tuple[RunResult, Seen]:
    seen = Seen()
    parts = toy_parts(config, jail)
    result = run(folder, config, files or toy_agent(), workers=workers, observer=seen.append, stop=threading.Event(), parts=parts)
    return result, seen


Finished = Callable[[int], tuple[Path, Seen]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The folder and the entries of the toy run of a seed, played once for all tests that only look at it."""

    @cache
    def played(seed: int) -> tuple[Path, Seen]:
        folder = tmp_path_factory.mktemp(f"seed{seed}")
        return folder, play(folder, toy_config(seed=seed))[1]

    return played


def with_main(old: str, new: str) -> Files:
    files = toy_agent()
    main = files["main.py"].decode()
    assert old in main
    return {**files, "main.py": main.replace(old, new).encode()}


def test_a_run_keeps_what_is_better_and_its_release_is_certified_on_sealed_cases(finished: Finished) -> None:
    folder, seen = finished(3)
    archive = GitArchive(folder / "objects.git", create=False)
    powers = [0.3] + [toy_power(archive.files(CandidateId(str(body["candidate"])))) for body in seen.bodies("incumbent.changed")]
    assert len(powers) > 1 and powers == sorted(powers)
    (certificate,) = seen.bodies("certificate.issued")
    assert certificate["certificate"]["gain"] > 0  # type: ignore[index]
    assert seen[-1].kind == "run.ended" and [entry.seq for entry in seen] == list(range(len(seen)))


def test_no_case_is_used_for_the_new_incumbent_that_was_used_before_it_was_accepted(finished: Finished) -> None:
    _, seen = finished(3)
    used: set[int] = set()
    fresh_from, incumbent = 0, ""
    for entry in seen:
        body = entry.body if isinstance(entry.body, dict) else {}
        if entry.kind == "incumbent.changed":
            incumbent, fresh_from = str(body["candidate"]), max(used)
        if entry.kind == "trials.done" and body["pool"] == "judge":
            first = body["first"]
            assert isinstance(first, int)
            assert body["candidate"] != incumbent or first > fresh_from
            used.add(first)
    assert incumbent


def rounds_of(seen: Seen) -> dict[int, list[dict[str, Any]]]:
    """Blocks of judge trials by round."""
    found: dict[int, list[dict[str, Any]]] = {}
    for body in seen.bodies("trials.done"):
        played: Any = body["race"]
        if played is not None:
            found.setdefault(played["round"], []).append(body)
    return found


def test_a_round_runs_several_versions_on_the_same_cases_and_no_two_rounds_share_a_case(finished: Finished) -> None:
    _, seen = finished(3)
    rounds = rounds_of(seen)
    assert max(len(blocks) for blocks in rounds.values()) > 2
    cases = {number: {tuple(row["case"] for row in block["trials"]) for block in blocks} for number, blocks in rounds.items()}
    assert all(len(found) == 1 for found in cases.values())
    used = [case for found in cases.values() for block in found for case in block]
    assert len(used) == len(set(used))


def test_every_block_names_the_edits_that_were_on_and_those_that_conflict_never_are_together(finished: Finished) -> None:
    mixes = 0
    for seed in range(1, 4):
        _, seen = finished(seed)
        rivals = {frozenset((body["proposal"], other)) for body in seen.bodies("test.opened") for other in body["conflicts"]}  # type: ignore[attr-defined]
        tests = {body["candidate"]: body["proposal"] for body in seen.bodies("test.opened")}
        for blocks in rounds_of(seen).values():
            for block in blocks:
                on, drawn = block["race"]["on"], block["race"]["drawn"]
                assert set(on) <= set(drawn) and not any(pair <= set(on) for pair in rivals)
                assert (block["candidate"] == block["race"]["incumbent"]) == (not on)
                assert not on or tests.get(block["candidate"]) in (None, *on)
                mixes += len(on) > 1
    assert mixes


def test_edits_go_on_with_their_evidence_on_top_of_one_that_was_accepted(finished: Finished) -> None:
    carried = 0
    for seed in range(1, 6):
        _, seen = finished(seed)
        opened = {body["proposal"]: body["incumbent"] for body in seen.bodies("test.opened")}
        assert len(opened) == len(seen.bodies("test.opened")), "nobody is tested twice"
        for blocks in rounds_of(seen).values():
            carried += sum(opened[name] != block["race"]["incumbent"] for block in blocks for name in block["race"]["drawn"])
    assert carried


def test_what_conflicts_with_an_accepted_edit_ends_undecided_with_the_reason(finished: Finished) -> None:
    reasons = []
    for seed in range(1, 6):
        _, seen = finished(seed)
        reasons += [str(body["verdict"].get("reason")) for body in seen.bodies("verdict.given")]  # type: ignore[attr-defined]
        refused = [str(body["reason"]) for body in seen.bodies("proposal.refused")]
        reasons += refused
    assert any(reason.startswith("stale: conflicts with p") for reason in reasons)
    assert any("was changed by a change that was accepted since" in reason for reason in reasons)


def test_a_run_in_which_nothing_can_help_opens_no_sealed_case(tmp_path: Path) -> None:
    files = with_main("change = 0.3 if", "change = -0.05 if")
    files = {**files, "main.py": files["main.py"].replace(b"change = 0.25 if", b"change = -0.1 if")}
    result, seen = play(tmp_path, toy_config(seed=1), files)
    assert result.finished and not seen.bodies("certificate.issued") and not seen.bodies("incumbent.changed")
    assert {body["pool"] for body in seen.bodies("trials.done")} == {"calibration", "judge"}


def test_the_budget_is_never_exceeded_and_pays_for_the_certificate(tmp_path: Path) -> None:
    for programs in (2_500, 5_000, 8_000):
        config = toy_config(seed=3, programs=programs)
        result, seen = play(tmp_path / str(programs), config)
        spent = sum(int(str(body["programs"])) for kind in ("job.done", "trials.done") for body in seen.bodies(kind))
        assert spent == seen.bodies("run.ended")[0]["programs"] and spent <= programs
        assert result.reason == "budget" or programs == 8_000
        assert len(seen.bodies("certificate.issued")) == (1 if seen.bodies("incumbent.changed") else 0)
        assert verify(tmp_path / str(programs), parts=toy_parts(config)).ok


def test_tests_that_the_budget_ends_are_undecided(tmp_path: Path) -> None:
    _, seen = play(tmp_path, toy_config(seed=1, programs=4_000))
    verdicts = [body["verdict"] for body in seen.bodies("verdict.given")]
    opened = {body["candidate"] for body in seen.bodies("test.opened")}
    assert opened <= {verdict["candidate"] for verdict in verdicts}  # type: ignore[index]
    assert any(verdict.get("reason") == "budget" for verdict in verdicts)  # type: ignore[attr-defined]


def test_in_the_frozen_control_version_0_improves_every_incumbent(tmp_path: Path) -> None:
    _, seen = play(tmp_path, toy_config(seed=3, frozen=True))
    start = seen.bodies("run.started")[0]["start"]["id"]  # type: ignore[index]
    calls = [body for body in seen.bodies("job.done") if body["call"] != "build"]
    assert {body["improver"] for body in calls} == {start}
    made = [body["proposal"] for body in seen.bodies("proposal.made")]
    assert {one["improver"] for one in made} == {start}  # type: ignore[index]
    kept = [body["candidate"] for body in seen.bodies("incumbent.changed")]
    assert len(kept) > 1 and {one["parent"] for one in made} & set(kept)  # type: ignore[index]


@pytest.mark.parametrize("call", ["practise", "diagnose", "propose"])
@pytest.mark.parametrize("answer", ["1 / 0", "None", "{'memory': None}", "{'memory': 'x' * 5_000_000, 'limitations': [], 'proposals': []}"])
def test_an_improver_that_fails_three_times_in_a_row_ends_the_run_without_an_exception(tmp_path: Path, call: str, answer: str) -> None:
    files = with_main(f"def {call}(payload):\n", f"def {call}(payload):\n    return {answer}\n")
    result, seen = play(tmp_path, toy_config(seed=1), files)
    assert result == RunResult(finished=True, reason="the improver failed 3 times in a row")
    failed = [body for body in seen.bodies("job.done") if body["call"] == call]
    assert {body["outcome"] for body in failed} <= {"crashed", "malformed"}
    assert {body["result"] for body in failed} == {None}


def test_a_failed_learn_costs_the_news_and_not_the_run(tmp_path: Path) -> None:
    files = with_main("def learn(payload):\n", "def learn(payload):\n    return 1 / 0\n")
    result, seen = play(tmp_path, toy_config(seed=3), files)
    learned = [body for body in seen.bodies("job.done") if body["call"] == "learn"]
    assert result.reason == "finished" and len(seen.bodies("cycle.opened")) == 4
    assert learned and {body["outcome"] for body in learned} == {"crashed"}


def test_proposals_without_shape_are_logged_and_the_others_are_judged(tmp_path: Path) -> None:
    good = "**_proposal(files, payload['seed'], 0)"
    odd = f"[1, {{}}, {{'surface': 'moods'}}, {{{good}, 'extra': 1}}, {{{good}, 'tag': 7}}]"
    files = with_main('for number in range(payload["count"])]', f"for number in range(2)] + {odd}")
    config = toy_config(seed=1).model_copy(update={"propose": ProposeConfig(count=7, programs=200)})
    result, seen = play(tmp_path, config, files)
    assert result.finished
    assert len(seen.bodies("proposal.malformed")) == 5 * len(seen.bodies("cycle.opened"))
    assert len(seen.bodies("proposal.made")) == 2 * len(seen.bodies("cycle.opened"))


@pytest.mark.parametrize("patience", [1, 2])
def test_an_agent_without_ideas_ends_the_run_after_so_many_passes(tmp_path: Path, patience: int) -> None:
    files = with_main('for number in range(payload["count"])]', "for number in range(0)]")
    config = toy_config(seed=1).model_copy(update={"propose": ProposeConfig(count=3, programs=200, patience=patience)})
    result, seen = play(tmp_path, config, files)
    assert result.reason == "nothing to try" and len(seen.bodies("cycle.opened")) == patience


def test_a_start_that_does_not_build_ends_the_run_with_the_reason(tmp_path: Path) -> None:
    result, seen = play(tmp_path, toy_config(), toy_agent(replaced={"bonus.py": b"BONUS = 1 / 0\n"}))
    assert result.finished and result.reason.startswith("version 0 does not build: crashed: ZeroDivisionError")
    assert seen[-1].kind == "run.ended"


def test_a_candidate_that_does_not_build_is_rejected_with_the_reason(finished: Finished) -> None:
    reasons = []
    for seed in range(1, 5):
        _, seen = finished(seed)
        reasons += [str(body["verdict"].get("reason")) for body in seen.bodies("verdict.given")]  # type: ignore[attr-defined]
    assert any(reason.startswith("does not build: crashed") for reason in reasons)


def test_a_stopped_run_goes_on_where_it_was_and_shows_its_past_again(finished: Finished, tmp_path: Path) -> None:
    config = toy_config(seed=3)
    whole_folder, whole = finished(3)
    folder, stops = tmp_path / "stopped", 0
    while True:
        stop, seen = threading.Event(), Seen()

        def observe(entry: Entry, stop: threading.Event = stop, seen: Seen = seen, limit: int = 25 * (stops + 1)) -> None:
            seen.append(entry)
            if len(seen) >= limit:
                stop.set()

        result = run(folder, config, toy_agent(), workers=2, observer=observe, stop=stop, parts=toy_parts(config))
        if result.finished:
            break
        stops += 1
        assert "resume with the same command" in result.reason
    assert stops >= 3
    assert [entry.seq for entry in seen] == list(range(len(seen)))
    assert Counter(entry.kind for entry in seen)["run.resumed"] == stops
    assert FileEventLog.read(folder / "log.jsonl").digest() == FileEventLog.read(whole_folder / "log.jsonl").digest()
    assert [(e.kind, e.body) for e in seen if e.kind != "run.resumed"] == [(e.kind, e.body) for e in whole]
    assert play(folder, config)[1] == seen


def test_a_log_that_does_not_follow_from_itself_is_not_gone_on_with(tmp_path: Path) -> None:
    config = toy_config(seed=3)
    stop = threading.Event()
    run(tmp_path, config, toy_agent(), workers=2, observer=lambda e: stop.set() if e.seq > 40 else None, stop=stop, parts=toy_parts(config))
    log = FileEventLog(tmp_path / "log.jsonl", kernel="forged")
    last = log.append("job.done", {"job": "mine"})
    log.close()
    with pytest.raises(Exception, match=rf"entry {last.seq} \(job.done\) does not follow"):
        play(tmp_path, config)


def test_what_differs_from_the_beginning_is_named(tmp_path: Path) -> None:
    play(tmp_path / "x", toy_config(seed=3, programs=2_000))
    log = tmp_path / "x" / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(UserError, match=r"run.programs was 2000 and is now 3000"):
        play(tmp_path / "x", toy_config(seed=3, programs=3_000))
    with pytest.raises(UserError, match="another agent"):
        play(tmp_path / "x", toy_config(seed=3, programs=2_000), toy_agent(skill=0.4))


def salted(salt: str) -> RunConfig:
    config = toy_config(seed=3, programs=4_000)
    return config.model_copy(update={"run": config.run.model_copy(update={"salt": salt})})


class Listening(ToyJail):
    """Keeps the payload of every call."""

    def __init__(self, heard: list[dict[str, Json]]) -> None:
        self._heard = heard

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        assert isinstance(call.payload, dict)
        self._heard.append(call.payload)
        return super().call(call, serve)


def test_a_salt_changes_all_cases_and_all_seeds_that_agents_are_told_and_reaches_no_jail(tmp_path: Path) -> None:
    heard: list[dict[str, Json]] = []
    _, plain = play(tmp_path / "plain", salted(""), jail=lambda: Listening(heard))
    without = {str(payload["seed"]) for payload in heard if "seed" in payload}
    heard.clear()
    _, other = play(tmp_path / "other", salted("pepper-0451"), jail=lambda: Listening(heard))
    seeds = {str(payload["seed"]) for payload in heard if "seed" in payload}
    assert len(seeds) > 3 and not seeds & without
    pools = [seen.bodies("run.ended")[0]["pools"] for seen in (plain, other)]
    secrets = [value for pool in pools if isinstance(pool, dict) for value in pool.values()]
    assert len(set(secrets)) == len(secrets) == 8
    assert b"pepper-0451" not in b"".join(map(canonical, heard))
    assert run_seed(salted(""), "build") == derive_seed(3, "build") != run_seed(salted("pepper-0451"), "build")


def test_a_salted_run_comes_out_the_same_again_verifies_and_goes_on_with_its_own_salt_only(tmp_path: Path) -> None:
    for name in "ab":
        play(tmp_path / name, salted("pepper"))
    assert verify(tmp_path / "a", 2, parts=toy_parts(salted("pepper"))).ok
    log = tmp_path / "a" / "log.jsonl"
    assert FileEventLog.read(log).digest() == FileEventLog.read(tmp_path / "b" / "log.jsonl").digest()
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    for other, shown in (("salt", "'salt'"), ("", "None")):
        with pytest.raises(UserError, match=f"run.salt was 'pepper' and is now {shown}"):
            play(tmp_path / "a", salted(other))


class Fragile(ToyJail):
    """Breaks at every third call: our fault, not the candidate's."""

    broken = 0

    def __init__(self) -> None:
        self._calls = 0

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        self._calls += 1
        if self._calls % 7 == 0:
            Fragile.broken += 1
            raise JailError("it broke")
        return super().call(call, serve)


def test_jails_that_break_now_and_then_change_no_decision(finished: Finished, tmp_path: Path) -> None:
    play(tmp_path / "broken", toy_config(seed=3), jail=Fragile)
    assert Fragile.broken > 5
    assert FileEventLog.read(tmp_path / "broken/log.jsonl").digest() == FileEventLog.read(finished(3)[0] / "log.jsonl").digest()


class Broken(ToyJail):
    """Never works."""

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        raise JailError("no jail today")


def test_jails_that_never_work_are_an_error_of_ours_and_the_run_can_go_on_later(tmp_path: Path) -> None:
    config = toy_config(seed=3)
    with pytest.raises(InfrastructureError, match="3 times: no jail today"):
        play(tmp_path, config, jail=Broken)
    assert play(tmp_path, config)[0].finished


class Buggy(ToyJail):
    """Raises what no jail may raise."""

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        raise KeyError("a bug")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_a_worker_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="fault of rsi's own"):
        play(tmp_path, toy_config(), jail=Buggy, workers=1)


def test_a_stop_ends_real_jails_within_two_seconds(tmp_path: Path) -> None:
    config = toy_config(seed=3)
    files = with_main("def diagnose(payload):\n", "def diagnose(payload):\n    import time\n    time.sleep(15)\n")
    stop, stopped = threading.Event(), list[float]()

    def pull() -> None:
        stopped.append(time.monotonic())
        stop.set()

    def observe(entry: Entry) -> None:
        if entry.kind == "job.done" and isinstance(entry.body, dict) and entry.body["call"] == "practise":
            threading.Timer(0.3, pull).start()

    parts = toy_parts(config, lambda: open_jail((), "S1"))
    result = run(tmp_path, config, files, workers=2, observer=observe, stop=stop, parts=parts)
    assert not result.finished and time.monotonic() - stopped[0] < 2
