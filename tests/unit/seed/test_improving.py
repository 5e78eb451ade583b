"""The seed agent improves a program: an episode of edits, its operators, its allocation, its edit policy."""

import json
import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tests.seed_agent import SEED, modules, variant
from tests.unit.seed import toys

NAMES = ("improve", "moves", "where", "tried", "accept", "allocate", "weights", "edits", "pages", "tricks")
agent = modules(*NAMES)


def with_changes(*changes: tuple[str, str, str]) -> SimpleNamespace:
    """The agent's modules with texts in some files exchanged."""
    files = variant.read_tree(SEED)
    for path, old, new in changes:
        assert old in files[path]
        files[path] = files[path].replace(old, new)
    loaded: SimpleNamespace = variant.load(files, NAMES)
    return loaded


def improved(question: dict[str, Any], budget: int, seed: int = 1, parts: SimpleNamespace = agent) -> tuple[dict[str, Any], toys.Kernel]:
    kernel = toys.Kernel([question], budget)
    answer = parts.improve.improve({"cases": [question], "programs": budget, "seed": seed}, kernel, {})
    (one,) = json.loads(json.dumps(answer))["answers"]
    return one, kernel


def state(source: str, parts: SimpleNamespace = agent) -> Any:
    program = parts.tried.Program(source, {0: 0.5})
    return parts.tried.Tried(program, {})


@pytest.mark.parametrize("name", ["packing", "descent"])
def test_an_episode_finds_a_better_program_within_its_budget(name: str) -> None:
    (question,) = toys.questions([name])
    one, kernel = improved(question, 480)
    assert toys.worth(name, one["answer"]) > toys.worth(name, question["source"]) + 0.05
    assert one["programs"] == kernel.asked <= 480 and kernel.refused == 0


@pytest.mark.parametrize("name", list(toys.TOYS))
def test_no_answer_is_worse_on_the_instances_that_were_searched_with(name: str) -> None:
    (question,) = toys.questions([name])
    one, _ = improved(question, 120, seed=3)
    assert toys.worth(name, one["answer"], 0, 8) >= toys.worth(name, question["source"], 0, 8)


def test_the_same_seed_gives_the_same_answer_and_another_one_another() -> None:
    (question,) = toys.questions(["packing"])
    first, again, other = (improved(question, 160, seed)[0] for seed in (1, 1, 2))
    assert first == again and first["answer"] != other["answer"]


def test_each_case_has_its_own_budget() -> None:
    questions = toys.questions(["stock", "forecast"])
    answers = agent.improve.improve({"cases": questions, "programs": 64, "seed": 1}, toys.Kernel(questions, 128), {})["answers"]
    assert [one["programs"] for one in answers] == [64, 64]


@pytest.mark.parametrize("budget", [0, 1, 7, 8, 9, 17])
def test_almost_no_budget_is_no_reason_to_fail(budget: int) -> None:
    (question,) = toys.questions(["packing"])
    one, kernel = improved(question, budget)
    assert one["programs"] == kernel.asked <= budget and kernel.refused == 0
    assert one["answer"] == question["source"] or budget > 15


@pytest.mark.parametrize("source", ["", "def pack(:", "def pack(items, capacity):\n    while True:\n        pass\n", "x = 1\0"])
def test_a_start_that_cannot_run_is_no_reason_to_fail(source: str) -> None:
    question = {**toys.questions(["packing"])[0], "source": source}
    one, kernel = improved(question, 80)
    assert isinstance(one["answer"], str) and one["programs"] == kernel.asked <= 80


def test_a_start_that_fails_everywhere_is_repaired() -> None:
    question = {**toys.questions(["stopping"])[0], "source": "SCALE = 0\n\n\ndef stop(values):\n    return len(values) // SCALE - 1\n"}
    one, _ = improved(question, 200)
    assert toys.worth("stopping", question["source"]) == 0.0 < toys.worth("stopping", one["answer"])


@pytest.mark.parametrize("served", [0, 1, 2, 5])
def test_a_kernel_that_grants_less_than_was_said_ends_the_episode(served: int) -> None:
    (question,) = toys.questions(["packing"])
    kernel, calls = toys.Kernel([question], 16 * served), []

    def ask(message: Any) -> Any:
        calls.append(message)
        return kernel(message)

    answer = agent.improve.improve({"cases": [question], "programs": 150, "seed": 1}, ask, {})["answers"][0]
    assert answer["programs"] == 16 * served == kernel.asked and len(calls) <= served + 1


