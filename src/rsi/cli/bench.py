"""`rsi bench`: benchmarks that anyone can run again; each has a module of its own."""

from collections.abc import Mapping

from cyclopts import App

__all__ = ["BENCHMARKS", "bench"]

BENCHMARKS: Mapping[str, str] = {
    "judge": "The judge and the rules of other loops, in simulated worlds where the truth is known.",
    "target": "A target improved by rsi, then beside best of n, hill climbing and random edits for as many trials each.",
    "improver": "Frozen versions of an agent as improvers of held-out programs, beside methods that people thought out.",
    "recursion": "Frozen versions of an agent as improvers of version 0: does the next improvement come easier to a later one?",
}
"""All benchmarks and what each is for; their code is loaded when they are used."""

bench = App(name="bench", help="Benchmarks that anyone can run again: of the judge, and of improvers.", help_format="plaintext")
"""The verb: one command per benchmark."""
for _place, (_name, _purpose) in enumerate(BENCHMARKS.items()):
    bench.command(f"rsi.cli.bench_{_name}:{_name}", name=_name, help=_purpose, sort_key=_place)
