"""Sessions of the language-model agent with a scripted model: what it is told, what is done, and how it ends; never a crash."""

import hashlib
from typing import Any

import pytest

from tests.llm_agent import LLM, Scripted, block, change, modules

pytestmark = pytest.mark.timeout(900)

agent = modules()

SOLUTION = "def pack(items):\n    return items\n"
FILES = {"solution.py": SOLUTION, "prepare.py": "N = 1\n", "tips.md": "Big ones first.\n"}
TARGET = {
    "name": "packing",
    "kind": "program",
    "brief": "Pack the items; fewer bins are better.",
    "metric": {"name": "filled", "direction": "max", "low": 0.0, "high": 1.0},
    "surfaces": {"code": ["solution.py", "lib/*.py"], "prompt": ["*.md"]},
    "protected": ["prepare.py"],
    "files": FILES,
    "case": {"function": "solution:pack"},
}
FINDINGS = [
    {"case": 0, "id": "a", "input": [3, 1], "output": [3, 1], "score": 0.25, "label": "wasteful", "feedback": "3 bins, 1 would do"},
    {"case": 1, "id": "b", "input": [1], "output": [1], "score": 1.0, "label": "full", "feedback": ""},
    {"case": 2, "id": "c", "input": [], "output": None, "score": None, "label": "", "outcome": "crashed", "error": "IndexError: empty"},
]
GOOD = change("    return items", "    return sorted(items)")
FINISH = block("finish", "reason: big ones first\nlimitation: cases-wasteful\np_better: 0.8\nlow: 0.01\nhigh: 0.2")


def message(**more: Any) -> dict[str, Any]:
    limits = [{"id": "cases-wasteful", "kind": "failures", "text": "1 of 3 practice cases end as: wasteful"}]
    plain: dict[str, Any] = {"limitations": limits, "memory": None, "count": 1, "programs": 50, "seed": 1, "machine": {}}
    return {**plain, "target": TARGET, "findings": FINDINGS, "history": [], "budget": {"programs_left": 900, "model": None}, **more}


def better(asked: dict[str, Any]) -> Any:
    is_sorted = "sorted" in (asked["files"].get("solution.py") or "")
    scores = [0.75 if is_sorted else 0.25, 1.0, 0.0]
    results = [{"score": scores[case], "output": 0, "label": "ran", "feedback": "", "error": ""} for case in asked["cases"]]
    return {"results": results, "left": 40}


def test_a_malformed_edit_is_corrected_then_evaluated_then_handed_in() -> None:
    ask = Scripted(
        "The list should be sorted.\n" + block("edit solution.py", "return sorted(items)"),
        "I see.\n" + block("edit solution.py", GOOD),
        block("evaluate"),
        FINISH,
        evaluate=better,
    )
    answer = agent.main.propose(message(), ask)
    assert "`edit` was not done: line 1 of the edit stands outside of a block" in ask.told(1)
    assert "solution.py is changed" in ask.told(2) and "+    return sorted(items)" in ask.told(2)
    assert "mean score 0.417 -> 0.583 on 3 practice cases" in ask.told(3) and "case 0: 0.250 -> 0.750" in ask.told(3)
    assert ask.evaluated == [{"files": {"solution.py": "def pack(items):\n    return sorted(items)\n"}, "cases": [0, 1, 2]}]
    assert answer["why"] is None and answer["programs"] == 3 and answer["calls"] == 4
    assert answer["proposals"] == [
        {
            "surface": "code",
            "limitation": "cases-wasteful",
            "reason": "big ones first",
            "edits": [
                {
                    "path": "solution.py",
                    "before": hashlib.sha256(SOLUTION.encode()).hexdigest(),
                    "after": "def pack(items):\n    return sorted(items)\n",
                }
            ],
            "prediction": {"p_better": 0.8, "low": 0.01, "high": 0.2},
            "tag": "big ones first",
        }
    ]