def test_scores_that_are_all_null_leave_the_start_as_it_is() -> None:
    (question,) = toys.questions(["packing"])
    left = iter(range(400, -1, -16))

    def ask(message: Any) -> Any:
        return {"scores": [[None] * len(message["instances"]) for _ in message["sources"]], "left": next(left)}

    assert agent.improve.improve({"cases": [question], "programs": 400, "seed": 1}, ask, {})["answers"][0]["answer"] == question["source"]


def test_no_program_is_asked_about_twice() -> None:
    (question,) = toys.questions(["stopping"])
    kernel, asked = toys.Kernel([question], 400), Counter[tuple[str, int]]()

    def ask(message: Any) -> Any:
        asked.update((source, k) for source in message["sources"] for k in message["instances"])
        return kernel(message)

    agent.improve.improve({"cases": [question], "programs": 400, "seed": 1}, ask, {})
    assert set(asked.values()) == {1}


@pytest.mark.parametrize(("budget", "count"), [(20, 2), (96, 2), (191, 2), (192, 4), (1536, 24)])
def test_what_was_found_for_short_episodes_does_not_bind_long_ones(budget: int, count: int) -> None:
    """Two instances in 96 evaluations are as many as there are in 1,536: by chance alone nothing is taken there."""
    parts = with_changes(("resources.py", "\nINSTANCES = 16", "\nINSTANCES = 2"))
    assert [parts.allocate.chosen(24, budget, random.Random(1)), parts.allocate.drawn_of(24, count, random.Random(1))] == [
        list(range(count)),
        random.Random(1).sample(range(24), count),
    ]


def test_a_change_of_one_number_lets_bad_candidates_go_early() -> None:
    """The better methods are an edit away: with steps of one instance the same budget tries more candidates."""
    (question,) = toys.questions(["packing"])
    tried = []
    for parts in (agent, with_changes(("resources.py", "STEP = 16", "STEP = 1"))):
        asked = parts.improve.Asked(toys.Kernel([question], 180), 0, 180)
        tried.append(len(parts.improve.episode(question, asked, random.Random(1), {}).log))
    assert tried[0] == 10 and tried[1] > 1.5 * tried[0]


def test_candidates_are_asked_for_together_as_far_as_a_question_goes_unless_an_evaluation_is_dear() -> None:
    parts = with_changes(("resources.py", "\nINSTANCES = 16", "\nINSTANCES = 2"))
    (question,) = toys.questions(["packing"])
    sizes: dict[bool, list[int]] = {}
    for is_dear in (False, True):
        kernel = toys.Kernel([question], 60)
        counts = sizes[is_dear] = []

        def ask(message: Any, kernel: Any = kernel, counts: list[int] = counts) -> Any:
            counts.append(len(message["sources"]))
            return kernel(message)

        found = parts.improve.episode(question, parts.improve.Asked(ask, 0, 60, is_dear=is_dear), random.Random(1), {})
        assert len(found.log) == sum(counts) - 1 == 29 and kernel.asked == 60 and kernel.refused == 0
    assert sizes == {False: [1, 8, 8, 8, 5], True: [1] * 30}


def test_several_candidates_that_help_are_taken_one_after_the_other() -> None:
    """Of those that were drawn together the better one stays, whichever comes first, and each is compared with the one before it."""
    worth = {"A = 1\n": 0.1, "A = 2\n": 0.5, "A = 3\n": 0.3, "A = 4\n": 0.9}
    made = [agent.tried.Program(source, {}, []) for source in list(worth)[1:]]
    for program in made:
        program.changes = [agent.tried.Change(agent.edits.sites("A = 1\n")[0], "constant", program.source[4])]
    known = agent.tried.Tried(agent.tried.Program("A = 1\n", {0: 0.1}), {})
    found = agent.improve.Episode("A = 1\n")
    found.instances = [0]
    asked = agent.improve.Asked(lambda said: {"scores": [[worth[source]] for source in said["sources"]], "left": 9}, 0, 12)
    assert agent.improve.attempt(made, known, asked, found)
    assert [(taken, round(gain, 3)) for _, _, _, taken, gain, _ in found.log] == [(True, 0.4), (False, 0.2), (True, 0.8)]
    assert known.parent is known.best is made[2] and asked.used == 3


