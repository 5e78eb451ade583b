"""Words and numbers for people; text that an agent wrote is made harmless here and escaped once more by each renderer."""

import unicodedata

from rsi.analytics import Attempt, Calibrated, Chosen, Fate, SafetyCertificate
from rsi.core.records import JailProof, Json
from rsi.kernel.judge import Belief, Course, Safeguard
from rsi.kernel.judge.predictions import EARNED, ENOUGH, Skill

__all__ = [
    "belief_words",
    "calibration_words",
    "count",
    "course_words",
    "duration",
    "earned",
    "enforced",
    "interval",
    "machine_words",
    "one_line",
    "percent",
    "plain_lines",
    "plural",
    "points",
    "proof_words",
    "retest_words",
    "safeguard_words",
    "safety_words",
]

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


def earned(skill: Skill) -> str:
    """Whether what is predicted counts when changes wait for a test: `earned: weight 0.61`, `not earned yet: 12 of 50 …`."""
    if skill.weight:
        return f"earned: weight {skill.weight:.2f}"
    closed = f"{skill.closed} of {ENOUGH} tests closed" if skill.closed < ENOUGH else f"{skill.closed} tests closed"
    return f"not earned yet: {closed}, evidence {skill.e_value:.2g} of {EARNED:.0f}"


def belief_words(belief: Belief) -> str:
    """What is believed of a change: `+3.4 points (± 1.2), better with probability 97 %`."""
    return f"{points(belief.mean)} points (± {100 * belief.spread:.1f}), better with probability {100 * belief.p_better:.0f} %"


def calibration_words(found: Calibrated) -> str:
    """What step 0 found, in one line: noise, ends of the scale, cost, and what could be detected."""
    seen, prospect = found.calibration, found.prospect
    guard = f"; {safeguard_words(found.safeguard)}" if found.safeguard else ""
    if seen is None:
        return found.refused or f"too small a budget to calibrate: nothing is known of noise and of what could be detected{guard}"
    noise = f"noise {100 * seen.noise**0.5:.1f} points between repeats" if seen.noise else "deterministic"
    if not seen.repeated:
        noise = "no repeats"
    ends = f"{100 * seen.floor:.0f} % of {seen.cases} cases at the floor, {100 * seen.ceiling:.0f} % at the ceiling"
    best = prospect.rows[0] if prospect and prospect.rows else None
    can = "with this budget no effect of any size can be detected"
    if best is not None and best.effect is not None:
        shared = f" if {best.edits} changes share it" if best.edits > 1 else " if it all goes to one change"
        can = f"this budget can detect {points(best.effect)} points{shared}"
    return f"{noise}; {ends}; {count(seen.programs)} programs per trial; {can}{guard}"


def safeguard_words(guard: Safeguard) -> str:
    """What can be shown on the safety suite: how sure the start is there, what it takes to be shown harmless, for how many that lasts."""
    start = "" if guard.score is None else f"version 0 scores {percent(guard.score)} there, "
    lasts = f"the budget lasts for about {plural(guard.changes, 'change')}"
    if not guard.changes:
        lasts = "the rounds played on it are too few to show that of any change: raise the budget, safety.share or safety.margin"
    return f"safety suite {one_line(guard.suite, 40)}: {start}{guard.pairs} cases at least to show a change harmless, {lasts}"


def safety_words(found: SafetyCertificate) -> str:
    """What the release does on the safety suite, in one line."""
    issued = found.certificate
    return (
        f"safety suite {one_line(found.suite, 40)}: {found.harm.value}, start {percent(issued.start_score)}, release "
        f"{percent(issued.release_score)}, {points(issued.gain)} points ({interval(issued.low, issued.high)}) on {issued.pairs} cases; "
        f"a loss of {100 * found.margin:g} points is tolerated"
    )


def course_words(found: Chosen) -> str:
    """How changes are judged and why: `a tree of versions, since 6 of 6 pairs of changes conflict (100 %)`."""
    name = "a race of all open changes" if found.course is Course.RACE else "a tree of versions"
    if found.share is None:
        return f"{name}, as configured"
    return f"{name}, since {found.conflicting} of {plural(found.pairs, 'pair')} of changes conflict ({100 * found.share:.0f} %)"


def retest_words(removal: Attempt) -> str:
    """How a test of a kept change came out: `still earns its place: a loss was shown; without it −4.1 points (± 1.2) on 48 cases`."""
    verdict, belief = removal.verdict, removal.belief
    if removal.fate is Fate.REFUSED:
        return f"could not be tested again: {one_line(removal.reason, 200)}"
    if verdict is None:
        return "is being tested again"
    seen = plural(verdict.effect.pairs, "case")
    measured = f"; without it {points(belief.mean)} points (± {100 * belief.spread:.1f}) on {seen}" if belief else ""
    if removal.fate is Fate.ACCEPTED:
        return f"taken out again: it can be spared, evidence {verdict.e_value:,.0f} where {verdict.threshold:,.0f} was asked{measured}"
    word = "" if removal.fate is Fate.REJECTED else "left undecided, "
    return f"{word}{one_line(removal.reason, 200)}{measured}"


def machine_words(told: Json) -> str:
    """What an agent was told of its machine: `measured: 2 cores, 2048 MB, 0.04 µs arithmetic …, 4.1 ms a jailed call`."""
    if not isinstance(told, dict):
        return "nothing"
    costs = told.get("us")
    each = [f"{cost} µs {name.replace('_', '-')}" for name, cost in costs.items()] if isinstance(costs, dict) else []
    known = [f"{told.get('cores')} cores", f"{told.get('memory_mb')} MB", *each]
    dear = [f"{told.get('jail_call_ms')} ms a jailed call", f"{told.get('question_ms')} ms a question"]
    return one_line(f"{told.get('profile')}: {', '.join([*known, *dear])}", 300)


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
