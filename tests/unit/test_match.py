"""Two versions run against each other on the same cases."""

import threading
from dataclasses import replace

import pytest

from rsi.config import RunConfig
from rsi.core.errors import Halted, UserError
from rsi.core.protocols import Files
from rsi.core.records import Outcome
from rsi.kernel.judge import Comparison, Finding
from rsi.loop.match import Side, match
from rsi.suites import secret_seeds
from rsi.testing.toy import ToySuite, toy_agent, toy_config, toy_parts

CONFIG = toy_config(seed=5)


class TwentyCases(ToySuite):
    def cases(self, pool, start, count):  # type: ignore[no-untyped-def]
        return super().cases(pool, start, max(0, min(count, 20 - start)))


class Hidden(ToySuite):
    @property
    def required_tier(self) -> str:
        return "S2"


def sides(a: Files, b: Files, suite: type[ToySuite] | None = None, config: RunConfig = CONFIG) -> tuple[Side, Side]:
    parts = toy_parts(config)
    if suite is not None:
        parts = replace(parts, suite=suite(secret_seeds(1)))
    return Side(name="a", files=a, build_seed=1, parts=parts), Side(name="b", files=b, build_seed=1, parts=parts)


def matched(
    pair: tuple[Side, Side], *, pairs: int = 300, workers: int = 1, stop: threading.Event | None = None
) -> tuple[Finding, Comparison, list[int]]:
    judge, seen = Comparison(alpha=0.05, max_pairs=pairs), list[int]()
    found = match(
        pair, CONFIG, judge, most=pairs, workers=workers, stop=stop or threading.Event(), observer=lambda j: seen.append(j.effect.pairs)
    )
    return found, judge, seen


@pytest.mark.parametrize(("a", "b", "finding"), [(0.2, 0.7, Finding.BETTER), (0.7, 0.2, Finding.WORSE), (0.4, 0.4, Finding.NOT_SHOWN)])
def test_the_better_of_two_versions_is_found_and_twins_are_not_told_apart(a: float, b: float, finding: Finding) -> None:
    pair = sides(toy_agent(a), toy_agent(b))
    found, judge, seen = matched(pair)
    assert found is finding and seen == sorted(seen) and seen[-1] == judge.effect.pairs
    assert (judge.effect.pairs == 300) == (finding is Finding.NOT_SHOWN)
    assert pair[0].scores.keys() == pair[1].scores.keys() and len(pair[0].trials) == judge.effect.pairs


def test_what_is_found_does_not_depend_on_the_number_of_workers() -> None:
    results = []
    for workers in (1, 3):
        pair = sides(toy_agent(0.2), toy_agent(0.5))
        results.append((matched(pair, workers=workers)[0], pair[0].scores, pair[1].scores))
    assert results[0] == results[1]


def test_a_version_that_crashes_scores_nothing_and_loses() -> None:
    broken = {"main.py": toy_agent()["main.py"].replace(b"def solve(payload):\n", b"def solve(payload):\n    1 / 0\n")}
    pair = sides(toy_agent(0.6), toy_agent(0.6, broken))
    assert matched(pair)[0] is Finding.WORSE and pair[1].ended(Outcome.CRASHED) == len(pair[1].trials)


def test_a_version_that_does_not_build_is_named() -> None:
    with pytest.raises(UserError, match="b does not build: crashed"):
        matched(sides(toy_agent(), toy_agent(replaced={"bonus.py": b"BONUS = 1 / 0\n"})))


def test_a_finite_suite_ends_the_comparison_with_its_last_case() -> None:
    found, judge, _ = matched(sides(toy_agent(0.4), toy_agent(0.4), TwentyCases))
    assert found is Finding.NOT_SHOWN and judge.effect.pairs == 20


def test_a_jail_that_is_too_weak_for_the_suite_is_refused() -> None:
    with pytest.raises(UserError, match="asks for a jail of tier S2, and this one is S0"):
        matched(sides(toy_agent(), toy_agent(), Hidden))


def test_a_comparison_that_is_stopped_says_so() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Halted):
        matched(sides(toy_agent(), toy_agent()), stop=stop)
