"""`rsi check`: a target tried out before anything is spent."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.cli.view.text import clean, count, duration, percent, short_time
from rsi.core.codec import encode
from rsi.core.errors import UserError
from rsi.core.protocols import Jail
from rsi.core.records import Json
from rsi.kernel.evaluate import MANIFEST_FILE
from rsi.kernel.judge import Calibration, Prospect
from rsi.kernel.oversight import matches
from rsi.kernel.sandbox import open_jail
from rsi.targets import Target, find_target
from rsi.targets.check import check_target
from rsi.targets.findings import Checked, Cost, Weight

__all__ = ["check"]

_WORKERS = 2
_WIDTH = 400


def check(
    target: str,
    /,
    *,
    seed: Annotated[int, Parameter(help="Seed of the cases that are tried; a run of another seed has others.")] = 1,
    patience: Annotated[float, Parameter(help="About so many seconds the start is run at most.")] = 60.0,
    as_json: JsonFlag = False,
) -> int:
    """Try a target out in dry runs: its files, cases, scorer and start; what a run would cost, and what it could see.

    Args:
        target: a folder with an rsi.toml.
    """
    if not 0 < patience <= 86_400:
        raise UserError(f"--patience {patience:g}: should be a number of seconds up to 86400")
    found = check_target(find_target(target), _jail, seed=seed, patience_s=patience)
    if as_json:
        print_json(_data(found))
    else:
        for head, text in _lines(found, target):
            say(f"{head:9} {clean(text, _WIDTH)}")
    return 0 if found.ok else 1


def _jail(target: Target) -> Jail:
    return open_jail(target.manifest.preload, "auto", target.spec.profile)


def _lines(found: Checked, name: str) -> Iterator[tuple[str, str]]:
    target, score = found.target, found.target.spec.score
    yield "target", f"{target.name}, a target of the kind {target.kind}; {_tree_words(target)}"
    if found.tier:
        yield "jail", f"{found.tier} (at least {target.spec.tier} is asked for), profile {target.spec.profile}"
    if found.calibration is not None:
        seen = found.calibration
        better = "more is better" if score.direction == "max" else "less is better"
        yield (
            "start",
            (
                f"{score.metric} {score.unscaled(seen.score):.4g} on {seen.cases} cases ({score.low:g} to {score.high:g}, {better}): "
                f"a score of {percent(seen.score)}; {seen.answered} of {seen.trials} runs gave an answer"
            ),
        )
        yield "noise", _noise_words(seen)
    if found.cost is not None:
        yield "cost", _cost_words(found.cost)
    if found.prospect is not None:
        yield "power", _power_words(found, found.prospect)
    for remark in found.remarks:
        yield remark.weight.value, f"{remark.at}: {remark.text}"
    yield "", f"`rsi run {name}` can begin." if found.ok else f"Not ready: repair what is called a problem, then `rsi check {name}` again."


def _tree_words(target: Target) -> str:
    protected = [name for name in target.files if matches(name, target.manifest.protected)]
    every = [glob for globs in target.manifest.surfaces.values() for glob in globs]
    editable = [name for name in target.files if matches(name, every) and name not in protected and name != MANIFEST_FILE]
    words = f"editable: {', '.join(editable[:8])}{' …' if len(editable) > 8 else ''}"
    return f"{words}; protected: {', '.join(protected[:8])}" if protected else words


def _noise_words(seen: Calibration) -> str:
    ends = f"{percent(seen.floor)} of the cases are at the floor, {percent(seen.ceiling)} at the ceiling"
    if seen.is_deterministic:
        return f"none: each case came out the same every time; {ends}"
    return f"standard deviation {100 * seen.noise**0.5:.1f} points between runs of one case; {ends}"


def _cost_words(cost: Cost) -> str:
    whole = duration(max(1.0, cost.run_s(_WORKERS)))
    return (
        f"a case takes {short_time(cost.wall_s)} ({short_time(cost.cpu_s)} CPU); the {count(cost.trials)} trials of budget.trials take "
        f"about {whole} with {_WORKERS} processes, and what agents and models do comes on top"
    )


def _power_words(found: Checked, prospect: Prospect) -> str:
    score = found.target.spec.score
    width = score.high - score.low
    rows = [
        f"{100 * row.effect:.1f} points ({row.effect * width:.2g} of {score.metric}) if {row.edits} changes share the budget"
        for row in prospect.rows
        if row.effect is not None
    ]
    if not rows:
        return "with this budget no change could be told from chance"
    seen = f"about {count(prospect.trials)} trials are left to judging; a change is seen about every other time if it gains {rows[0]}"
    seen += f", {rows[-1]}" if len(rows) > 1 else ""
    floor = f"; with {prospect.cases} cases nothing below {100 * prospect.floor:.1f} points can be told from luck" if prospect.floor else ""
    needed = f"; 5 points would need a budget of about {count(found.needed)} trials" if found.needed else ""
    return f"{seen}{needed}{floor}"


def _data(found: Checked) -> Json:
    score = found.target.spec.score
    return {
        "ok": found.ok,
        "target": found.target.name,
        "kind": found.target.kind,
        "files": [*found.target.files],
        "hashes": {**found.target.hashes},
        "tier": found.tier or None,
        "required_tier": found.target.spec.tier,
        "metric": {"name": score.metric, "direction": score.direction, "low": score.low, "high": score.high},
        "start": score.unscaled(found.calibration.score) if found.calibration else None,
        "calibration": _plain(encode(found.calibration)),
        "cost": _plain(encode(found.cost)),
        "prospect": _plain(encode(found.prospect)),
        "needed_trials": found.needed,
        "remarks": [{"weight": one.weight.value, "at": one.at, "text": one.text} for one in found.remarks],
        "problems": sum(one.weight is Weight.PROBLEM for one in found.remarks),
    }


def _plain(data: Json) -> Json:
    """Records as plain objects."""
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items() if key != "is"}
    return [_plain(value) for value in data] if isinstance(data, list) else data
