"""Which agent is asked next."""

import random
from collections import Counter

from rsi.kernel.judge import Credit, choose

GOOD = Credit(passes=10, changes=20, kept=10, gain=0.4, programs=1_000)
IDLE = Credit(passes=10, changes=20, kept=0, gain=0.0, programs=1_000)


def shares(credits: dict[str, Credit]) -> Counter[str]:
    rng = random.Random(5)
    return Counter(choose(list(credits), credits, rng) for _ in range(400))


def test_whoever_was_never_asked_goes_first_in_order() -> None:
    rng = random.Random(1)
    assert (
        choose(["a", "b", "c"], {"a": GOOD}, rng) == "b" and choose(["a", "b"], {}, rng) == "a" and choose(["a"], {"a": IDLE}, rng) == "a"
    )


def test_the_one_that_gains_more_is_asked_more_and_the_other_not_forgotten_at_once() -> None:
    asked = shares({"good": GOOD, "idle": IDLE})
    assert asked["good"] > 300
    early = shares(
        {"good": Credit(passes=1, changes=2, kept=1, gain=0.03, programs=100), "idle": Credit(passes=1, changes=2, programs=100)}
    )
    assert early["idle"] > 40


def test_of_two_that_gain_the_same_the_cheaper_one_is_asked_more() -> None:
    dear = Credit(passes=10, changes=20, kept=10, gain=0.4, programs=10_000)
    assert shares({"dear": dear, "cheap": GOOD})["cheap"] > 300


def test_the_same_luck_makes_the_same_choices() -> None:
    credits = {"good": GOOD, "idle": IDLE}
    runs = [[choose(["good", "idle"], credits, rng) for _ in range(20)] for rng in (random.Random(7), random.Random(7))]
    assert runs[0] == runs[1]


def test_simulated_agents_share_passes_by_what_they_are_worth() -> None:
    rng, luck = random.Random(3), random.Random(4)
    chances = {"strong": 0.5, "weak": 0.1, "none": 0.0}
    known = dict.fromkeys(chances, Credit())
    for _ in range(150):
        name = choose(list(known), known, rng)
        kept = luck.random() < chances[name]
        old = known[name]
        known[name] = Credit(
            passes=old.passes + 1, changes=old.changes + 1, kept=old.kept + kept, gain=old.gain + 0.02 * kept, programs=old.programs + 100
        )
    assert known["strong"].passes > 90 > known["weak"].passes > 0 and known["none"].passes < 30
