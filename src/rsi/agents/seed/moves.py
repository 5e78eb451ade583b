"""How candidates are made: which edits of a program are tried next. Each operator gives [(number of a place, text)…], or nothing.

`SHARES` says how often each operator is asked; one that has nothing to offer leaves it to `fresh`.
"""

import allocate
from edits import spliced
from tricks import TRICKS
from tried import Change
from where import anywhere, option_at

SHARES = {"fresh": 4, "again": 0, "mixed": 0, "trick": 1}
ATTEMPTS = 40
MIXED = 2


def draw(state, rng):
    """A source that was not tried yet and the changes that made it; None where none is found; and how many were drawn again."""
    places = state.places(state.parent.source)
    if not places.sites:
        return None, (), 0
    for again in range(ATTEMPTS):
        picks = operator(rng)(state, places, rng) or fresh(state, places, rng)
        try:
            source = spliced(places.source, [(places.sites[k], text) for k, text in picks])
        except (SyntaxError, ValueError):
            continue
        if source not in state.sources:
            state.sources.add(source)
            return source, [Change(places.sites[k], places.kinds[k], text) for k, text in picks], again
    return None, (), ATTEMPTS


def operator(rng):
    shares = [max(0, SHARES[name]) for name in OPERATORS]
    return rng.choices(list(OPERATORS.values()), shares)[0] if any(shares) else fresh


def fresh(state, places, rng):
    """Edits at places drawn by their weights."""
    return [option_at(k, places, rng) for k in {anywhere(places, rng) for _ in range(allocate.at_once(state.stuck))}]


def again(state, places, rng):
    """Another edit where the last one helped."""
    last = state.last_help
    if last is None:
        return []
    found = [k for k, site in enumerate(places.sites) if (site.function, site.family) == (last.function, last.family)]
    return [option_at(rng.choice(found), places, rng)] if found else []


def mixed(state, places, rng):
    """Several earlier edits at once that did no harm alone."""
    if len(state.promising) < MIXED:
        return []
    changes = rng.sample(state.promising, max(1, MIXED))
    return [(k, change.new) for change in changes if (k := places.find(change)) is not None]


def trick(state, places, rng):
    """An edit of a kind that has helped again and again elsewhere."""
    if not TRICKS:
        return []
    found = places.matching(rng.choice(TRICKS))
    return [rng.choice(found)] if found else []


OPERATORS = {"fresh": fresh, "again": again, "mixed": mixed, "trick": trick}
