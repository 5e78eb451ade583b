"""A toy agent about whose proposals the truth is known: each changes nothing at all, or each adds the same gain.

A version is its four data files. It solves each case with the same known probability, but independently of every other version: what
one solves, another may fail. So pairs are discordant as often as in real life while the true difference is exactly zero.
"""

import json

from rsi.core.protocols import Files
from rsi.testing.toy import toy_agent

__all__ = ["BASE_POWER", "neutral_agent"]

BASE_POWER = 0.5
"""How likely version 0 solves a case; two equal versions then differ on half of all cases."""
_PARTS = ("skill.json", "bonus.py", "notes/a.txt", "notes/b.txt")

_MAIN = '''\
"""An agent that gives itself other luck, and perhaps a gain."""

import hashlib
import json

BASE, GAIN, PARTS = {base!r}, {gain!r}, {parts!r}
SURFACES = {{"skill.json": "parameters", "bonus.py": "code"}}


def _read(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def _hash(*parts):
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def _luck(*parts):
    return int(_hash(*parts)[:8], 16) / 2**32


def build(payload):
    texts = [_read(path) for path in PARTS]
    return {{"power": BASE + sum(json.loads(text)["gain"] for text in texts), "version": _hash(*texts)}}


def solve(payload):
    product = json.loads(_read("build.json"))
    return {{"answers": [_answer(case["id"], product) for case in payload["cases"]]}}


def _answer(case, product):
    is_solved = _luck(case, product["version"]) < product["power"]
    return {{"answer": "f = sum" if is_solved else None, "programs": 1}}


def practise(payload):
    return {{"findings": None, "programs": 0, "solved": 0, "tasks": 0}}


def diagnose(payload):
    weak = {{"id": "weak", "kind": "skill", "text": "too few cases are solved", "evidence": None}}
    return {{"limitations": [weak], "memory": None}}


def learn(payload):
    return {{"memory": None}}


def propose(payload):
    proposals = [_proposal(payload["seed"], number) for number in range(payload["count"])]
    return {{"proposals": proposals, "memory": None, "programs": 0}}


def _proposal(seed, number):
    path = PARTS[int(_luck("part", seed, number) * len(PARTS))]
    before = _read(path)
    after = {{"gain": json.loads(before)["gain"] + GAIN, "salt": _hash("salt", seed, number)}}
    return {{
        "surface": SURFACES.get(path, "training"),
        "limitation": "weak",
        "reason": "other luck",
        "edits": [{{"path": path, "before": hashlib.sha256(before.encode()).hexdigest(), "after": json.dumps(after)}}],
        "prediction": {{"p_better": 0.5, "low": -0.2, "high": 0.2}},
        "tag": path,
    }}
'''


def neutral_agent(gain: float = 0.0) -> Files:
    """A toy agent each of whose proposals adds `gain` to the probability that a case is solved: 0 for changes that change nothing."""
    main = _MAIN.format(base=BASE_POWER, gain=gain, parts=_PARTS).encode()
    data = {path: json.dumps({"gain": 0.0, "salt": path}).encode() for path in _PARTS}
    return toy_agent(replaced={"main.py": main, **data})
