"""The brief that comes with a work tree, for people and coding agents: Markdown from the message `propose`."""

import json
from collections.abc import Mapping

from rsi.core.records import Json

__all__ = ["EVALUATE", "HOW_BY_HAND", "HOW_IN_A_SESSION", "brief_of"]

EVALUATE = "evaluate.py"
"""The tool that lies beside the tree of a session."""
HOW_BY_HAND = """\
1. Change files below `tree/`. Small changes with one idea each are judged soonest.
2. `rsi submit DIR --reason "why this is better"`, where DIR is the folder with this brief. The change waits in the run's inbox and is taken
   into the same race as every other; `rsi show` tells what became of it.
"""
"""How a person hands a change in."""
HOW_IN_A_SESSION = f"""\
1. Change files in the working directory. Only what differs at the end of the session counts: no commit is needed.
2. `python3 ../{EVALUATE} 0 1 2` tries the tree as it is then on practice cases 0, 1 and 2, and prints their results as JSON. Each case is
   paid from the run's budget, so ask for few.
3. End with two lines: `REASON: ` and why this is better, in one sentence; `PREDICTION: p low high`, where p is the probability that it is
   better, and low and high the 10 % and 90 % quantiles of its effect on the score, for instance `PREDICTION: 0.6 -0.01 0.05`.
"""
"""How a coding agent hands a change in."""
_MOST_FINDINGS, _MOST_HISTORY, _MOST = 12, 15, 1_200


def brief_of(message: Mapping[str, Json], how: str) -> str:
    """All that somebody must know who is to change the target of a message.

    Args:
        message: as an agent gets it for `propose`; what is missing is left out.
        how: how a change is handed in.
    """
    target = _object(message.get("target"))
    parts = [
        f"# Make {_text(target.get('name'), 80)} better",
        _text(target.get("brief"), 4_000),
        _measure(target),
        "## How to hand a change in\n\n" + how.strip(),
        "## What may be edited\n\n" + _surfaces(target),
        _section("What limits it", [_limitation(one) for one in _list(message.get("limitations"))]),
        _section("What practice showed last", [_finding(one) for one in _list(message.get("findings"))[:_MOST_FINDINGS]]),
        _section("What was tried before, newest last", [_attempt(one) for one in _list(message.get("history"))[-_MOST_HISTORY:]]),
        _budget(_object(message.get("budget"))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _measure(target: Mapping[str, Json]) -> str:
    metric, case = _object(target.get("metric")), _object(target.get("case"))
    lines = []
    if metric:
        better = "lower" if metric.get("direction") == "min" else "higher"
        name = _text(metric.get("name"), 80)
        lines.append(f"Measured: {name}, {better} is better. The cases that decide are hidden; practice cases are like them.")
    if case:
        how = case.get("function") or case.get("command")
        lines.append(f"One case runs `{_text(how if isinstance(how, str) else json.dumps(how), 300)}` in a jail without network.")
    return "\n".join(lines)


def _surfaces(target: Mapping[str, Json]) -> str:
    rows = [f"- {_text(name, 40)}: {_globs(globs)}" for name, globs in _object(target.get("surfaces")).items()]
    closed = _list(target.get("protected"))
    rows += [f"- never: {_globs(closed)}"] if closed else []
    return "One change stays within one of these surfaces; everything else is refused.\n\n" + "\n".join(rows)


def _globs(globs: Json) -> str:
    return ", ".join(f"`{_text(glob, 200)}`" for glob in _list(globs))


def _limitation(one: Json) -> str:
    fields = _object(one)
    return f"- {_text(fields.get('kind'), 80)}: {_text(fields.get('text'), _MOST)}"


def _finding(one: Json) -> str:
    return f"- `{_text(json.dumps(one, ensure_ascii=False, sort_keys=True), _MOST)}`"


def _attempt(one: Json) -> str:
    fields = _object(one)
    why = f" ({_text(fields.get('why'), 300)})" if fields.get("why") else ""
    head = f"### {_text(fields.get('proposal'), 40)}: {_text(fields.get('verdict'), 40)}{why}"
    diff = str(fields.get("diff") or "")[:_MOST].replace("```", "'''")
    return f"{head}\n\n{_text(fields.get('reason'), 400)}\n" + (f"\n```diff\n{diff.rstrip()}\n```\n" if diff else "")


def _budget(budget: Mapping[str, Json]) -> str:
    left = budget.get("programs_left")
    return f"Budget left for the whole run: {left} programs." if isinstance(left, int) else ""


def _section(title: str, rows: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(rows) if rows else ""


def _text(value: Json, most: int) -> str:
    """One line of text that can end no paragraph and no code span, whatever an agent wrote."""
    text = " ".join(str("" if value is None else value).split()).replace("`", "'")
    return text if len(text) <= most else text[:most] + "…"


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
