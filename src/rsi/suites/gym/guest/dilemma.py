"""The repeated prisoner's dilemma against fixed rivals: 1 is to cooperate, 0 to defect."""

from collections.abc import Callable
from typing import Any

from rsi.suites.gym.guest.moves import whole

__all__ = ["RIVALS", "match", "play"]

Past = list[int]


def _tit_for_tat(own: Past, other: Past, coin: float) -> int:
    return other[-1] if other else 1


def _suspicious(own: Past, other: Past, coin: float) -> int:
    return other[-1] if other else 0


def _grudger(own: Past, other: Past, coin: float) -> int:
    return int(0 not in other)


def _pavlov(own: Past, other: Past, coin: float) -> int:
    return int(own[-1] == other[-1]) if own else 1


def _two_tats(own: Past, other: Past, coin: float) -> int:
    return int(other[-2:] != [0, 0])


def _kind(own: Past, other: Past, coin: float) -> int:
    return 1


def _mean(own: Past, other: Past, coin: float) -> int:
    return 0


def _fickle(own: Past, other: Past, coin: float) -> int:
    return int(coin < 0.6)


def _generous(own: Past, other: Past, coin: float) -> int:
    return 1 if not other or other[-1] or coin < 0.3 else 0


RIVALS: dict[str, Callable[[Past, Past, float], int]] = {
    "tit for tat": _tit_for_tat,
    "suspicious": _suspicious,
    "grudger": _grudger,
    "pavlov": _pavlov,
    "two tats": _two_tats,
    "kind": _kind,
    "mean": _mean,
    "fickle": _fickle,
    "generous": _generous,
}
"""How each rival decides: its own past, the other's past, a number from 0 to 1."""


def play(begin: Any, instance: Any) -> list[list[int]]:
    """The program's decisions against each rival; `call(mine, theirs, left)` sees both pasts and how many rounds are left."""
    call = begin()
    return [match(rival, lambda mine, theirs, left: whole(call(list(mine), list(theirs), left), 0, 1))[0] for rival in instance["matches"]]


def match(rival: Any, decide: Callable[[Past, Past, int], int]) -> tuple[Past, Past]:
    """Both pasts after all rounds of a match."""
    mine: Past = []
    theirs: Past = []
    for turn, coin in enumerate(rival["coins"]):
        answer = RIVALS[rival["rival"]](theirs, mine, coin)
        mine.append(decide(mine, theirs, len(rival["coins"]) - turn))
        theirs.append(answer)
    return mine, theirs
