"""Job-shop dispatching: whenever a machine is free and jobs wait for it, the program says which is most urgent."""

from collections.abc import Sequence
from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play", "schedule"]

_NEVER = 1 << 62


def play(begin: Any, instance: Any) -> list[int]:
    """The jobs in the order in which their operations begin; `call(time, left, ahead, waited)` is the urgency of a job.

    `time`: of the operation that waits; `left`: of all of the job's operations from this one on; `ahead`: how many come after it;
    `waited`: how long it has waited for the machine.
    """
    call = begin()
    jobs = instance["jobs"]
    done, ready, free = [0] * len(jobs), [0] * len(jobs), [0] * instance["machines"]
    left = [sum([time for _, time in job]) for job in jobs]
    machines, times = [job[0][0] for job in jobs], [job[0][1] for job in jobs]  # of the operation that is next
    waiting = list(range(len(jobs)))
    order: list[int] = []
    while waiting:
        now, machine, queue = _NEVER, -1, waiting
        for j in waiting:
            at, other = machines[j], ready[j]
            first = free[at] if free[at] > other else other
            if first < now:
                now, machine, queue = first, at, [j]
            elif first == now and at == machine:
                queue.append(j)
        job = queue[0]
        if len(queue) > 1:
            most = -2e9
            for j in queue:
                urgency = number(call(times[j], left[j], len(jobs[j]) - done[j] - 1, now - ready[j]))
                if urgency > most:
                    most, job = urgency, j
        free[machine] = ready[job] = now + times[job]
        left[job] -= times[job]
        done[job] += 1
        order.append(job)
        if done[job] < len(jobs[job]):
            machines[job], times[job] = jobs[job][done[job]]
        else:
            waiting.remove(job)
    return order


def schedule(instance: Any, order: Sequence[int]) -> int:
    """When all is done, if operations begin in that order, each as early as it can."""
    jobs = instance["jobs"]
    done, ready, free = [0] * len(jobs), [0] * len(jobs), [0] * instance["machines"]
    for job in order:
        machine, time = jobs[job][done[job]]
        free[machine] = ready[job] = max(free[machine], ready[job]) + time
        done[job] += 1
    return max(ready)
