"""Tree-structured Parzen estimators (Bergstra et al. 2011) on the numbers of the program; its structure stays as it is."""

import ast
import math

from edits import sites

STARTERS = 10
GOOD = 0.25
DRAWS = 24
SPAN = 3.0
WIDEST, NARROWEST = 1.0, 0.1


def search(desk):
    places = numbers(desk.start.source)
    if not places:
        return
    origin = [0.0] * len(places)
    tried = [(desk.value(desk.start), origin)]
    while True:
        point = None
        source = None
        for _ in range(30):
            point = drawn(tried, len(places), desk.rng)
            source = written(desk.start.source, places, point)
            if source not in desk.seen:
                break
        if source in desk.seen:
            return
        program = desk.measure(source, None)
        tried.append((desk.value(program), point))


def numbers(source):
    """(start, end, value) of every number that an edit may change."""
    found = []
    for site in sites(source):
        if site.family in ("number", "index"):
            value = ast.literal_eval(site.old)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                found.append((site.start, site.end, value))
    return found


def written(source, places, point):
    """The source with every number at its place of the point: powers of two around what it was, and steps around zero."""
    for (start, end, value), x in sorted(zip(places, point), reverse=True):
        new = value * 2.0**x if value else x
        if isinstance(value, int):
            new = round(new) if value else round(2 * x)
        else:
            new = float(f"{new:.6g}")
        text = repr(new)
        source = source[:start] + (f"({text})" if text[0] == "-" and source[start] != "-" else text) + source[end:]
    return source


def drawn(tried, size, rng):
    """A point: random at first, then the one of a few draws near good points that is least like the others."""
    if len(tried) <= STARTERS:
        return [rng.gauss(0, 1) if rng.random() < max(0.3, 2 / size) else 0.0 for _ in range(size)]
    ranked = sorted(tried, key=lambda row: row[0], reverse=True)
    cut = max(2, math.ceil(GOOD * math.sqrt(len(ranked)) * 2))
    good, rest = [p for _, p in ranked[:cut]], [p for _, p in ranked[cut:]]
    width = max(NARROWEST, WIDEST / math.sqrt(len(tried) / STARTERS))
    point = []
    for k in range(size):
        near, far = [p[k] for p in good], [p[k] for p in rest]
        options = [max(-SPAN, min(SPAN, rng.gauss(rng.choice([*near, 0.0]), width))) for _ in range(DRAWS)]
        point.append(max(options, key=lambda x: density(x, near, width) - density(x, far, width)))
    return point


def density(x, centres, width):
    """Log of a Parzen estimate with one wide kernel as prior."""
    total = math.exp(-x * x / 2 / WIDEST**2) / WIDEST
    total += sum(math.exp(-((x - c) ** 2) / 2 / width**2) / width for c in centres)
    return math.log(total / (len(centres) + 1))
