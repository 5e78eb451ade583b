"""Job-shop dispatching: whenever a machine is free and jobs wait for it, the program says which is most urgent."""

from collections.abc import Sequence
from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play", "schedule"]


def play(begin: Any, instance: Any) -> list[int]:
    """The jobs in the order in which their operations begin; `call(time, left, ahead, waited)` is the urgency of a job.

    `time`: of the operation that waits; `left`: of all of the job's operations from this one on; `ahead`: how many come after it;
    `waited`: how long it has waited for the machine.
    """
    call = begin()
    jobs = instance["jobs"]
    done, ready = [0] * len(jobs), [0] * len(jobs)
    left = [sum(time for _, time in job) for job in jobs]
    free = [0] * instance["machines"]
    order: list[int] = []
    for _ in range(sum(map(len, jobs))):
        waiting = [j for j in range(len(jobs)) if done[j] < len(jobs[j])]
        now = min(max(ready[j], free[jobs[j][done[j]][0]]) for j in waiting)
        able = [j for j in waiting if ready[j] <= now and free[jobs[j][done[j]][0]] <= now]
        machine = jobs[able[0]][done[able[0]]][0]
        queue = [j for j in able if jobs[j][done[j]][0] == machine]
        job = queue[0] if len(queue) == 1 else _urgent(call, queue, jobs, done, left, ready, now)
        time = jobs[job][done[job]][1]
        free[machine] = ready[job] = now + time
        left[job] -= time
        done[job] += 1
        order.append(job)
    return order


def _urgent(call: Any, queue: list[int], jobs: Any, done: list[int], left: list[int], ready: list[int], now: int) -> int:
    def urgency(job: int) -> float:
        return number(call(jobs[job][done[job]][1], left[job], len(jobs[job]) - done[job] - 1, now - ready[job]))

    return max(queue, key=urgency)


def schedule(instance: Any, order: Sequence[int]) -> int:
    """When all is done, if operations begin in that order, each as early as it can."""
    jobs = instance["jobs"]
    done, ready, free = [0] * len(jobs), [0] * len(jobs), [0] * instance["machines"]
    for job in order:
        machine, time = jobs[job][done[job]]
        free[machine] = ready[job] = max(free[machine], ready[job]) + time
        done[job] += 1
    return max(ready)
