"""Words and numbers for people; text that an agent wrote is made harmless here and escaped once more by each renderer."""

import unicodedata

from rsi.core.records import JailProof

__all__ = ["count", "duration", "enforced", "interval", "one_line", "percent", "plain_lines", "plural", "points", "proof_words"]

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def one_line(text: str, limit: int = 300) -> str:
    """Text on one line of at most `limit` characters, without control, invisible or direction-changing characters.

    Covers: escape sequences, line breaks, lone surrogates, bidirectional overrides, overlong text. Does not cover: markup (renderers
    escape it) and lies in plain words.
    """
    line = " ".join(plain_lines(text[: 8 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


_ENFORCED = {
    "S3": "namespaces, a fence around files and a filter of system calls",
    "S2": "no namespaces; a fence around files and a filter of system calls",
    "S1": "time and memory only: network and other files are NOT closed off here",
}


def enforced(tier: str) -> str:
    """A jail's tier and what holds jailed code there; `rsi doctor` says more."""
    return f"{one_line(tier, 20)} ({_ENFORCED[tier]})" if tier in _ENFORCED else one_line(tier, 20)


def proof_words(proof: JailProof | None) -> str:
    """What attacks have shown of a jail: `71 attacks held`, and what got through if anything did."""
    if proof is None:
        return "nobody attacked it"
    if not proof.attacks:
        return "no attack could be tried here without danger to the machine"
    held = f"{plural(proof.held, 'attack')} held ({one_line(proof.suite, 20)} suite)"
    through = f"; GOT THROUGH: {one_line(', '.join(proof.got_through), 120)}" if proof.got_through else ""
    return held + (f", {proof.reported} got through that this tier does not promise to hold" if proof.reported else "") + through


def plain_lines(text: str) -> str:
    """Text that keeps its lines and tabs; everything else that is no visible character is shown as a sign for it."""
    return "".join(char if char in "\n\t" or unicodedata.category(char) not in _UNSAFE else _sign(char) for char in text)


def _sign(char: str) -> str:
    code = ord(char)
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "�"


def points(share: float) -> str:
    """A difference of scores in points, with its sign: `+7.3`, `−1.2`, `0.0`."""
    rounded = round(100 * share, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def interval(low: float, high: float) -> str:
    """Both ends of an interval in points: `−1.2 … +15.9`."""
    return f"{points(low)} … {points(high)}"


def percent(share: float) -> str:
    """A score or probability as a percentage: `68.0 %`."""
    return f"{100 * share:.1f} %"


def count(number: float) -> str:
    """A number of programs: `940`, `18.2 k`, `4.0 M`, `1.1 G`."""
    for limit, factor, unit in ((1e4, 1.0, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M")):
        if number < limit:
            return f"{number / factor:.1f}{unit}" if unit else f"{number:.0f}"
    return f"{number / 1e9:.1f} G"


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 change`, `3 changes`, `no changes`."""
    word = one if number == 1 else many or one + "s"
    return f"{number if number else 'no'} {word}"


def duration(seconds: float) -> str:
    """`48 s`, `5 min 12 s`, `2 h 3 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
