"""Which agent is asked next: worlds in which it is known what an agent's changes bring and cost."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from rsi.kernel.judge import Credit, choose


@dataclass(frozen=True)
class Worker:
    """An agent as it truly is: how often a change of its is kept, what a kept one gains, how many a pass brings, what a pass costs."""

    kept: float
    gain: float
    changes: int = 3
    programs: int = 400

    @property
    def worth(self) -> float:
        """Gain per program."""
        return self.kept * self.gain * self.changes / self.programs

    def passed(self, credit: Credit, rng: random.Random) -> Credit:
        """Its record after one more pass."""
        kept = sum(rng.random() < self.kept for _ in range(self.changes))
        gain = sum(rng.expovariate(1 / self.gain) for _ in range(kept))
        return Credit(
            passes=credit.passes + 1,
            changes=credit.changes + self.changes,
            kept=credit.kept + kept,
            gain=credit.gain + gain,
            programs=credit.programs + self.programs,
        )


World = Callable[[int], dict[str, Worker]]
GOOD, WEAK, NOTHING = Worker(0.35, 0.03), Worker(0.05, 0.02), Worker(0.0, 0.01)
DEAR = replace(GOOD, programs=4_000)


def played(world: dict[str, Worker], passes: int, rng: random.Random, credits: dict[str, Credit] | None = None) -> list[str]:
    """Who is asked in a run of so many passes."""
    known = dict(credits or {})
    asked = []
    for _ in range(passes):
        name = choose(list(world), known, rng)
        known[name] = world[name].passed(known.get(name, Credit()), rng)
        asked.append(name)
    return asked


def share(name: str, world: dict[str, Worker], runs: int, passes: int = 40, **more: dict[str, Credit]) -> float:
    """The share of the second half of all passes in which it is asked, over many runs."""
    every = Counter[str]()
    for seed in range(runs):
        every.update(played(world, passes, random.Random(f"{name} {seed}"), **more)[passes // 2 :])
    return every[name] / every.total()


@pytest.mark.statistical
@pytest.mark.parametrize("other", [WEAK, NOTHING, DEAR])
def test_the_agent_that_gains_more_for_what_it_costs_is_asked_most(other: Worker, repetitions: Callable[..., int]) -> None:
    runs = repetitions(200, least=60)
    assert share("good", {"other": other, "good": GOOD}, runs) > 0.75


@pytest.mark.slow
@pytest.mark.statistical
def test_nobody_is_starved(repetitions: Callable[..., int]) -> None:
    runs = repetitions(200, least=60)
    for other in (WEAK, NOTHING):
        asked = [played({"good": GOOD, "other": other}, 60, random.Random(seed)).count("other") for seed in range(runs)]
        assert min(asked) >= 1 and sum(asked) / runs >= 2.5


@pytest.mark.slow
@pytest.mark.statistical
def test_an_agent_that_was_unlucky_at_first_comes_back(repetitions: Callable[..., int]) -> None:
    unlucky = {"good": Credit(passes=2, changes=6, programs=800), "weak": Credit(passes=2, changes=6, kept=1, gain=0.02, programs=800)}
    assert share("good", {"good": GOOD, "weak": WEAK}, repetitions(200, least=60), passes=60, credits=unlucky) > 0.65


@pytest.mark.slow
@pytest.mark.statistical
def test_among_equals_no_place_in_the_list_is_worth_anything(repetitions: Callable[..., int]) -> None:
    runs = repetitions(400, least=100)
    firsts = share("a", {"a": GOOD, "b": GOOD}, runs)
    assert 0.38 < firsts < 0.62
    assert 0.38 < share("a", {"a": NOTHING, "b": NOTHING}, runs) < 0.62


@pytest.mark.statistical
def test_a_run_gains_more_than_one_that_takes_turns(repetitions: Callable[..., int]) -> None:
    world = {"weak": WEAK, "dear": DEAR, "good": GOOD, "nothing": NOTHING}
    ours = turns = 0.0
    for seed in range(repetitions(200, least=60)):
        ours += _gained(world, played(world, 40, random.Random(seed)))
        turns += _gained(world, [list(world)[k % 4] for k in range(40)])
    assert ours > 1.8 * turns


def _gained(world: dict[str, Worker], asked: list[str]) -> float:
    """Expected gain per program spent."""
    return sum(world[name].worth * world[name].programs for name in asked) / sum(world[name].programs for name in asked)


def test_whoever_was_never_asked_comes_first_in_their_order_and_chance_comes_from_the_generator_alone() -> None:
    rng = random.Random(1)
    assert choose(["a", "b"], {}, rng) == "a"
    assert choose(["a", "b"], {"a": Credit(passes=1, changes=1, programs=10)}, rng) == "b"
    known = {name: Credit(passes=3, changes=6, kept=1, gain=0.01, programs=900) for name in "ab"}
    drawn = [[choose(["a", "b"], known, random.Random(seed)) for seed in range(30)] for _ in range(2)]
    assert drawn[0] == drawn[1] and set(drawn[0]) == {"a", "b"}