def test_the_model_is_told_the_target_its_failures_the_history_with_reasons_and_the_budget() -> None:
    ask = Scripted(block("stop", "nothing to do"))
    tried = [
        {
            "proposal": "p0001",
            "agent": "llm",
            "surface": "code",
            "reason": "reverse",
            "diff": "-a\n+b",
            "verdict": "rejected",
            "why": "no prospect",
        }
    ]
    agent.main.propose(message(history=tried, budget={"programs_left": 7, "model": {"calls_left": 9, "tokens_left": None}}), ask)
    system, user = (entry["content"] for entry in ask.chats[0]["messages"])
    assert "`evaluate`" in system and "`shell`" not in system
    for said in (
        "fewer bins are better",
        "def pack(items):",
        "- code: solution.py lib/*.py",
        "- never: prepare.py",
        "case 0: score 0.250, wasteful",
        "3 bins, 1 would do",
        "error: IndexError: empty",
        "- rejected (code): reverse because: no prospect",
        "7 programs",
        "9 calls of the model",
        "1 of 3 practice cases end as: wasteful",
    ):
        assert said in user, said
    assert "case 1: score" not in user


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("I think that I should sort.", "there is no action in it"),
        ("```edit solution.py\n<<<<<<< SEARCH", "the block `edit` that begins in line 1 of your reply is never closed"),
        (block("python", "print(1)"), "there is no action 'python'; there is: read, search, edit"),
        (block("edit other.py", GOOD), "'other.py' does not exist"),
        (block("edit prepare.py", change("N = 1", "N = 2")), "prepare.py is protected"),
        (block("create ../x.py", "x = 1"), "../x.py may not be edited"),
        (
            block("edit solution.py", change("    return items", "    return (items")),
            "solution.py would be broken: this is not Python: line 2",
        ),
        (block("edit solution.py", change("    return item", "    pass")), "the nearest to its first line is line 2"),
        (block("function solution.py unpack", "def unpack():\n    pass"), "there are 0 functions or classes 'unpack'; there is: pack"),
        (block("create solution.py", "x = 1"), "solution.py exists"),
        (FINISH, "there is no change to hand in"),
        (block("evaluate", "7"), "there is no case 7 here; there is: 0, 1, 2"),
        (block("shell", "ls"), "there is no action 'shell'"),
        (block("read solution.py a-b"), "'a-b' is no range of lines"),
        ("", "there is no action in it"),
    ],
)
def test_each_kind_of_useless_reply_gets_one_precise_correction_and_ends_as_no_proposal(reply: str, reason: str) -> None:
    ask = Scripted(*[reply] * 9, evaluate=better)
    answer = agent.main.propose(message(), ask)
    assert ask.told(1).startswith("Your last reply could not be used as it is:") and reason in ask.told(1)
    assert ask.told(1).count("could not be used") == 1
    assert len(ask.chats) == agent.flow.RETRIES + 1 and answer["proposals"] == []
    assert answer["why"].startswith("no proposal, because the model's replies were of no use 4 times in a row; the last time:")


def test_a_useful_reply_in_between_begins_the_count_of_corrections_anew() -> None:
    ask = Scripted("hm", "hm", "hm", block("read solution.py"), "hm", "hm", "hm", block("edit solution.py", GOOD), FINISH)
    assert len(agent.main.propose(message(), ask)["proposals"]) == 1


@pytest.mark.parametrize("kind", ["budget", "auth", "rate", "timeout", "network", "bad_request", "no_model"])
def test_a_model_that_does_not_answer_ends_as_no_proposal_with_the_kind(kind: str) -> None:
    ask = Scripted(block("note", "sorting is worth a try"), {"error": {"type": kind, "message": "so it is"}}, FINISH)
    answer = agent.main.propose(message(count=3), ask)
    assert answer["proposals"] == [] and answer["why"] == f"no proposal, because the model did not answer: {kind}: so it is"
    assert len(ask.chats) == 2, "nobody is asked again"
    assert [note["text"] for note in answer["memory"]["notes"]] == ["sorting is worth a try"]


