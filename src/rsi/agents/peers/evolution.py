"""A (µ + λ) evolution strategy on programs: children of the best µ, by an edit or two and sometimes of two parents."""

PARENTS = 4
CHILDREN = 8
CROSSED = 0.3


def search(desk):
    population = [desk.start]
    while True:
        worst = min(population, key=desk.value)
        children = []
        for _ in range(CHILDREN):
            source = desk.fresh(lambda: child(desk, population))
            if source is None:
                return
            born = desk.measure(source, worst if len(population) == PARENTS else desk.start, 0.0 if len(population) == PARENTS else 0.05)
            children += [born] if born else []
        # The younger of two equals stays: neutral steps are what lets a population wander.
        population = sorted([*children[::-1], *population], key=desk.value, reverse=True)[:PARENTS]


def child(desk, population):
    parent = desk.rng.choice(population)
    source = parent.source
    if len(population) > 1 and desk.rng.random() < CROSSED:
        source = desk.crossed(source, desk.rng.choice([p for p in population if p is not parent]).source)
        if source is None:
            return None
    return desk.edited(source)
