"""Which edit to try next, learned from what became of earlier ones; and what to expect of an edit.

Thompson sampling over counts (Thompson 1933; Russo et al. 2018, sections 3 and 6.1) in two steps: a family of edits, then a place
(file, function, family). A place that is little known leans on its family and on its function.

The state is plain JSON: `families`, `functions`, `places`: {name: [good, bad]}; `gains`: {family: [count, sum, sum of squares, sum of
squared errors]} of replays; `tried`: keys of the sources that were tried, the oldest first.
"""

from math import erf, sqrt

START = 1.0
LEANING = 4.0
REPLAY_WEIGHT = 0.25
MOST_TRIED = 2000
MOST_PLACES = 1000
GAIN_SPREAD = 0.02
GAIN_WEIGHT = 4.0
SURE = 0.99
Z80 = 1.2815515655446004
Z50 = 0.6744897501960817


def start():
    """A state that knows nothing."""
    return {"families": {}, "functions": {}, "places": {}, "gains": {}, "tried": []}


def tag(site):
    """A short text from which `update` finds the counts again: for a proposal, whose verdict comes later."""
    return "|".join([site.path[:60], site.function[:80], site.family[:20], site.keys[0]])


def choose(state, sites, rng, k):
    """Up to `k` sites with one option each, none of them tried before; from now on they count as tried."""
    tried = set(state["tried"])
    pools = {}
    for site in sites:
        options = [n for n, key in enumerate(site.keys) if key not in tried]
        if options:
            pools.setdefault(site.family, {}).setdefault(place(site), []).append((site, options))
    chosen = []
    while pools and len(chosen) < k:
        chosen.append(_pick(state, pools, rng))
    state["tried"] = (state["tried"] + [site.keys[0] for site in chosen])[-MOST_TRIED:]
    return chosen


def place(site):
    return f"{site.path}|{site.function}|{site.family}"


def _pick(state, pools, rng):
    """Draw a family, a place, a site and an option, and take the option out of the pools."""
    draws = {family: _draw(rng, state["families"].get(family)) for family in pools}
    family = max(pools, key=draws.get)
    places = pools[family]
    hopes = {name: _hope(state, name, draws[family], rng) for name in places}
    name = max(places, key=hopes.get)
    found = rng.choice(places[name])
    site, options = found
    option = options.pop(rng.randrange(len(options)))
    if not options:
        places[name].remove(found)
    if not places[name]:
        del places[name]
    if not places:
        del pools[family]
    return site.only(option)


def _draw(rng, counts):
    good, bad = counts or (0, 0)
    return rng.betavariate(START + good, START + bad)


def _hope(state, name, family_draw, rng):
    """A draw for a place: its own counts on top of what its family and its function make likely."""
    function = name.rpartition("|")[0]
    likely = (family_draw + _draw(rng, state["functions"].get(function))) / 2
    likely = min(max(likely, 1 - SURE), SURE)
    good, bad = state["places"].get(name, (0, 0))
    return rng.betavariate(LEANING * likely + good, LEANING * (1 - likely) + bad)


def update(state, where, outcome):
    """Count what became of an edit; `where` is its site or its tag.

    The outcome has `judged` (kept or not), `replayed` (gain of the own replay, with `se`), or `broken`. Gives the state back.
    """
    path, function, family, key = (where if isinstance(where, str) else tag(where)).split("|")
    if "judged" in outcome:
        _count(state, path, function, family, bool(outcome["judged"]), 1.0)
    if "replayed" in outcome:
        gain, error = float(outcome["replayed"]), float(outcome.get("se", 0.0))
        _count(state, path, function, family, gain > 0, REPLAY_WEIGHT)
        sums = state["gains"].get(family, [0, 0.0, 0.0, 0.0])
        state["gains"][family] = [sums[0] + 1, sums[1] + gain, sums[2] + gain * gain, sums[3] + error * error]
    if outcome.get("broken"):
        _count(state, path, function, family, False, REPLAY_WEIGHT)
    if key not in state["tried"]:
        state["tried"] = (state["tried"] + [key])[-MOST_TRIED:]
    return state


def _count(state, path, function, family, good, weight):
    for table, name in (("families", family), ("functions", f"{path}|{function}"), ("places", f"{path}|{function}|{family}")):
        counts = state[table].get(name, [0.0, 0.0])
        state[table][name] = [counts[0] + weight, counts[1]] if good else [counts[0], counts[1] + weight]
        if len(state[table]) > MOST_PLACES:
            _forget(state[table], name)


def _forget(counts, kept):
    """Drop the name that is least known."""
    _, name = min((good + bad, name) for name, (good, bad) in counts.items() if name != kept)
    del counts[name]


def expected(state, family):
    """Mean and variance of the true gains of a family: its replays, leaning on those of all families."""
    everything = [sum(column) for column in zip([0, 0.0, 0.0, 0.0], *state["gains"].values())]
    mean, variance = _moments(everything, 0.0, GAIN_SPREAD**2)
    return _moments(state["gains"].get(family, [0, 0.0, 0.0, 0.0]), mean, variance)


def _moments(sums, mean, variance):
    """Mean and variance after replays with these sums; the noise of the replays is taken off the variance."""
    count, total, squares, errors = sums
    own = (GAIN_WEIGHT * mean + total) / (GAIN_WEIGHT + count)
    around = squares - 2 * own * total + count * own * own
    spread = (GAIN_WEIGHT * variance + max(around - errors, 0.0)) / (GAIN_WEIGHT + count)
    return own, max(spread, (GAIN_SPREAD / 10) ** 2)


def predict(state, replay_gain, replay_se, site):
    """P(better) and five quantiles of the gain: replay and history of the family, weighted by their precision.

    `replay_gain` may be None: then only the history speaks.
    """
    mean, variance = expected(state, site.family)
    if replay_gain is not None:
        noise = max(replay_se, 1e-6) ** 2
        trust = variance / (variance + noise)
        mean, variance = mean + trust * (replay_gain - mean), variance * (1 - trust)
    spread = sqrt(variance)
    better = (1 + erf(mean / spread / sqrt(2))) / 2
    better = min(max(better, 1 - SURE), SURE)
    low, *quartiles, high = (round(mean + z * spread, 6) for z in (-Z80, -Z50, 0, Z50, Z80))
    return {"p_better": round(better, 4), "low": low, "quartiles": quartiles, "high": high}