def test_nobody_to_ask_is_no_proposal_and_no_answer() -> None:
    assert (
        agent.main.propose(message(), None)["why"]
        == "no proposal, because the model did not answer: no_model: nobody answers questions in this call"
    )
    question = {"id": "q", "type": {"input": "list-of-int", "output": "int"}, "examples": [{"i": [1], "o": 1}]}
    assert agent.main.solve({"cases": [question], "programs": 9, "seed": 1}) == {"answers": [{"answer": None, "programs": 0}]}


def test_a_change_that_was_measured_to_be_better_is_not_lost_when_the_budget_ends() -> None:
    ask = Scripted(block("edit solution.py", GOOD), block("evaluate"), evaluate=better)
    made = agent.main.propose(message(), ask)["proposals"]
    assert [edit["after"] for edit in made[0]["edits"]] == ["def pack(items):\n    return sorted(items)\n"]
    assert made[0]["reason"].startswith("measured on practice cases: +0.167; the session ended before it was handed in")
    assert made[0]["prediction"] is None


def test_a_session_that_does_not_come_to_an_end_is_told_of_its_last_reply() -> None:
    ask = Scripted(*[block("read solution.py")] * 40)
    answer = agent.main.propose(message(), ask)
    assert len(ask.chats) == agent.flow.STEPS and "This is your last reply" in ask.told(agent.flow.STEPS - 1)
    assert answer["why"] == f"no proposal, because it did not come to an end within {agent.flow.STEPS} replies"


def test_several_proposals_are_several_sessions_that_know_of_one_another() -> None:
    def second(chat: dict[str, Any]) -> str:
        assert "just proposed (code): big ones first" in chat["messages"][1]["content"]
        return block("create lib/bins.py", "SIZE = 10")

    ask = Scripted(block("edit solution.py", GOOD) + "\n" + FINISH, second, FINISH, block("stop", "that is all"))
    answer = agent.main.propose(message(count=3), ask)
    assert [[edit["path"] for edit in made["edits"]] for made in answer["proposals"]] == [["solution.py"], ["lib/bins.py"]]
    assert answer["proposals"][1]["edits"][0]["before"] is None
    assert answer["why"] == "no proposal, because the model gave up: that is all"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("p_better: 7\nlow: -3\nhigh: 2", {"p_better": 0.99, "low": -1.0, "high": 1.0}),
        ("p_better: 0.5\nlow: 0.3\nhigh: 0.1", {"p_better": 0.5, "low": 0.1, "high": 0.3}),
        ("p_better: 80%\nlow: nan\nhigh: much", {"p_better": 0.8, "low": -0.05, "high": 0.1}),
        ("p_better: 0.6", {"p_better": 0.6, "low": -0.05, "high": 0.1}),
        ("p_better: inf", None),
        ("low: 0.01\nhigh: 0.1", None),
    ],
)
def test_predictions_are_kept_within_bounds_and_none_is_made_up(said: str, wanted: dict[str, float] | None) -> None:
    ask = Scripted(block("edit solution.py", GOOD), block("finish", f"reason: why not\n{said}"))
    assert agent.main.propose(message(), ask)["proposals"][0]["prediction"] == wanted


def test_the_surface_follows_from_the_paths_and_an_unknown_limitation_becomes_the_first() -> None:
    ask = Scripted(
        block("edit tips.md", change("Big ones first.", "Small ones last.")), block("finish", "reason: clearer\nlimitation: nonsense")
    )
    made = agent.main.propose(message(), ask)["proposals"][0]
    assert (made["surface"], made["limitation"]) == ("prompt", "cases-wasteful")


def test_an_evaluation_that_cannot_be_had_is_told_and_the_session_goes_on() -> None:
    ask = Scripted(block("edit solution.py", GOOD) + "\n" + block("evaluate"), FINISH)
    answer = agent.main.propose(message(), ask)
    assert "it was not run: nothing is evaluated here" in ask.told(1)
    assert len(answer["proposals"]) == 1 and answer["programs"] == 0


