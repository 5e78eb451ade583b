"""Plain words for agents: what candidates, scorers and other agents said is bounded, and rid of characters that nobody sees.

Covers: control characters, invisible and direction-changing ones, length, depth and size of plain data.
Does not cover: what the words say; whoever reads them must not take them for orders.
"""

import unicodedata

from rsi.core.codec import canonical
from rsi.core.records import Json

__all__ = ["MOST_TEXT", "bounded", "plain"]

MOST_TEXT = 2_000
"""Characters of one text."""
_MOST_BYTES = 20_000
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def plain(text: str, most: int = MOST_TEXT) -> str:
    """A text of at most so many characters, with nothing in it that cannot be seen but line ends and tabs."""
    cut = text if len(text) <= most else text[:most] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(letter for letter in cut if letter in "\n\t" or unicodedata.category(letter) not in _UNSEEN)


def bounded(value: Json) -> Json:
    """Plain data with such texts; what is large in all is told by its beginning, as a text."""
    told = _with_plain_texts(value)
    size = len(canonical(told))
    return told if size <= _MOST_BYTES else plain(canonical(told).decode("utf-8", "replace"))


def _with_plain_texts(value: Json) -> Json:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [_with_plain_texts(item) for item in value]
    if isinstance(value, dict):
        return {plain(key, 200): _with_plain_texts(item) for key, item in value.items()}
    return value
