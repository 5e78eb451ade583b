"""Trials of a candidate that asks language models: each case has its own requests, the kernel counts them, records stay here."""

from collections.abc import Mapping

import pytest

from rsi.core.errors import Halted
from rsi.core.protocols import Limits
from rsi.core.records import CandidateId, Case, CaseId, Json, Manifest, Outcome, Pool, Trial
from rsi.kernel.evaluate import Chats, load_manifest, run_block
from rsi.suites import secret_seeds, suite
from rsi.testing.fake_jail import InProcessJail
from rsi.testing.gateway import ScriptedGateway

MANIFEST = Manifest(name="toy", entry="agent", surfaces={}, models=True)
AGENT = b"""\
def solve(message, ask=None):
    if ask is None:
        return {"answers": [{"answer": None, "programs": 0} for _ in message["cases"]]}
    said = []
    for _ in range(message["cases"][0]["wants"]):
        body = {"messages": [{"role": "user", "content": str(message["cases"][0]["id"])}]}
        said.append(ask({"chat": body}))
    assert all("called" not in one for one in said)
    good = [one["chat"]["choices"][0]["message"]["content"] for one in said if "chat" in one]
    if not good:
        return {"answers": [{"answer": "# " + str(said[-1:]), "programs": 1}]}
    return {"answers": [{"answer": good[-1], "programs": len(good)}]}
"""


def case(number: int, wants: int) -> Case:
    return Case(
        id=CaseId(f"case {number}"),
        family="easy",
        pool=Pool.JUDGE,
        question={"id": number, "wants": wants},
        probes=[[1], [2]],
        expected=[[number], [number]],
    )


def says(body: Mapping[str, Json]) -> str:
    messages = body["messages"]
    assert isinstance(messages, list) and isinstance(messages[0], dict)
    return f"def f(xs):\n    return [{messages[0]['content']}]"


def block(wants: list[int], *, chats: Chats | None, manifest: Manifest = MANIFEST, files: bytes = AGENT) -> list[Trial]:
    trials, _ = run_block(
        InProcessJail(),
        suite=suite("list_functions", secret_seeds(1)),
        candidate=CandidateId("c"),
        files={"agent.py": files},
        manifest=manifest,
        cases=[case(number, wish) for number, wish in enumerate(wants)],
        programs=10,
        seed=3,
        limits=Limits(wall_s=20),
        chats=chats,
    )
    return trials


def test_each_case_is_answered_with_models_in_a_call_of_its_own() -> None:
    gateway = ScriptedGateway(says)
    chats = Chats(gateway=gateway, purpose="trials 7", most=4)
    trials = block([1, 2, 3], chats=chats)
    assert [(trial.score, trial.programs) for trial in trials] == [(1.0, 1), (1.0, 2), (1.0, 3)]
    assert gateway.purposes == ["trials 7"] * 6 and len(chats.called) == 6
    assert all(isinstance(one, dict) and one["model"] == "scripted" for one in chats.called)


def test_no_case_gets_more_requests_than_its_own_and_none_lives_on_anothers() -> None:
    gateway = ScriptedGateway(says)
    trials = block([0, 50, 2], chats=Chats(gateway=gateway, purpose="trials", most=2))
    assert [trial.programs for trial in trials] == [1, 2, 2] and len(gateway.bodies) == 4
    assert trials[0].score is None and trials[1].score == 1.0


def test_a_candidate_that_does_not_ask_for_models_gets_none_and_one_that_does_gets_none_where_there_are_none() -> None:
    gateway = ScriptedGateway(says)
    plain = Manifest(name="toy", entry="agent", surfaces={})
    assert [trial.label for trial in block([1, 1], chats=Chats(gateway=gateway, purpose="", most=9), manifest=plain)] == ["not found"] * 2
    assert [trial.label for trial in block([1, 1], chats=None)] == ["not found"] * 2
    assert gateway.bodies == []


def test_a_case_over_which_the_candidate_crashes_costs_the_others_nothing() -> None:
    files = AGENT.replace(b"    said = []\n", b"    said = []\n    assert message['cases'][0]['id'] != 1\n")
    trials = block([1, 1, 1], chats=Chats(gateway=ScriptedGateway(says), purpose="", most=9), files=files)
    assert [trial.outcome for trial in trials] == [Outcome.ANSWERED, Outcome.CRASHED, Outcome.ANSWERED]


def test_only_chats_are_answered_and_each_call_begins_with_its_whole_allowance() -> None:
    chats = Chats(gateway=ScriptedGateway(["hi"]), purpose="", most=1)
    request: Json = {"chat": {"messages": [{"role": "user", "content": "x"}]}}
    for _ in range(2):
        serve = chats.call()()
        others: list[Json] = [None, [], {"evaluate": {}}, {"chat": {}, "more": 1}]
        for question in others:
            assert serve(question) == {"error": {"type": "bad_request", "message": "only a question {'chat': request} is answered here"}}
        first, second = serve(request), serve(request)
        assert isinstance(first, dict) and set(first) == {"chat"}
        assert second == {"error": {"type": "budget", "message": "all 1 requests of this call are used"}}


def test_nothing_is_scored_where_models_fail_for_a_reason_that_is_not_the_candidates() -> None:
    chats = Chats(gateway=ScriptedGateway(says, calls=2), purpose="trials", most=4)
    block([1, 1], chats=chats)
    chats.hold()
    block([1], chats=chats)
    with pytest.raises(Halted, match="budget: all 2 calls of the budget are used.*same command again"):
        chats.hold()


def test_a_request_that_no_model_takes_and_one_too_many_are_the_candidates_own_affair() -> None:
    chats = Chats(gateway=ScriptedGateway(says), purpose="trials", most=1)
    serve = chats.call()()
    refused = serve({"chat": {"messages": "none"}})
    assert isinstance(refused, dict) and isinstance(refused["error"], dict) and refused["error"]["type"] == "bad_request"
    chats.hold()
    block([5], chats=chats)
    chats.hold()


def test_a_tree_says_in_its_manifest_whether_it_asks_models() -> None:
    manifest = 'name = "toy"\nentry = "agent"\nmodels = true\n[surfaces]\n'
    assert load_manifest({"rsi-agent.toml": manifest.encode(), "agent.py": b""}).models
    assert not load_manifest({"rsi-agent.toml": manifest.replace("true", "false").encode(), "agent.py": b""}).models


def test_a_call_that_is_tried_again_has_the_same_conversation_and_pays_for_it_once() -> None:
    texts = iter(["one", "two", "three"])
    gateway = ScriptedGateway(lambda body: next(texts))
    chats = Chats(gateway=gateway, purpose="job", most=9)
    serving = chats.call()
    hello: Json = {"chat": {"messages": [{"role": "user", "content": "Hello?"}]}}
    first = serving()
    told = [first(hello), first(hello)]
    again = serving()
    assert [again(hello), again(hello)] == told and len(gateway.bodies) == len(chats.called) == 2
    assert again(hello) not in told and chats.call()()({"chat": None}) != told[0]
