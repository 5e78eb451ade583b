"""`rsi bench improver` from inside: counted questions, episodes, shams, commands from outside, peers, and what is told of them."""

import contextlib
import json
import random
import shlex
import sys
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rsi.bench.improvers.curve import Curve
from rsi.bench.improvers.entrants import PEERS, Entrant, peer
from rsi.bench.improvers.episodes import Challenge, Said, play
from rsi.bench.improvers.kept import Kept
from rsi.bench.improvers.outside import Outside
from rsi.bench.improvers.plot import curves, ratios
from rsi.bench.improvers.results import power_lines, results_of, table
from rsi.bench.improvers.sham import changes_between, sham
from rsi.bench.improvers.tournament import hold
from rsi.core.errors import Halted, UserError
from rsi.core.protocols import Serve
from rsi.core.records import Json
from rsi.kernel.evaluate import Bench, Scores
from rsi.kernel.judge import Episode
from rsi.testing.fake_jail import InProcessJail

START = "def f(x):\n    scale = 2\n    return scale * x + 1\n"
BETTER = START.replace("+ 1", "+ 3")
QUESTION: Json = {"id": "p", "problem": "line", "text": "", "source": START, "entry": "f", "instances": 8}
CHALLENGE = Challenge(number=0, problem="p", family="line", question=QUESTION, source=START, instances=8)


class Line:
    """Programs are to be close to 3x + 3; whatever does not run has no score."""

    def __init__(self) -> None:
        self.runs = 0

    def _score(self, source: str, x: int) -> float | None:
        names: dict[str, Callable[[int], float]] = {}
        try:
            exec(source, names)  # noqa: S102  # a toy ground; only the edits of peers and this file's own sources come here
            return max(0.0, 1 - abs(names["f"](x) - (3 * x + 3)) / 30)
        except (ArithmeticError, NameError, TypeError, SyntaxError, KeyError):
            return None

    def practice(self, sources: Sequence[str], instances: Sequence[int]) -> Sequence[Scores]:
        self.runs += len(sources) * len(instances)
        return [[self._score(source, x) for x in instances] for source in sources]

    def hidden(self, source: str) -> float:
        return sum(self._score(source, x) or 0.0 for x in range(10, 20)) / 10


class Lines:
    """Every problem is the same line; as many as are asked for."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.played: list[str] = []

    @property
    def terms(self) -> Json:
        return {"evaluations": self.budget}

    def name(self, number: int) -> str:
        return f"p{number}"

    def play(self, entrant: Entrant, bench: Bench, *, number: int, repetition: int, luck: int) -> Episode:
        self.played.append(f"{entrant.name} {number}")
        challenge = Challenge(number=number, problem=self.name(number), family="line", question=QUESTION, source=START, instances=8)
        return play(entrant.seated(bench.jail), challenge, Line(), seed=luck, repetition=repetition, budget=self.budget)


class Scripted:
    """An arm that does as it is told."""

    name = "scripted"

    def __init__(self, act: Callable[[Json, Serve], Said]) -> None:
        self.act = act

    def improve(self, payload: Json, serving: Callable[[], Serve]) -> Said:
        return self.act(payload, serving())


def ask(source: str, *instances: int, problem: int = 0) -> Json:
    return {"problem": problem, "source": source, "instances": list(instances)}


def handing(answer: Json) -> Scripted:
    return Scripted(lambda payload, serve: Said(value={"answers": [{"answer": answer, "programs": 0}]}))


def test_who_looks_at_few_instances_can_claim_only_few() -> None:
    ground = Line()
    start = [score or 0.0 for score in ground.practice([START], range(8))[0]]
    few, all_of_them = Curve(start), Curve(start)
    for curve, instances in ((few, (0,)), (all_of_them, tuple(range(8)))):
        curve(BETTER, instances, ground.practice([BETTER], instances)[0], len(instances))
    assert 0 < few.points[-1][1] < all_of_them.points[-1][1] / 4


# ---------------------------------------------------------------------------------------------------------- an episode


def test_what_is_handed_in_is_scored_on_instances_that_it_never_saw() -> None:
    episode = play(handing(BETTER), CHALLENGE, Line(), seed=1, repetition=0, budget=10)
    assert episode.start == Line().hidden(START)
    assert episode.final == Line().hidden(BETTER) > episode.start
    assert (episode.used, episode.note) == (0, "")


def test_an_improver_that_makes_it_worse_is_charged_the_loss() -> None:
    assert play(handing("def f(x): return y"), CHALLENGE, Line(), seed=1, repetition=0, budget=10).gain < 0


@pytest.mark.parametrize("answers", [None, [], {"answers": []}, {"answers": [3]}, {"answers": [{"answer": 3}]}, {"answers": [{}, {}]}])
def test_an_answer_of_another_shape_leaves_the_start_and_is_noted(answers: Json) -> None:
    episode = play(Scripted(lambda p, s: Said(value=answers)), CHALLENGE, Line(), seed=1, repetition=0, budget=10)
    assert episode.gain == 0 and episode.note.startswith("malformed")


def test_an_improver_that_fails_leaves_the_start_and_what_it_had_used_is_counted() -> None:
    def act(payload: Json, serve: Serve) -> Said:
        serve(ask(BETTER, 0, 1, 2))
        return Said(value=None, reason="crashed: no")

    episode = play(Scripted(act), CHALLENGE, Line(), seed=1, repetition=0, budget=10)
    assert (episode.gain, episode.used, episode.note) == (0, 3, "crashed: no")


# -------------------------------------------------------------------------------------------------------------- a sham

TREE = {
    "main.py": b"""
