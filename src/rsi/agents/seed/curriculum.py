"""Which tasks the agent spends its practice on, and how much; surface `training`."""


def shared_share():
    """Share of a practice budget that goes into the one enumeration which serves all tasks of a batch."""
    return 0.8


def retry_budget(failures):
    """Programs for a task that was tried alone `failures` times: it comes back with a doubled budget."""
    return 50_000 * 2**failures


def promise(failures, level):
    """Order in which unsolved tasks come back: the largest first."""
    return -failures - level


def keeps_open():
    """How many unsolved tasks are remembered."""
    return 150


def tasks_for_mining(repeats):
    """How often a program must have been found to be looked at when functions are mined."""
    return repeats >= 1
