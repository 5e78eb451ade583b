"""Small programs with room for improvement, and a kernel that scores them: what the gym is, on a thumbnail."""

import ast
import json
import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from tests.seed_agent import variant

PASSES = 4000
Score = Callable[[Any, Any], float]

PACKING = """
LOOK_BACK = 1
SLACK = 3


def pack(items, capacity):
    loads = []
    places = []
    for item in items:
        best = -1
        for k in range(len(loads)):
            if len(loads) - k <= LOOK_BACK and loads[k] + item + SLACK <= capacity:
                if best < 0 or loads[k] < loads[best]:
                    best = k
        if best < 0:
            loads.append(0)
            best = len(loads) - 1
        loads[best] += item
        places.append(best)
    return places
"""

FORECAST = """
LEVEL_RATE = 0.9
TREND_RATE = 0.0
DAMPING = 0.5


def forecast(values):
    level = values[0]
    trend = 0.0
    for value in values[1:]:
        error = value - (level + trend)
        if abs(error) > 0.5:
            error = error * 0.5
        level = level + trend + LEVEL_RATE * error
        trend = DAMPING * trend + TREND_RATE * error
    return level + trend
"""

KNAPSACK = """
def worth(value, weight):
    return value


def density(value, weight):
    return value / weight


def choose(items, capacity):
    order = sorted(range(len(items)), key=lambda k: -worth(items[k][0], items[k][1]))
    taken = []
    used = 0
    for k in order:
        if len(taken) < 6 and items[k][1] < 14 and used + items[k][1] < capacity - 10:
            taken.append(k)
            used += items[k][1]
    return taken
"""

DESCENT = """
STEP = 0.01
MOMENTUM = 0.0
ROUNDS = 12


def minimise(curvature, point):
    speed = [0.0] * len(point)
    for _ in range(min(ROUNDS, 12)):
        for k in range(len(point)):
            slope = 2 * curvature[k] * point[k]
            speed[k] = MOMENTUM * speed[k] - STEP * slope
            if abs(speed[k]) < 0.5:
                point[k] = point[k] + speed[k]
    return point
"""

STOCK = """
LOW = 5
AIM = 10


def order(stock, history):
    recent = history[-2:]
    usual = sum(recent) / max(1, len(recent))
    if stock > LOW:
        return 0
    return AIM - stock + usual * 0
"""

STOPPING = """
def stop(values):
    best = 0
    waited = len(values) // 20
    for k in range(len(values)):
        if k < waited:
            best = max(best, values[k])
        elif values[k] > best * 0.8:
            return k
    return len(values) - 1
"""


def _packed(program: Any, rng: random.Random) -> float:
    items, capacity = [rng.randint(8, 60) for _ in range(30)], 100
    places = program["pack"](list(items), capacity)
    loads: dict[int, int] = {}
    for item, place in zip(items, places, strict=True):
        loads[place] = loads.get(place, 0) + item
    if max(loads.values()) > capacity:
        raise ValueError("a bin is too full")
    return 1 - (len(loads) / (sum(items) / capacity) - 1.05) / 0.6


def _forecast(program: Any, rng: random.Random) -> float:
    slope, level, values = rng.uniform(-0.5, 0.5), rng.uniform(-3, 3), []
    for k in range(24):
        values.append(level + slope * k + rng.gauss(0, 1.0))
    errors = [abs(program["forecast"](values[:k]) - (level + slope * k)) for k in range(8, 24, 3)]
    return 1 - sum(errors) / len(errors) / 1.5


def _knapsack(program: Any, rng: random.Random) -> float:
    items, capacity = [(rng.randint(1, 40), rng.randint(4, 30)) for _ in range(25)], 100
    taken = program["choose"]([list(item) for item in items], capacity)
    if sum(items[k][1] for k in set(taken)) > capacity:
        raise ValueError("too heavy")
    share = sorted(items, key=lambda item: -item[0] / item[1])
    bound, left = 0.0, capacity
    for value, weight in share:
        part = min(weight, left)
        bound, left = bound + value * part / weight, left - part
    return (sum(items[k][0] for k in set(taken)) / bound - 0.4) / 0.6


