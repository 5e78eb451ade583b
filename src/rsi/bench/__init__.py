"""Benchmarks that users run: worlds with a known truth, in which judges are compared."""
