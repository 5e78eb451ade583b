"""The suites by their names in configuration."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from rsi.core.errors import UserError
from rsi.core.protocols import Suite
from rsi.core.records import Pool
from rsi.suites.gym import Gym
from rsi.suites.list_functions import ListFunctions

__all__ = ["suite"]


def _basics(seeds: Mapping[Pool, int]) -> Suite:
    """The easiest level alone: what must not be unlearned while harder ones are."""
    return ListFunctions(seeds, levels=(1,), name="list_functions_basics")


_SUITES: Mapping[str, Callable[[Mapping[Pool, int]], Suite]] = {
    "gym": Gym,
    "list_functions": ListFunctions,
    "list_functions_basics": _basics,
}


def suite(name: str, seeds: Mapping[Pool, int]) -> Suite:
    """The suite of that name over these secret seeds.

    Raises:
        UserError: there is no such suite; names the nearest one.
    """
    if name not in _SUITES:
        near = get_close_matches(name, _SUITES, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(_SUITES)}"
        raise UserError(f"unknown suite {name!r}; {advice}")
    return _SUITES[name](seeds)
