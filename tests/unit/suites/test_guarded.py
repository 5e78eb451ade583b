"""A suite with a safety suite beside it, and the basics as one."""

from rsi.core.records import Case, Pool
from rsi.suites import Guarded, ListFunctions, secret_seeds, suite
from rsi.testing.toy import ToySuite

SEEDS = secret_seeds(5)


class Strict(ListFunctions):
    """Asks for a stronger jail."""

    @property
    def required_tier(self) -> str:
        return "S3"


def test_the_basics_are_the_easiest_level_alone_under_the_same_rules() -> None:
    basics = suite("list_functions_basics", SEEDS)
    assert basics.name == "list_functions_basics"
    assert {case.family for case in basics.cases(Pool.SAFETY, 0, 40)} == {"level 1"}
    batch = basics.practice_batch(0, 20)
    assert isinstance(batch, dict) and {task["family"] for task in batch["tasks"]} == {"level 1"}  # type: ignore[call-overload, index, union-attr]


def test_only_safety_cases_come_from_the_safety_suite_and_each_is_scored_by_its_own() -> None:
    judged, safety = suite("list_functions", SEEDS), ToySuite(SEEDS, "safety")
    both = Guarded(judged, safety)
    assert list(both.cases(Pool.SAFETY, 3, 5)) == list(safety.cases(Pool.SAFETY, 3, 5))
    for pool in set(Pool) - {Pool.SAFETY}:
        assert list(both.cases(pool, 3, 5)) == list(judged.cases(pool, 3, 5))
    cases: list[Case] = [both.cases(pool, 0, 1)[0] for pool in (Pool.JUDGE, Pool.SAFETY)]
    assert [both.score(case, "an answer", case.expected).value for case in cases] == [1.0, 1.0]
    assert both.name == judged.name and both.practice_batch(2, 9) == judged.practice_batch(2, 9)


def test_no_question_of_the_main_suite_stands_among_the_safety_cases() -> None:
    both = Guarded(suite("list_functions", SEEDS), suite("list_functions_basics", SEEDS))
    asked = {repr(case.question["examples"]) for pool in (Pool.JUDGE, Pool.SEALED, Pool.CALIBRATION) for case in both.cases(pool, 0, 60)}  # type: ignore[call-overload, index]
    assert asked.isdisjoint(repr(case.question["examples"]) for case in both.cases(Pool.SAFETY, 0, 60))  # type: ignore[call-overload, index]


def test_the_stronger_jail_of_both_is_asked_for() -> None:
    assert Guarded(ToySuite(SEEDS), ListFunctions(SEEDS)).required_tier == "S2"
    assert Guarded(Strict(SEEDS), ListFunctions(SEEDS)).required_tier == "S3"