def test_reading_and_searching_show_the_files_with_the_changes_in_them() -> None:
    ask = Scripted(
        block("edit solution.py", GOOD) + "\n" + block("read solution.py 2-2") + "\n" + block("search", "SORTED(") + "\n" + block("undo"),
        block("read solution.py"),
    )
    agent.main.propose(message(), ask)
    assert "solution.py, lines 1 to 3 of 3:\ndef pack(items):\n    return items" in ask.told(2)
    assert "solution.py, lines 2 to 2 of 3:\n    return sorted(items)" in ask.told(1) and "solution.py:2: return sorted(items)" in ask.told(
        1
    )
    assert "all of your changes are taken back" in ask.told(1)


def test_a_long_result_and_a_long_conversation_stay_within_bounds() -> None:
    big = "\n".join(f"def f{k}():\n    return {k}" for k in range(4000))
    target = {**TARGET, "files": {**FILES, "lib/big.py": big}}
    ask = Scripted(*[block("read lib/big.py")] * agent.flow.STEPS)
    agent.main.propose(message(target=target), ask)
    sizes = [sum(agent.context.tokens(entry["content"]) for entry in chat["messages"]) for chat in ask.chats]
    assert max(sizes) <= agent.context.CONVERSATION_TOKENS and sizes[0] <= 1.2 * agent.context.PROMPT_TOKENS
    assert "lib/big.py (8000 lines, not shown; `read` shows it)" in ask.chats[0]["messages"][1]["content"]
    assert "characters left out" in ask.told(1)


def test_with_few_tokens_left_the_prompt_is_shorter() -> None:
    many = [{**FINDINGS[0], "case": k, "feedback": "x" * 1900} for k in range(40)]
    sizes = []
    for left in (None, 50_000):
        ask = Scripted(block("stop", "no"))
        agent.main.propose(message(findings=many, budget={"programs_left": 1, "model": {"tokens_left": left}}), ask)
        sizes.append(sum(agent.context.tokens(entry["content"]) for entry in ask.chats[0]["messages"]))
    assert sizes[1] < 0.7 * sizes[0]


def test_notes_are_bounded_marked_as_tainted_and_shown_again() -> None:
    ask = Scripted(*[block("note", f"note {k}: " + "x" * 900) for k in range(agent.flow.STEPS)])
    memory = agent.main.propose(message(), ask)["memory"]
    for _ in range(2):
        memory = agent.main.propose(message(memory=memory), Scripted(*ask.says, *[block("note", f"more {k}\x1b[31m") for k in range(15)]))[
            "memory"
        ]
    assert len(memory["notes"]) == agent.notes.MOST_NOTES and all(note["tainted"] is True for note in memory["notes"])
    assert max(len(note["text"]) for note in memory["notes"]) <= agent.notes.LONGEST_NOTE
    assert not any("\x1b" in note["text"] for note in memory["notes"])
    ask = Scripted(block("stop", "no"))
    agent.main.propose(message(memory=memory), ask)
    assert "more 14" in ask.chats[0]["messages"][1]["content"]


def test_diagnosis_names_the_kinds_of_failures_with_evidence_and_costs_no_model() -> None:
    ask = Scripted()
    answer = agent.main.diagnose({"findings": FINDINGS, "memory": None, "seed": 1, "target": TARGET}, ask)
    assert ask.chats == [] and [item["id"] for item in answer["limitations"]] == ["cases-crashed", "cases-wasteful"]
    assert answer["limitations"][1]["evidence"] == ["3 bins, 1 would do"]
    again = agent.main.diagnose({"findings": [[FINDINGS[0]], [FINDINGS[2]], "junk"], "memory": answer["memory"], "seed": 1})
    assert again["limitations"][0]["text"] == "1 of 2 practice cases end as: crashed" and again["memory"]["calls"] == 2