@pytest.mark.parametrize(("before", "stuck", "elsewhere"), [(0, 3, False), (0, 4, True), (3, 6, True), (4, 7, False), (7, 2, False)])
def test_it_is_time_to_look_elsewhere_whenever_patience_has_run_out_once_more(before: int, stuck: int, elsewhere: bool) -> None:
    parts = with_changes(("resources.py", "PATIENCE = 1000", "PATIENCE = 4"))
    assert parts.allocate.looks_elsewhere(before, stuck) is elsewhere


def test_finalists_are_compared_on_instances_that_were_not_searched_with() -> None:
    parts = with_changes(("resources.py", "FINALISTS = 1", "FINALISTS = 3"), ("resources.py", "\nINSTANCES = 16", "\nINSTANCES = 8"))
    (question,) = toys.questions(["stopping"])
    kernel, asked = toys.Kernel([question], 184), []

    def ask(message: Any) -> Any:
        asked.append(message["instances"])
        return kernel(message)

    parts.improve.improve({"cases": [question], "programs": 184, "seed": 1}, ask, {})
    assert min(asked[-1]) >= 8 and all(max(one) < 8 for one in asked[:-1]) and kernel.refused == 0


def test_a_failure_counts_as_nothing_and_only_a_higher_mean_takes_the_place() -> None:
    assert agent.accept.mean([1.0, None]) == 0.5 and agent.accept.mean([]) == 0.0
    assert agent.accept.better([0.5, 0.6], [0.5, 0.5]) and not agent.accept.better([0.5, 0.5], [0.5, 0.5])
    assert agent.accept.keeps_up([0.45], [0.5]) and not agent.accept.keeps_up([0.3], [0.5])


def test_several_edits_at_once_are_all_in_the_candidate() -> None:
    parts = with_changes(("allocate.py", "MOST_AT_ONCE = 1", "MOST_AT_ONCE = 3"), ("resources.py", "PATIENCE = 1000", "PATIENCE = 1"))
    known = state(toys.PACKING, parts)
    known.stuck = 9
    sizes = set()
    for seed in range(20):
        source, changes, _ = parts.moves.draw(known, random.Random(seed))
        sizes.add(len(changes))
        assert source != toys.PACKING and all(change.new in source for change in changes)
    assert max(sizes) == 3


def test_earlier_edits_that_did_no_harm_are_tried_together_also_when_the_program_has_changed_elsewhere() -> None:
    known = state(toys.DESCENT)
    places = known.places(toys.DESCENT)
    picks = [next(k for k, site in enumerate(places.sites) if site.old == old) for old in ("0.01", "0.0")]
    known.promising = [agent.tried.Change(places.sites[k], places.kinds[k], new) for k, new in zip(picks, ("0.02", "1.0"), strict=True)]
    moved = known.places("WIDE = 12345\n" + toys.DESCENT)
    made = agent.edits.spliced(moved.source, [(moved.sites[k], new) for k, new in agent.moves.mixed(known, moved, random.Random(1))])
    assert "STEP = 0.02\nMOMENTUM = 1.0" in made
    assert agent.moves.mixed(known, known.places("x = 1\n"), random.Random(1)) == []


def test_the_place_that_helped_last_can_be_edited_again() -> None:
    known = state(toys.DESCENT)
    places = known.places(toys.DESCENT)
    assert agent.moves.again(known, places, random.Random(1)) == []
    known.last_help = agent.tried.Change(places.sites[0], places.kinds[0], "0.02")
    ((k, _),) = agent.moves.again(known, places, random.Random(1))
    assert (places.sites[k].function, places.sites[k].family) == ("STEP", "number")


def test_a_trick_offers_the_edits_that_it_names_and_no_others() -> None:
    places = state(toys.DESCENT).places(toys.DESCENT)
    found = places.matching(lambda family, kind, change: (family, kind, change) == ("number", "constant", "× 2"))
    assert sorted(text for _, text in found) == ["0.02", "24"]


def test_edits_that_overlap_or_belong_to_another_source_are_refused() -> None:
    (whole, *_), inner = (
        [s for s in agent.edits.sites("A = (1 + 2) * 3\n") if s.family == "drop-term"],
        [s for s in agent.edits.sites("A = (1 + 2) * 3\n") if s.old == "2"][0],
    )
    with pytest.raises(ValueError, match="two edits want"):
        agent.edits.spliced("A = (1 + 2) * 3\n", [(whole, whole.options[0]), (inner, "7")])
    with pytest.raises(ValueError, match="not the source"):
        agent.edits.spliced("A = (1 + 5) * 3\n", [(inner, "7")])


