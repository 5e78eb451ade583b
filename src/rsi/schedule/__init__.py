"""Where jobs really run: a pool of worker threads, each with a jail of its own."""

from rsi.schedule.pool import Job, WorkerPool, cores_of, wait

__all__ = ["Job", "WorkerPool", "cores_of", "wait"]
