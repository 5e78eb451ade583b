"""Compositional list functions in four graded levels: a generator under secret seeds."""

from rsi.suites.list_functions.suite import ListFunctions

__all__ = ["ListFunctions"]