def test_a_family_that_always_helped_is_drawn_more_often() -> None:
    table: dict[str, Any] = {}
    for _ in range(60):
        agent.weights.count(table, "number", "constant", "× 2", True)
        agent.weights.count(table, "comparison", "if", "< → <=", False)
    learned = agent.weights.learned(table)
    assert learned["families"]["number"] > 1 > learned["families"]["comparison"]
    drawn = {}
    for name, known in (("plain", {}), ("learned", learned)):
        places = agent.tried.Places(toys.DESCENT + toys.STOPPING, known, {})
        rng = random.Random(1)
        drawn[name] = Counter(places.sites[agent.where.anywhere(places, rng)].family for _ in range(2000))
    assert drawn["learned"]["number"] > 1.5 * drawn["plain"]["number"] and drawn["learned"]["comparison"] < drawn["plain"]["comparison"]


def test_weights_of_nothing_are_uniform_and_those_of_little_stay_near_it() -> None:
    assert agent.weights.learned({"families": {}, "kinds": {}}) == {"families": {}, "kinds": {}}
    (weight,) = agent.weights.learned({"families": {"number": [1, 1]}})["families"].values()
    assert 0.8 < weight < 1.3
    assert json.loads((SEED / "weights.json").read_text()) == {"families": {}, "kinds": {}, "words": {}}


def test_what_an_episode_shows_changes_what_it_draws_only_if_it_trusts_it() -> None:
    experience: dict[str, Any] = {"all": [0, 0]}
    for k in range(40):
        agent.weights.count(experience, "number", "constant", "× 2", k % 2 == 0)
        agent.weights.count(experience, "comparison", "if", "< → <=", False)
    experience["all"] = [80, 20]
    places = agent.tried.Places(toys.DESCENT + toys.STOPPING, {}, experience)
    number = next(k for k, site in enumerate(places.sites) if site.family == "number" and places.kinds[k] == "constant")
    plain = places.drawing()[number], places.option_weights(number)
    assert plain == (1.0, [1.0] * len(places.words(number)))
    try:
        agent.weights.SEEN = 1.0
        places = agent.tried.Places(toys.DESCENT + toys.STOPPING, {}, experience)
        before = places.drawing()[number]
        assert before > 2
        agent.weights.count(experience, "number", "constant", "× 2", 0.0)
        experience["all"] = [81, 20]
        assert before > places.drawing()[number] > 2
        assert places.option_weights(number)[places.words(number).index("× 2")] > 1.5
        assert agent.weights.seen(experience, "families", "comparison") < 0.3
        assert agent.weights.seen(experience, "families", "never tried") == 1
    finally:
        agent.weights.SEEN = 0.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2", "4", "× 2"),
        ("0.5", "0.25", "× 0.5"),
        ("3", "-3", "sign"),
        ("7", "8", "+1"),
        ("7", "0", "to 0"),
        ("<", "<=", "< → <="),
        ("min", "max", "min → max"),
        ("item", "item + 0.1 * room", "_ → _ + # * _"),
    ],
)
def test_a_change_in_words_has_no_names_of_its_program(old: str, new: str, words: str) -> None:
    assert agent.weights.in_words(old, new) == words


def test_kinds_of_lines_are_told_apart() -> None:
    kinds = {agent.weights.kind_of(toys.STOPPING, site) for site in agent.edits.sites(toys.STOPPING)}
    assert {"if", "step", "return"} <= kinds
    assert {agent.weights.kind_of("RATE = 0.5\n", site) for site in agent.edits.sites("RATE = 0.5\n")} == {"constant"}


def test_places_of_sources_are_found_once_and_as_many_remembered_as_the_machine_has_memory_for() -> None:
    pages = agent.pages.Pages()
    first = pages.sites("A = 1\n")
    assert pages.sites("A = 1\n") is first and [s.keys for s in first] == [s.keys for s in agent.edits.sites("A = 1\n")]
    pages.make_room({"memory_mb": 80.0})
    for number in range(60):
        pages.sites(f"A = {number}\n")
    assert pages.room == len(pages.known) == 20 and pages.sites("A = 1\n") is not first
    for odd in (None, {}, {"memory_mb": "much"}):
        pages.make_room(odd)
    assert pages.room == 20
    pages.make_room({"memory_mb": 1})
    assert pages.room == agent.pages.FEWEST