def total(items, scale):
    found = 0
    for item in items:
        found = found + scale * item
    return found


def nested(x):
    y = x
    return [lambda: y for _ in range(2)][0]()
""",
    "data.json": b"{}",
}


def test_a_sham_means_the_same_and_reads_otherwise() -> None:
    files, made = sham(TREE, 2, random.Random(1))
    assert made == 2
    old, new = TREE["main.py"].decode(), files["main.py"].decode()
    assert new != old and "found_" in new and "item_" in new and "y = x" in new
    names: dict[str, Callable[..., object]] = {}
    exec(new, names)  # noqa: S102  # the renamed source above
    assert names["total"]([1, 2, 3], scale=2) == 12
    assert names["nested"](7) == 7
    assert files["data.json"] == b"{}"


def test_a_sham_says_when_there_is_nothing_left_to_rename() -> None:
    assert sham(TREE, 9, random.Random(1))[1] == 2


def test_the_seed_agent_as_a_sham_still_compiles_and_every_change_is_counted() -> None:
    entrant = peer("hill")
    files, made = sham(entrant.files, 12, random.Random(3))
    assert made == 12
    for path in files:
        if path.endswith(".py"):
            compile(files[path], path, "exec")
    assert changes_between(entrant.files, files) >= 12


def test_changes_are_counted_in_blocks_of_lines_and_binary_files_as_one() -> None:
    old = {"a.py": b"1\n2\n3\n4\n", "b": b"\xff\x00", "gone.txt": b"x\n"}
    new = {"a.py": b"1\nX\n3\nY\n", "b": b"\xff\x01", "new.txt": b"y\n"}
    assert changes_between(old, new) == 5
    assert changes_between(old, old) == 0


# ------------------------------------------------------------------------------------------------------ from outside


def outside(tmp_path: Path, body: str, wall_s: float = 60.0) -> Outside:
    script = tmp_path / "improver.py"
    script.write_text("import json, sys\nread = lambda: json.loads(sys.stdin.readline())\n" + body)
    return Outside(name="outside", command=shlex.join([sys.executable, "-u", str(script)]), wall_s=wall_s)


def test_a_command_asks_is_answered_and_hands_in(tmp_path: Path) -> None:
    body = """