def _descent(program: Any, rng: random.Random) -> float:
    curvature = [0.1 * 30 ** rng.random() for _ in range(4)]
    start = [rng.uniform(-4, 4) for _ in range(4)]
    end = program["minimise"](list(curvature), list(start))
    before, after = (sum(c * x * x for c, x in zip(curvature, point, strict=True)) for point in (start, end))
    return math.log(before / max(after, 1e-6)) / 9


def _stock(program: Any, rng: random.Random) -> float:
    stock, history, cost, mean = 10.0, [], 0.0, rng.uniform(3, 9)
    for _ in range(25):
        wanted = max(0, round(rng.gauss(mean, 2)))
        stock += min(60.0, max(0.0, float(program["order"](stock, list(history)))))
        cost += 3.0 * max(0.0, wanted - stock) + 0.5 * max(0.0, stock - wanted)
        stock = max(0.0, stock - wanted)
        history.append(wanted)
    return 1 - (cost / 25 - 1.3) / 4


def _stopping(program: Any, rng: random.Random) -> float:
    values = [rng.random() for _ in range(40)]
    return float(values[program["stop"](list(values))] / max(values))


TOYS: dict[str, tuple[str, str, Callable[[Any, random.Random], float]]] = {
    "packing": (PACKING, "pack", _packed),
    "forecast": (FORECAST, "forecast", _forecast),
    "knapsack": (KNAPSACK, "choose", _knapsack),
    "descent": (DESCENT, "minimise", _descent),
    "stock": (STOCK, "order", _stock),
    "stopping": (STOPPING, "stop", _stopping),
}
FAILURES = (ArithmeticError, AttributeError, LookupError, NameError, RecursionError, TypeError, ValueError, SyntaxError, variant.Broken)


def questions(names: Sequence[str] = tuple(TOYS), instances: int = 24) -> list[dict[str, Any]]:
    """What the improver is told of the toy problems."""
    return [
        {"id": name, "problem": name, "text": name, "source": TOYS[name][0], "entry": TOYS[name][1], "instances": instances}
        for name in names
    ]


@lru_cache(maxsize=64)
def _compiled(source: str) -> CodeType:
    return compile(variant.counted(ast.parse(source)), "<toy>", "exec")


def score(name: str, source: str, instance: int) -> float | None:
    """A program on one instance; None where it fails or takes too long."""
    passes = variant.Passes(PASSES)
    program: dict[str, Any] = variant.given(passes)
    try:
        exec(_compiled(source), program)  # noqa: S102 - a toy program of a test
        value = float(TOYS[name][2](program, random.Random(f"{name} {instance}")))
    except FAILURES:
        return None
    return min(1.0, max(0.0, value)) if value == value else None


def worth(name: str, source: str, first: int = 1000, count: int = 60) -> float:
    """The score of a program on hidden instances."""
    found = [score(name, source, k) for k in range(first, first + count)]
    return sum(one or 0.0 for one in found) / count


class Kernel:
    """Answers `ask` as the kernel does: plain JSON, counted, nothing beyond the budget."""

    def __init__(self, asked: Sequence[dict[str, Any]], budget: int) -> None:
        """For the problems of one message."""
        self.questions, self.left, self.asked = asked, budget, 0
        self.refused = 0
        self.known: dict[tuple[str, str, int], float | None] = {}

    def __call__(self, message: Any) -> Any:
        """One request."""
        given = json.loads(json.dumps(message, allow_nan=False))
        question = self.questions[given["problem"]]
        cost = len(given["sources"]) * len(given["instances"])
        if cost > self.left:
            self.refused += 1
            return {"error": "more is asked than is left", "left": self.left}
        assert all(0 <= k < question["instances"] for k in given["instances"])
        self.left -= cost
        self.asked += cost
        rows = [[self._score(question["problem"], source, k) for k in given["instances"]] for source in given["sources"]]
        return {"scores": rows, "left": self.left}

    def _score(self, name: str, source: str, instance: int) -> float | None:
        key = name, source, instance
        if key not in self.known:
            self.known[key] = score(name, source, instance)
        return self.known[key]
