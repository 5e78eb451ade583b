"""The numbers of a file and how to tune them without a model: one after the other first, then all together.

A number is found by its place in the text, in Python on the syntax tree, elsewhere as a token outside of quotes and comments. A point
is a list of steps, one for each number, 0 where it stands now; `value_at` says what number a step stands for.
"""

import ast
import math
import re
from typing import NamedTuple

from cma import Cma
from edits import sites

TOKENS = re.compile(
    r"""(?P<skip>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?:\#|//)[^\n]*)|(?P<number>(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))"""
)
MOST = 16
TRIALS_EACH = 4
SPANS = 3.0
FAR = 12.0
STEP = 1.0
GROWN = 2.0
SMALLEST_STEP, LARGEST_STEP = 0.01, 4.0
LEAST_SWEEP = 1e-4
DIGITS = 6
START = "EVOLVE-BLOCK-START"
END = "EVOLVE-BLOCK-END"


class Number(NamedTuple):
    """A number in a text: `tight` where a negative one needs parentheses, `weight` how likely it is worth tuning."""

    start: int
    end: int
    value: float
    label: str
    tight: bool
    weight: float


def numbers(path, text):
    """The numbers of a file that may be tuned, in their order."""
    found = _in_python(text) if path.endswith(".py") else _in_text(text)
    allowed = blocks(text)
    return [one for one in found if any(start <= one.start and one.end <= end for start, end in allowed)]


def blocks(text):
    """The parts of a text that may be edited: between the marks of a block to evolve, or all of it where there is no mark."""
    found, at = [], 0
    while (start := text.find(START, at)) >= 0:
        end = text.find(END, start)
        at = end if end >= 0 else len(text)
        found.append((start, at))
    return found or [(0, len(text))]


