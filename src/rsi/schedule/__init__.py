"""Where jobs really run: a pool of worker threads, each with a jail of its own."""

from rsi.schedule.pool import Job, WorkerPool, wait

__all__ = ["Job", "WorkerPool", "wait"]
