"""Where a program is edited: which of its places is drawn next, and which of the texts that may stand there."""


def anywhere(places, rng):
    """The number of a place to edit."""
    return any_site(places, rng)


def any_site(places, rng):
    """Each place by its weight."""
    return by_weight(range(len(places.sites)), places, rng)


def any_family(places, rng):
    """A family first, each as likely as another, then one of its places."""
    family = rng.choice(sorted({site.family for site in places.sites}))
    return by_weight([k for k, site in enumerate(places.sites) if site.family == family], places, rng)


def any_line(places, rng):
    """A line first, each as likely as another, then one of its places."""
    line = rng.choice(sorted({site.line for site in places.sites}))
    return by_weight([k for k, site in enumerate(places.sites) if site.line == line], places, rng)


def any_option(places, rng):
    """Each place by the weights of all edits that it allows."""
    weights = [weight * sum(places.option_weights(k)) for k, weight in enumerate(places.drawing())]
    return rng.choices(range(len(places.sites)), weights)[0]


def by_weight(found, places, rng):
    weights = places.drawing()
    return rng.choices(found, [weights[k] for k in found])[0]


def option_at(k, places, rng):
    """One of the texts that may stand there, by their weights."""
    return k, rng.choices(places.sites[k].options, places.option_weights(k))[0]
