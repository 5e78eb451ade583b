"""Where the evaluations of an episode go: which instances, in which steps, what is kept for the end, when to look elsewhere."""

from resources import AT_ONCE, FINAL_INSTANCES, FINALISTS, INSTANCES, PATIENCE, STEP

USUAL = 96
MOST_AT_ONCE = 1
MOST_FINALISTS = 8


def chosen(available, budget, rng):
    """The instances that every program of an episode is run on; a larger budget pays for more, so that luck decides less."""
    return first_of(available, INSTANCES * max(1, budget // USUAL), rng)


def first_of(available, count, rng):
    return list(range(min(count, available)))


def drawn_of(available, count, rng):
    return rng.sample(range(available), min(count, available))


def parts(instances):
    """The steps in which a program is run on them: after each it is asked whether it keeps up."""
    step = max(1, STEP)
    return [instances[k : k + step] for k in range(0, len(instances), step)]


def together(instances, left):
    """How many candidates are run together: a question costs something too, and those drawn at the same time know as much as each other."""
    first = len(parts(instances)[0])
    return max(1, min(AT_ONCE, left) // first)


def at_once(stuck):
    """How many edits make one candidate, if so many candidates in a row did not help."""
    return max(1, min(MOST_AT_ONCE, 1 + stuck // max(1, PATIENCE)))


def looks_elsewhere(before, stuck):
    """Whether it is time to go on from another program than the best, now that so many candidates in a row did not help."""
    return stuck // max(2, PATIENCE) > before // max(2, PATIENCE)


def finalists():
    """How many of the best programs are compared on more instances in the end."""
    return max(1, min(MOST_FINALISTS, FINALISTS))


def reserve():
    """Evaluations kept for that comparison."""
    return FINAL_INSTANCES * finalists() if finalists() > 1 else 0


def final_instances(available, used, rng):
    """Instances for the last comparison: such as were not used before, if there are any."""
    others = [k for k in range(available) if k not in used]
    return (others or list(used))[: max(1, FINAL_INSTANCES)]
