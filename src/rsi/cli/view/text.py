"""Words and numbers for people: short, aligned, and harmless whoever wrote them."""

import unicodedata
from datetime import timedelta

from rsi.core.records import Prediction

__all__ = ["clean", "count", "duration", "effect", "evidence", "guess_words", "part", "percent", "points", "short_time"]

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(value: object, width: int = 120) -> str:
    """Text of an agent on one line: no control, formatting or bidirectional characters, at most `width` characters.

    Covers: escape sequences, line breaks, invisible and text-reversing characters, overlong text. Does not cover: lies in plain words.
    """
    text = value if isinstance(value, str) else "" if value is None else str(value)
    shown = "".join(" " if unicodedata.category(char) in _UNSAFE else char for char in text[: 8 * width])
    line = " ".join(shown.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def count(number: float) -> str:
    """A number of programs, such as `940`, `18.2 k` or `4.0 M`."""
    for limit, factor, unit in ((1e4, 1.0, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M")):
        if number < limit:
            return f"{number / factor:.1f}{unit}" if unit else f"{number:.0f}"
    return f"{number / 1e9:.1f} G"


def duration(seconds: float) -> str:
    """`m:ss`, or `h:mm:ss` from an hour on."""
    text = str(timedelta(seconds=max(0, int(seconds))))
    return text[3:] if text.startswith("0:0") else text[2:] if text.startswith("0:") else text


def short_time(seconds: float) -> str:
    """How long something short takes, such as `26.3 ms` or `2.9 s`."""
    return f"{1000 * seconds:.3g} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def points(share: float) -> str:
    """A difference of scores in points, with its sign: `+7.3`, `−1.2`."""
    return f"{100 * share:+.1f}".replace("-", "−")


def percent(share: float) -> str:
    """A score as a percentage."""
    return f"{100 * share:.0f} %"


def part(done: float, whole: float) -> float:
    """done / whole within [0, 1]."""
    return min(1.0, max(0.0, done / whole)) if whole > 0 else 0.0


def effect(mean: float, low: float, high: float) -> str:
    """An effect with its interval: `+7.3 points (−1.2 … +15.9)`."""
    return f"{points(mean)} points ({points(low)} … {points(high)})"


def evidence(e_value: float) -> str:
    """An e-value, short: `0.04`, `13`, `1.2 k`, `> 1 G`."""
    if e_value < 10:
        return f"{e_value:.2f}"
    return "> 1 G" if e_value > 1e9 else count(e_value)


def guess_words(guess: Prediction | None) -> str:
    """What a change expected of itself: `80 % likely better, −1.0 … +3.0 points`."""
    if guess is None:
        return "nothing was foretold"
    return f"{percent(guess.p_better)} likely better, {points(guess.low)} … {points(guess.high)} points"
