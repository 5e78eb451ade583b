"""Compositional list functions in four graded levels: a generator under secret seeds, and exact scoring."""

from rsi.suites.list_functions.suite import ListFunctions, commitment, secret_seeds

__all__ = ["ListFunctions", "commitment", "secret_seeds"]
