"""The benchmark of learning from scratch: what is taken away, what is taken in, its ratios, and one whole round."""

import hashlib
import json
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.scratch import main
from benchmarks.scratch_learning import Course, learn, practice_of, taken
from benchmarks.scratch_report import Outcome, draw, rows_by_set, table
from benchmarks.scratch_stats import quotient, rows_of
from benchmarks.scratch_ways import LEARNED, NAMED, Swap, find_way, strip, swapped
from benchmarks.seed_figure import standalone
from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import Json
from rsi.loop.agents import load_agent
from rsi.testing.fake_jail import InProcessJail

COURSE = Course(seed=1, programs=1_000, rounds=2, tasks=3)
MANIFEST = b'name = "pupil"\nentry = "main"\n\n[surfaces]\nparameters = ["corpus.json"]\n'
PUPIL = b"""
def practise(message):
    return {"findings": [message["programs"]], "programs": message["programs"], "solved": len(message["batch"]["tasks"])}

def diagnose(message):
    return {"limitations": [], "memory": (message["memory"] or 0) + 1}

def propose(message):
    return {"proposals": [], "memory": message["memory"], "programs": 0}

def learn(message):
    return {"memory": message["memory"]}
"""


def pupil(source: bytes) -> Files:
    return {"main.py": source, "rsi-agent.toml": MANIFEST, "corpus.json": b"{}"}


def proposal(path: str, before: bytes, after: str | None) -> Json:
    return {
        "surface": "parameters",
        "limitation": "none",
        "reason": "because",
        "edits": [{"path": path, "before": hashlib.sha256(before).hexdigest(), "after": after}],
        "prediction": {"p_better": 0.5, "low": 0.0, "high": 0.1},
        "tag": f"about {path}",
    }


def test_a_stripped_version_keeps_its_way_and_knows_as_little_as_version_0() -> None:
    start = load_agent("seed")
    version = {**start, "corpus.json": b"much", "library.py": b"much", "learning.py": b"its own", "new.py": b"its own"}
    stripped = strip(version, start)
    assert {path for path in stripped if stripped[path] != start.get(path)} == {"learning.py", "new.py"}
    assert stripped["learning.py"] == b"its own"
    assert strip(start, start) == start


def test_a_folder_is_stripped_when_it_is_named(tmp_path: Path) -> None:
    start = load_agent("seed")
    for path, content in {**start, "corpus.json": b"much", "search.py": b"# its own"}.items():
        (tmp_path / path).write_bytes(content)
    files = find_way(str(tmp_path)).files
    assert files == {**start, "search.py": b"# its own"}


@pytest.mark.parametrize("name", NAMED)
def test_every_named_way_fits_the_shipped_agent_and_changes_only_its_way(name: str) -> None:
    start, made = load_agent("seed"), find_way(name).files
    changed = {path for path in start if start[path] != made[path]}
    assert changed == {swap.path for swap in NAMED[name]}
    assert not changed & set(LEARNED)
    for path in changed:
        compile(made[path], path, "exec")


def test_a_swap_whose_text_does_not_occur_exactly_once_is_refused() -> None:
    for text in ("a a", "b"):
        with pytest.raises(UserError, match="once is needed"):
            swapped({"x.py": text.encode()}, [Swap(path="x.py", old="a", new="c")])


def test_only_what_changes_nothing_but_what_is_learned_is_taken() -> None:
    files = {"corpus.json": b"{}", "learning.py": b"x = 1", "library.py": b""}
    offers: list[Json] = [
        proposal("corpus.json", b"{}", "new"),
        proposal("learning.py", b"x = 1", "x = 2"),
        proposal("library.py", b"something else", "stale"),
        proposal("library.py", b"", None),
        {"surface": "parameters"},
        "nonsense",
    ]
    after, verdicts = taken(files, offers)
    assert after == {**files, "corpus.json": b"new"}
    told = [verdict["verdict"] for verdict in verdicts if isinstance(verdict, dict)]
    assert told == ["accepted", "refused", "refused", "refused", "refused"]
    assert taken(files, None) == (files, [])


def test_every_learner_spends_exactly_its_programs_on_the_same_tasks() -> None:
    learned = learn(InProcessJail(), pupil(PUPIL), COURSE, practice_of(1))
    assert (learned.programs, learned.solved, learned.failure) == (1_000, (3, 3), "")


def test_who_claims_to_have_tried_nothing_still_comes_to_an_end_and_never_gets_more_than_its_budget() -> None:
    idle = PUPIL.replace(b'"programs": message["programs"], "solved"', b'"programs": -5, "solved"')
    learned = learn(InProcessJail(), pupil(idle), COURSE, practice_of(1))
    assert learned.programs == 1_000
    assert len(learned.solved) > 10


