"""Replies of bare SEARCH/REPLACE blocks, and what is tried of cases that show the same."""

import pytest

from tests.llm_agent import Scripted, block, change
from tests.unit.llm.test_sessions import FINDINGS, FINISH, GOOD, TARGET, agent, better, message

NAMED = "Sort `solution.py` first.\n"


@pytest.mark.parametrize(
    "reply", [NAMED + GOOD, block("python solution.py", GOOD), NAMED + block("diff", GOOD), f"solution.py\n{GOOD}\nThat is all."]
)
def test_a_reply_of_bare_blocks_is_a_whole_change_that_is_tried_and_handed_in(reply: str) -> None:
    ask = Scripted(reply, evaluate=better)
    answer = agent.main.propose(message(), ask)
    assert len(ask.chats) == 1 and answer["programs"] == 3 and answer["why"] is None
    made = answer["proposals"][0]
    assert [edit["after"] for edit in made["edits"]] == ["def pack(items):\n    return sorted(items)\n"]
    assert "mean score 0.417 -> 0.583" in made["reason"]


def test_bare_blocks_that_score_no_higher_are_taken_back_and_the_model_may_try_again() -> None:
    worse = change("    return items", "    return items[:0]")
    ask = Scripted(NAMED + worse, NAMED + GOOD, evaluate=better)
    answer = agent.main.propose(message(), ask)
    assert "It is no better, so it is taken back" in ask.told(1) and len(ask.evaluated) == 2
    assert [edit["after"] for edit in answer["proposals"][0]["edits"]] == ["def pack(items):\n    return sorted(items)\n"]


def test_bare_blocks_are_for_the_only_file_that_may_be_edited_else_for_the_one_that_is_named() -> None:
    one = {**TARGET, "surfaces": {"code": ["solution.py"]}}
    assert len(agent.main.propose(message(target=one), Scripted(GOOD, evaluate=better))["proposals"]) == 1
    for words in ("", "For my-solution.py.\n", "For solution.py and tips.md.\n", "For prepare.py.\n"):
        ask = Scripted(*[words + GOOD] * 9, evaluate=better)
        assert agent.main.propose(message(), ask)["proposals"] == [] and ask.evaluated == []
        assert "it does not say which file it is for" in ask.told(1) and "['solution.py', 'tips.md']" in ask.told(1)


def test_bare_blocks_that_do_not_fit_or_cannot_be_tried_are_of_no_use_and_ones_that_nobody_tries_are_handed_in() -> None:
    ask = Scripted(*[NAMED + change("    return item", "    pass")] * 9, evaluate=better)
    assert agent.main.propose(message(), ask)["proposals"] == [] and "the nearest to its first line is line 2" in ask.told(1)
    ask = Scripted(*[NAMED + GOOD] * 9)
    answer = agent.main.propose(message(), ask)
    assert answer["proposals"] == [] and len(ask.chats) == 4 and "it was not run: nothing is evaluated here" in answer["why"]
    assert len(agent.main.propose(message(findings=[]), Scripted(NAMED + GOOD))["proposals"]) == 1


def test_cases_that_show_the_same_are_tried_once_unless_they_are_asked_for() -> None:
    twins = [{**FINDINGS[0], "case": k} for k in range(3)]
    results = [{"score": 0.75, "output": 0, "label": "ran", "feedback": "", "error": ""}] * 2
    replies = block("edit solution.py", GOOD) + "\n" + block("evaluate"), block("evaluate", "0, 2"), FINISH
    ask = Scripted(*replies, evaluate=lambda asked: {"results": results, "left": 40})
    agent.main.propose(message(findings=[*twins, {**FINDINGS[0], "case": 3, "score": 0.5}]), ask)
    assert [one["cases"] for one in ask.evaluated] == [[0, 3], [0, 2]]