payload = read()["improve"]
source = payload["cases"][0]["source"].replace("+ 1", "+ 3")
print(json.dumps({"ask": {"problem": 0, "source": source, "instances": [0, 1]}}))
scores = read()["reply"]["scores"]
assert len(scores) == 2 and payload["programs"] == 10
print(json.dumps({"result": {"answers": [{"answer": source if scores[0] > 0.9 else None}]}}))
"""
    episode = play(outside(tmp_path, body), CHALLENGE, Line(), seed=1, repetition=0, budget=10)
    assert (episode.final, episode.used, episode.note) == (Line().hidden(BETTER), 2, "")


@pytest.mark.parametrize(
    ("body", "note"),
    [("sys.exit(3)", "without a result"), ("print('hello'); read()", "malformed"), ("print('{\"other\": 1}'); read()", "malformed")],
)
def test_a_command_that_does_not_speak_our_messages_leaves_the_start(body: str, note: str, tmp_path: Path) -> None:
    episode = play(outside(tmp_path, body), CHALLENGE, Line(), seed=1, repetition=0, budget=10)
    assert episode.gain == 0 and note in episode.note


def test_a_command_that_goes_on_for_ever_is_ended(tmp_path: Path) -> None:
    episode = play(
        outside(tmp_path, "import threading; threading.Event().wait()", wall_s=0.5), CHALLENGE, Line(), seed=1, repetition=0, budget=10
    )
    assert episode.gain == 0 and "without a result" in episode.note


def test_a_command_that_there_is_not_is_the_users_error() -> None:
    with pytest.raises(UserError, match="cannot start"):
        play(Outside(name="x", command="/no/such/improver"), CHALLENGE, Line(), seed=1, repetition=0, budget=10)


# --------------------------------------------------------------------------------------------- peers and a tournament


def tournament(
    entrants: Sequence[Entrant],
    count: int = 2,
    budget: int = 160,
    *,
    kept: Path | None = None,
    lines: "Lines | None" = None,
    stop_after: int | None = None,
) -> dict[str, list[Episode]]:
    stop = threading.Event()

    def observer(done: int, of: int) -> None:
        if done == stop_after:
            stop.set()

    with contextlib.ExitStack() as stack:
        return hold(
            entrants,
            lines or Lines(budget),
            count=count,
            repetitions=1,
            seed=5,
            make_jail=InProcessJail,
            workers=1,
            stop=stop,
            observer=observer,
            kept=None if kept is None else stack.enter_context(contextlib.closing(Kept(kept))),
        )


def test_every_peer_finds_something_better_within_its_budget_and_never_fails() -> None:
    found = tournament([peer(name) for name in PEERS], budget=320)
    for name, episodes in found.items():
        assert [e.note for e in episodes] == ["", ""], name
        assert all(0 < e.used <= 320 for e in episodes), name
        assert max(e.gain for e in episodes) > 0.1, name
        assert all(e.curve and e.curve[-1][1] > 0 for e in episodes), name


def test_a_tournament_that_was_stopped_goes_on_from_the_episodes_that_are_over(tmp_path: Path) -> None:
    entrants, path = [peer("hill"), peer("annealing")], tmp_path / "episodes.jsonl"
    whole = tournament(entrants, count=3)
    with pytest.raises(Halted):
        tournament(entrants, count=3, kept=path, stop_after=3)
    over = path.read_bytes().count(b"\n")
    assert over >= 3
    path.write_bytes(path.read_bytes() + b"torn")
    rest = Lines(160)
    assert tournament(entrants, count=3, kept=path, lines=rest) == whole and len(rest.played) == 6 - over
    again = Lines(160)
    longer = tournament(entrants, count=4, kept=path, lines=again)
    assert again.played == ["hill 3", "annealing 3"] and {name: own[:3] for name, own in longer.items()} == whole


def test_only_an_episode_of_the_same_improver_on_the_same_terms_is_not_played_again(tmp_path: Path) -> None:
    path, hill = tmp_path / "episodes.jsonl", peer("hill")
    tournament([hill], count=1, kept=path)
    for other, budget in (
        (replace(hill, files={**hill.files, "hill.py": hill.files["hill.py"] + b"\n"}), 160),
        (replace(hill, luck=1), 160),
        (replace(hill, name="again"), 160),
        (hill, 161),
    ):
        lines = Lines(budget)
        tournament([other], count=1, kept=path, lines=lines)
        assert lines.played == [f"{other.name} 0"]
    lines = Lines(160)
    tournament([hill], count=1, kept=path, lines=lines)
    assert not lines.played


def test_what_a_command_does_is_never_taken_for_known(tmp_path: Path) -> None:
    command, path = Entrant(name="outside", files={}, command=shlex.join([sys.executable, "-c", "pass"])), tmp_path / "episodes.jsonl"
    for _ in range(2):
        lines = Lines(160)
        tournament([command], count=1, kept=path, lines=lines)
        assert lines.played == ["outside 0"]


def test_the_same_tournament_comes_out_the_same_and_a_copy_of_an_improver_as_the_improver() -> None:
    first, second = (tournament([peer("hill"), Entrant(name="copy", files=peer("hill").files)]) for _ in range(2))
    assert first == second
    assert first["hill"] == first["copy"]


def test_an_entrant_with_luck_of_its_own_searches_otherwise() -> None:
    found = tournament([peer("hill"), replace(peer("hill"), name="luck", luck=1)])
    assert [e.curve for e in found["hill"]] != [e.curve for e in found["luck"]]
    assert [e.start for e in found["hill"]] == [e.start for e in found["luck"]]


def test_results_say_power_ratios_and_compounding_and_are_drawn() -> None:
    found = tournament([peer("random"), peer("hill"), Entrant(name="b<a>d", files=peer("hill").files)], count=3, budget=60)
    results = results_of(["random", "hill", "b<a>d"], found, problems=3, repetitions=1, budget=60, alpha=0.05)
    lines = "\n".join(table(results))
    assert "hill beats random: not shown" in lines and "b<a>d beats hill: not shown (" in lines
    assert "Compounding: not shown; the weakest step" in lines
    assert [record.name for record in results.records] == ["random", "hill", "b<a>d"]
    assert results.records[0].against is None
    assert any("93" in line for line in power_lines(24, 0.05))
    for picture in (ratios(results), curves(results, found)):
        assert ElementTree.fromstring(picture).tag.endswith("svg")


def test_with_one_version_compounding_is_not_shown_and_why() -> None:
    found = tournament([peer("random"), peer("hill")], count=1, budget=40)
    assert (
        "at least two later versions" in table(results_of(["random", "hill"], found, problems=1, repetitions=1, budget=40, alpha=0.05))[-1]
    )


def test_a_peer_is_made_of_its_own_files_and_of_the_edits_of_the_seed_agent() -> None:
    files = peer("tpe").files
    assert {"edits.py", "places.py", "main.py", "desk.py", "method.json", "rsi-agent.toml"} <= set(files)
    assert json.loads(files["method.json"]) == "tpe"
    assert peer("tpe").manifest.entry == "main"