@pytest.mark.parametrize("memory", [None, 7, [], {"notes": 3, "tried": ["x"], "calls": "many"}, {"findings": [{}]}])
def test_a_memory_of_any_shape_is_taken(memory: Any) -> None:
    kept = agent.main.learn({"verdicts": [{"proposal": "p1", "surface": "code", "verdict": "accepted", "tag": "sort"}], "memory": memory})
    assert kept["memory"]["tried"] == [{"reason": "sort", "surface": "code", "verdict": "accepted", "tainted": True}]
    assert agent.main.propose(message(memory=memory), Scripted(block("stop", "no")))["why"].endswith("gave up: no")


def test_without_a_target_in_the_message_it_improves_its_own_tree_by_the_same_code() -> None:
    edit = block("edit prompts/rules.md", change("# Rules", "# Rules\n- Think of the types first."))
    ask = Scripted(edit, block("finish", "reason: types matter"))
    plain: dict[str, Any] = {"limitations": [], "memory": None, "count": 1, "programs": 9, "seed": 1}
    made = agent.main.propose(plain, ask)["proposals"][0]
    assert made["surface"] == "prompt" and made["edits"][0]["before"] == hashlib.sha256((LLM / "prompts/rules.md").read_bytes()).hexdigest()
    shown = ask.chats[0]["messages"][1]["content"]
    assert "This is you" in shown and "{{files}}" in shown and "### flow.py" in shown
    told = {**TARGET, "kind": "agent", "brief": "An agent.", "files": {**FILES, "main.py": (LLM / "main.py").read_text()}}
    ask = Scripted(block("stop", "no"))
    agent.main.propose(message(target=told), ask)
    assert "This is you" in ask.told(0) and "An agent." in ask.told(0)
    refused = Scripted(block("edit rsi-agent.toml", change('name = "llm"', 'name = "other"')))
    agent.main.propose(plain, refused)
    assert "rsi-agent.toml is protected" in refused.told(1)


def test_programs_are_tried_on_the_examples_and_what_was_wrong_is_told() -> None:
    question = {
        "id": "q",
        "type": {"input": "list-of-int", "output": "list-of-int"},
        "examples": [{"i": [1, 2], "o": [2, 1]}, {"i": [], "o": []}],
    }
    ask = Scripted(block("python", "def f(xs):\n    return xs"), block("python", "def f(xs):\n    return xs[::-1]"))
    assert agent.main.solve({"cases": [question], "programs": 5, "seed": 1}, ask) == {
        "answers": [{"answer": "def f(xs):\n    return xs[::-1]", "programs": 2}]
    }
    assert "1 of 2 examples are right; wrong is f([1, 2]): it gave [1, 2], wanted [2, 1]" in ask.told(1)
    assert "from list-of-int to list-of-int" in ask.told(0)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(xs):\n    while True:\n        pass", "Endless: more than 200000 steps"),
        ("def f(xs):\n    raise SystemExit", "SystemExit"),
        ("def f(xs):\n    return f(xs)", "RecursionError"),
        ("def f(xs)\n    return 1", "the program does not run: SyntaxError"),
        ("def f(xs):\n    return True", "it gave true, wanted 1"),
        ("def f(xs):\n    return object", "it gave"),
        ("def f(xs):\n    return [0] * 10**6", "it gave 1000000 items, the first of them [0, 0, 0]"),
        ("def f(xs):\n    return 10**5000", "it gave something that cannot be shown (ValueError"),
        ("def f(xs):\n    xs.append(xs)\n    return xs", "it gave something that cannot be shown (ValueError: Circular"),
        ("g = 1  # def f", "the program does not run: it defines no function f"),
    ],
)
def test_a_program_that_misbehaves_is_told_so_and_harms_nobody(source: str, said: str) -> None:
    right, text = agent.tools.check(source, [{"i": [1], "o": 1}])
    assert right == 0 and said in text