def test_a_learner_that_fails_keeps_what_it_knew_and_says_why() -> None:
    broken = PUPIL.replace(b'return {"limitations"', b'raise KeyError("lost")\n    return {"limitations"')
    learned = learn(InProcessJail(), pupil(broken), COURSE, practice_of(1))
    assert learned.files == pupil(broken)
    assert "diagnose" in learned.failure
    assert learned.programs == 500


def test_practice_of_two_seeds_has_nothing_in_common_and_is_the_same_every_time() -> None:
    assert practice_of(1).practice_batch(0, 5) == practice_of(1).practice_batch(0, 5)
    assert practice_of(1).practice_batch(0, 5) != practice_of(2).practice_batch(0, 5)


def test_a_ratio_of_proportional_gains_is_exact_and_one_pair_has_no_interval() -> None:
    found = quotient([20, 40, 30], [10, 20, 15])
    assert (found.ratio, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))
    assert quotient([20], [10]).low is None
    assert quotient([20], [10]).ratio == 2.0


def test_there_is_no_ratio_to_what_gains_nothing_and_no_bound_where_it_may_gain_nothing() -> None:
    assert quotient([5, 6], [0, 0]).ratio is None
    found = quotient([10, 12, 8], [1, 9, -4])
    assert found.ratio == 5.0
    assert (found.low, found.high) == (None, None)
    with pytest.raises(ValueError, match="pair"):
        quotient([], [])


@pytest.mark.statistical
def test_intervals_of_ratios_cover_the_truth_as_often_as_they_say(repetitions: Callable[..., int]) -> None:
    rng, runs, covered = random.Random(7), repetitions(2000, least=400), 0
    for _ in range(runs):
        luck = [rng.gauss(0, 4) for _ in range(4)]
        theirs = [20 + shared + rng.gauss(0, 3) for shared in luck]
        ours = [30 + shared + rng.gauss(0, 3) for shared in luck]
        found = quotient(ours, theirs)
        covered += (found.low is None or found.low <= 1.5) and (found.high is None or 1.5 <= found.high)
    assert abs(covered / runs - 0.95) < (0.02 if runs >= 2000 else 0.04)


def test_ways_are_compared_seed_by_seed() -> None:
    rows = rows_of([10, 50], {"seed": [20, 60], "ours": [25, 65]})
    assert (rows[0].lead, rows[0].gain) == (None, None)
    lead, gain = rows[1].lead, rows[1].gain
    assert lead is not None
    assert gain is not None
    assert (lead.mean, lead.low, lead.high) == (5.0, 5.0, 5.0)
    assert gain.ratio == 1.5
    with pytest.raises(ValueError, match="zip"):
        rows_of([10, 50], {"seed": [20]})


def outcomes() -> list[Outcome]:
    return [
        Outcome(
            seed=seed,
            start={"held-out": 10},
            solved={"held-out": {"seed": 20 + seed, "runs/a<b": 30 + seed}},
            practice={},
            programs={},
            failures={"seed": "it got lost"} if seed == 2 else {},
        )
        for seed in (1, 2, 3)
    ]


def test_the_table_names_every_way_its_ratio_and_who_stopped_early() -> None:
    text = table(outcomes(), {"held-out": 200})
    assert "| runs/a<b | 32.0 (29.5 … 34.5) | 10.0 (10.0 … 10.0) | 1.83 (1.69 … 2.05) |" in text
    assert "10.0 (10.0 … 10.0) before learning" in text
    assert "Seed 2: seed stopped early: it got lost" in text


def test_the_drawing_is_well_formed() -> None:
    svg = standalone(draw(rows_by_set(outcomes()), {"held-out": 10.0}, {"held-out": 200}))
    words = [element.text for element in ElementTree.fromstring(svg).iter() if element.text]
    assert "runs/a<b" in words


def test_a_way_that_is_not_there_or_named_twice_is_the_users_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-way"]) == 2
    assert main(["seed"]) == 2
    assert "each way once" in capsys.readouterr().err


@pytest.mark.slow
def test_a_whole_round_gives_a_report_and_a_second_one_measures_nothing_anew(tmp_path: Path) -> None:
    arguments = ["hand", "--seeds", "2", "--programs", "6_000", "--rounds", "2", "--tasks", "30", "--cases", "4", "--case-programs", "300"]
    assert main([*arguments, "--workers", "1", "--out", str(tmp_path)]) == 0
    first = json.loads((tmp_path / "scratch.json").read_text())
    assert [seed["programs"] for seed in first["seeds"]] == [{"seed": 6_000, "hand": 6_000}] * 2
    assert all(sum(seed["practice"]["seed"]) > 0 and not seed["failures"] for seed in first["seeds"])
    stamps = {path: path.stat().st_mtime_ns for folder in ("learned", "trials") for path in (tmp_path / folder).iterdir()}
    assert main([*arguments, "--workers", "1", "--out", str(tmp_path)]) == 0
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert json.loads((tmp_path / "scratch.json").read_text()) == first