def _in_python(text):
    try:
        places = sites(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found = {}
    for site in places:
        if site.family == "number":
            value = ast.literal_eval(site.old)
            tight = any(option.startswith("(-") for option in site.options)
            named = site.function.split(".")[-1].isupper()
            found[site.start] = Number(site.start, site.end, value, site.function, tight, _weight(value, named))
    return [found[start] for start in sorted(found)]


def _in_text(text):
    found = []
    for token in TOKENS.finditer(text):
        if token["number"]:
            written = token["number"]
            value = float(written) if set(written) & set(".eE") else int(written)
            label = text[text.rfind("\n", 0, token.start()) + 1 : token.start()].strip(" \t\",:=[{")
            found.append(Number(token.start(), token.end(), value, label[-40:], False, _weight(value, True)))
    return found


def _weight(value, named):
    weight = 3.0 if isinstance(value, float) else 1.5 if abs(value) > 2 else 0.4
    return weight * (2.0 if named else 1.0)


def chosen(found, trials, rng):
    """The numbers to tune with so many trials: all, or some that are drawn by their weights."""
    most = max(1, min(MOST, trials // TRIALS_EACH))
    if len(found) <= most:
        return list(found)
    keys = {one: rng.random() ** (1 / one.weight) for one in found}
    return sorted(sorted(found, key=keys.get)[-most:], key=lambda one: one.start)


def value_at(number, step):
    """Up it doubles with each step, down it goes straight on through zero; from zero it grows both ways."""
    step = max(-FAR, min(FAR, step))
    old = number.value
    if old:
        new = old * 2.0**step if step > 0 else old * (1 + step * math.log(2))
    else:
        new = math.copysign(2.0 ** abs(step) - 1, step)
    return round(new) if isinstance(old, int) else new


def written(text, found, point):
    """The text with every number at its step; one that does not move stays as it is written."""
    for number, step in sorted(zip(found, point), key=lambda pair: -pair[0].start):
        new = value_at(number, step)
        if new != number.value:
            shown = str(new) if isinstance(new, int) else _short(new, number.value)
            shown = f"({shown})" if number.tight and shown[0] == "-" else shown
            text = text[: number.start] + shown + text[number.end :]
    return text


def _short(new, old):
    """A number with no more digits than say something."""
    size = max(abs(new), abs(old), 1e-9)
    digits = max(0, 3 - math.floor(math.log10(size)))
    return repr(float(f"{new:.{DIGITS}g}") if digits > DIGITS else round(float(new), digits))


def tune(size, value, rng, left, step=STEP, noisy=False):
    """The best point, its value, and the step that the search ended with.

    `value(point)` gives a score, higher is better, or None where it cannot be had any more; `left()` the trials that remain. Sweeps over
    the numbers one by one while they pay, then a distribution over all of them. Where the same point scores now this, now that, a sweep
    would run after luck: there it is the distribution from the start, and the answer is its middle.
    """
    if noisy:
        return middle(size, value, rng, left, step)
    search = Search(size, value, left)
    if search.here is None:
        return [0.0] * size, None, step
    steps, before = [step] * size, None
    while left() > 2 and not search.over and (before is None or search.here > before + LEAST_SWEEP):
        before = search.here
        for i in rng.sample(range(size), size):
            steps[i] = search.along(i, steps[i], rng)
    step = max(SMALLEST_STEP, min(LARGEST_STEP, sum(steps) / size))
    search.together(step, rng)
    return search.point, search.here, step


def middle(size, value, rng, left, step):
    """Where a distribution has moved to when the trials are spent; its value is not known."""
    search = Cma([0.0] * size, step / 2, rng)
    while left() >= search.points:
        points = search.drawn()
        values = [value(point) for point in points]
        if None in values:
            break
        search.told(points, values)
    return search.mean, None, max(SMALLEST_STEP, min(LARGEST_STEP, 2 * search.step))


class Search:
    """The best point so far; `here` is its value."""

    def __init__(self, size, value, left):
        self.value, self.left, self.over = value, left, False
        self.point = [0.0] * size
        self.here = value(self.point)

    def at(self, point):
        found = None if self.over else self.value(point)
        self.over = found is None
        if found is not None and found > self.here:
            self.point, self.here = list(point), found
        return found

    def along(self, i, step, rng):
        """Look one number up and down and go to the top of the parabola through what was seen; gives the next step for it."""
        origin, seen = list(self.point), {self.point[i]: self.here}

        def at(place):
            value = self.at([*origin[:i], place, *origin[i + 1 :]])
            if value is not None:
                seen[place] = value

        centre, move = origin[i], step * rng.choice((-1, 1))
        at(centre + move)
        if self.left() > 0:
            at(centre + GROWN * move if self.point[i] != centre else centre - move)
        top = summit(seen, abs(move))
        if self.left() > 0 and top is not None and all(abs(top - place) > 0.05 * step for place in seen):
            at(top)
        moved = abs(self.point[i] - centre)
        return max(SMALLEST_STEP, min(LARGEST_STEP, moved or step / 3))

    def together(self, step, rng):
        """What is left goes to a distribution around the best point."""
        if len(self.point) < 2 or self.left() < 4:
            return
        search = Cma(self.point, step / 2, rng)
        while self.left() >= search.points:
            points = search.drawn()
            values = [self.at(point) for point in points]
            if None in values:
                return
            search.told(points, values)


def summit(seen, step):
    """The top of the parabola through three values, not farther than a few steps outside; beyond the best where it has no top."""
    if len(seen) < 3:
        return None
    (a, fa), (b, fb), (c, fc) = sorted(seen.items())[:3]
    rise, next_rise = (fb - fa) / (b - a), (fc - fb) / (c - b)
    bend = (next_rise - rise) / (c - a)
    if bend < 0:
        return max(a - SPANS * step, min(c + SPANS * step, (a + b) / 2 - rise / (2 * bend)))
    if fa == fb == fc:
        return None
    return c + GROWN * step if fc > fa else a - GROWN * step