@pytest.mark.parametrize("text", [f"def f(xs):\n    return {'1 + ' * 9000}1", "def g(xs):\n    return 1", "```"])
def test_a_reply_without_a_usable_program_is_corrected_and_costs_no_program(text: str) -> None:
    question = {"id": "q", "type": {"input": "list-of-int", "output": "int"}, "examples": [{"i": [], "o": 1}]}
    ask = Scripted(block("python", text) if text != "```" else text, block("python", "def f(xs):\n    return 1"))
    assert agent.main.solve({"cases": [question], "programs": 5, "seed": 1}, ask)["answers"][0]["programs"] == 1
    assert "could not be used as it is" in ask.told(1)


def test_practice_says_for_each_task_what_came_of_it() -> None:
    batch = {
        "inputs": [[1, 2], [3], [], [4, 5]],
        "shown": 2,
        "tasks": [
            {
                "id": "t1",
                "family": "level 1",
                "type": {"input": "list-of-int", "output": "list-of-int"},
                "outputs": [[2, 1], [3], [], [5, 4]],
            },
            {"id": "t2", "family": "level 1", "type": {"input": "list-of-int", "output": "int"}, "outputs": [3, 3, 0, 9]},
        ],
    }
    ask = Scripted(block("python", "def f(xs):\n    return xs[::-1]"), "no idea", "none")
    answer = agent.main.practise({"batch": batch, "programs": 9, "seed": 1, "memory": None, "machine": {}}, ask)
    assert (answer["solved"], answer["tasks"], answer["programs"]) == (1, 2, 1)
    assert [finding["label"] for finding in answer["findings"]] == ["solved", "not found"]


def test_commands_are_run_by_the_kernel_and_of_what_they_change_only_what_may_change_is_taken_over() -> None:
    changed = {"solution.py": "def pack(items):\n    return items[:]\n", "prepare.py": "N = 2\n", "out.bin": "x", "tips.md": None}
    ask = Scripted(
        block("edit solution.py", GOOD) + "\n" + block("shell", "cat solution.py\nexit 3"),
        FINISH,
        shell=lambda asked: {"code": 3, "output": "def pack(items):", "changed": changed},
    )
    answer = agent.main.propose(message(budget={"programs_left": 900, "model": None, "shell": {"runs": 10, "wall_s": 20.0}}), ask)
    assert "`shell`: body = commands for `sh`" in ask.chats[0]["messages"][0]["content"]
    assert ask.shelled == [
        {"files": {"solution.py": "def pack(items):\n    return sorted(items)\n"}, "commands": "cat solution.py\nexit 3"}
    ]
    assert "exit status 3\ndef pack(items):\nchanged: solution.py" in ask.told(1)
    for refused in ("prepare.py is protected", "out.bin may not be edited", "tips.md was taken away, and files stay here"):
        assert f"not taken over: {refused}" in ask.told(1)
    assert [edit["after"] for edit in answer["proposals"][0]["edits"]] == [changed["solution.py"]] and answer["programs"] == 1


def test_commands_that_were_not_run_are_one_correction_and_no_shell_is_offered_where_there_is_none() -> None:
    ask = Scripted(block("shell", "ls"), shell=lambda asked: {"error": "no program is left to pay for it"})
    agent.main.propose(message(budget={"programs_left": 0, "model": None, "shell": {"runs": 10, "wall_s": 20.0}}), ask)
    assert "`shell` was not done: the commands were not run: no program is left to pay for it" in ask.told(1)
    ask = Scripted(block("shell", "ls"))
    agent.main.propose(message(budget={"programs_left": 9, "model": None, "shell": None}), ask)
    assert "`shell`" not in ask.chats[0]["messages"][0]["content"] and ask.shelled == []


def test_the_client_is_the_one_that_is_shipped_for_all_agents() -> None:
    source = LLM.parent / "client" / "rsi_model.py"
    assert (LLM / "rsi_model.py").read_bytes() == source.read_bytes()
    assert len(source.read_text().splitlines()) <= 50
