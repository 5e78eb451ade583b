"""`rsi run`: an agent improves itself, or a target; the same command takes the run up again where it stopped."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from rsi.cli.aiming import aim_of, folder_of
from rsi.cli.controls import measure_controls
from rsi.cli.folders import is_run
from rsi.cli.models import beside, compared, road
from rsi.cli.outsiders import outside_agents, shell_for
from rsi.cli.recursion import measure_run
from rsi.cli.terminal import JsonFlag, PlainFlag, complain, print_json, say
from rsi.cli.versions import Beginning, beginning, improvers
from rsi.cli.view.live import LiveView
from rsi.cli.view.plain import PlainView
from rsi.cli.view.text import clean, count, effect, points
from rsi.cli.working import check_workers, prove, stoppable
from rsi.config.load import load_config, parse_programs
from rsi.config.model import RunConfig, to_json
from rsi.config.presets import META, target_preset
from rsi.core.errors import IntegrityError, UserError
from rsi.core.records import Json
from rsi.improvers import PREFIX, keep_release, named
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.evaluate import load_manifest
from rsi.loop.aim import Aim, keep_copy, told_of
from rsi.loop.calibrate import REFUSED
from rsi.loop.chain import least_budget
from rsi.loop.parts import Parts, standard_parts
from rsi.loop.run import run as run_loop
from rsi.reports import write_report
from rsi.targets import find_target

__all__ = ["default_folder", "flat", "run", "view_for"]


def run(
    target: str | None = None,
    /,
    *,
    out: Annotated[Path | None, Parameter(help="Folder of the run; by default runs/AGENT-SEED[-frozen] or runs/TARGET-SEED.")] = None,
    config: Annotated[Path | None, Parameter(help="TOML file with settings (docs/config.md).")] = None,
    agent: Annotated[
        list[str] | None,
        Parameter(negative=(), help="Who improves itself, or the target: seed, a folder or improver:ID; more than one for a target."),
    ] = None,
    seed: Annotated[int | None, Parameter(help="Seed of every random choice.")] = None,
    programs: Annotated[
        str | None, Parameter(name=["--programs", "--budget"], help="Budget in candidate programs (of a target, in trials): 250_000, 40M.")
    ] = None,
    meta: Annotated[bool, Parameter(negative=(), help="It improves how it improves programs; ends with a measure of recursion.")] = False,
    controls: Annotated[
        bool, Parameter(negative=(), help="Of a target: ends with plain methods beside the release, for as many trials each.")
    ] = False,
    frozen_improver: Annotated[
        bool, Parameter(negative=(), help="Control arm: version 0 makes every pass, over whatever the incumbent is.")
    ] = False,
    workers: Annotated[int, Parameter(help="Processes that work at the same time; changes the wall time only.")] = 2,
    jail_require: Annotated[str | None, Parameter(help="Weakest jail that the run may have, if not what its suite asks for.")] = None,
    replay: Annotated[Path | None, Parameter(help="Folder of a run: language models say what they said there, offline.")] = None,
    grant: Annotated[
        list[str] | None, Parameter(negative=(), help="What agents from outside get beyond the jail: network, home, machine, env:NAME.")
    ] = None,
    no_keep: Annotated[bool, Parameter(negative=(), help="Do not keep a certified release as an improver for later runs.")] = False,
    as_json: JsonFlag = False,
    plain: PlainFlag = False,
) -> int:
    """An agent improves itself, or a target. The same command takes a stopped run up again.

    Args:
        target: Folder with an rsi.toml that is improved; without one, an agent improves itself.
    """
    check_workers(workers)
    given = {
        "run.seed": seed,
        "run.programs": None if programs is None else parse_programs(programs),
        "run.frozen_improver": True if frozen_improver else None,
        "jail.require": jail_require,
        "outside.grants": grant,
    }
    aimed = target or load_config(config).target
    if aimed:
        if meta:
            raise UserError("--meta is for an agent that improves programs of the gym; leave it or the target out")
        settings = _target_settings(config, {**given, "target": aimed, "agents": agent})
        return _run_on_target(settings, out, workers, as_json, plain, controls, replay)
    _refuse_what_needs_a_target(agent or [], grant or [], controls)
    settings = load_config(config, {**given, "agent": agent[0] if agent else None}, META if meta else None)
    if meta and settings.suite != META["suite"]:
        raise UserError(f"--meta improves programs of the gym, and {config} says suite = {settings.suite!r}; leave one of them out")
    begun = beginning(settings, out)
    folder = beside(default_folder(begun.settings), out, replay)
    if _is_finished(folder, begun.settings):
        return _conclude(folder, as_json, not no_keep, "is finished already", workers)
    _check_budget(begun.settings)
    return _go(folder, begun, workers, as_json, plain, not no_keep, replay=replay)


def _refuse_what_needs_a_target(agent: list[str], grant: list[str], controls: bool) -> None:
    if grant:
        raise UserError("--grant is for agents from outside (bridge:COMMAND, cmd:COMMAND), which improve a target: rsi run TARGET")
    if controls:
        raise UserError(
            "--controls is for a run on a target: rsi run TARGET --controls; where an agent improves itself it is --frozen-improver"
        )
    if len(agent) > 1:
        raise UserError(f"{len(agent)} agents are named and no target; one agent improves itself, several improve a target: rsi run TARGET")


def _target_settings(config: Path | None, given: dict[str, object]) -> RunConfig:
    """The settings of a run on a target: those that go with its budget, then the file, then what was given."""
    target = find_target(str(given["target"]))
    named = load_config(config, given)
    budget = named.run.programs if "programs" in named.run.model_fields_set else target.spec.budget.trials
    return load_config(config, {**given, "run.programs": budget}, target_preset(budget))


def _run_on_target(
    settings: RunConfig, out: Path | None, workers: int, as_json: bool, plain: bool, controls: bool, replay: Path | None
) -> int:
    aim = aim_of(settings)
    folder = beside(folder_of(settings, aim.target), out, replay)
    code = _improve_target(settings, folder, aim, workers, as_json, plain, replay)
    if controls and code == 0:
        for line in measure_controls(folder):
            print(line, file=sys.stderr if as_json else sys.stdout)
    return code


def _improve_target(settings: RunConfig, folder: Path, aim: Aim, workers: int, as_json: bool, plain: bool, replay: Path | None) -> int:
    if _is_finished(folder, settings):
        return _conclude(folder, as_json, False, "is finished already", workers)
    _check_budget(settings)
    with aim.parts(settings) as parts:
        parts = replace(parts, outside=outside_agents(settings, aim.outside, folder))
        if not is_run(folder):
            keep_copy(folder, aim.target)
        begun = Beginning(settings=settings, files=aim.target.files, words="")
        return _go(folder, begun, workers, as_json, plain, False, parts=parts, aim=aim, replay=replay)


def default_folder(settings: RunConfig) -> Path:
    """Where a run goes that was given no folder: one place per agent, seed and arm, so that the same command finds it again."""
    frozen = "-frozen" if settings.run.frozen_improver else ""
    agent = settings.agent
    name = f"improver-{named(agent.removeprefix(PREFIX))}" if agent.startswith(PREFIX) else Path(agent).resolve().name
    gym = "-meta" if settings.suite == META["suite"] else ""
    return Path("runs") / f"{name}-{settings.run.seed}{gym}{frozen}"


def _check_budget(settings: RunConfig) -> None:
    """Refuse a budget in which not even a first cycle could begin.

    Raises:
        UserError: it is too small; names the least.
    """
    least = least_budget(settings)
    if settings.run.programs < least:
        raise UserError(
            f"a budget of {count(settings.run.programs)} programs is too small for one cycle and the certificate at the end: with these "
            f"settings {least:_} programs are the least; give more, or smaller [practice], [propose] and [certificate] in a --config"
        )


def flat(data: Json, prefix: str = "") -> dict[str, Json]:
    """Dotted keys and values of nested plain data."""
    if not isinstance(data, dict):
        return {prefix: data}
    return {key: value for name, inner in data.items() for key, value in flat(inner, f"{prefix}.{name}".strip(".")).items()}


def view_for(console: Console, plain: bool, say_line: Callable[[str], None]) -> LiveView | PlainView:
    """The live view on a terminal, else the plain one."""
    return PlainView(say_line) if plain or not console.is_terminal else LiveView(console, time.monotonic)


def _is_finished(folder: Path, settings: RunConfig) -> bool:
    """Whether the folder has a finished run with these settings.

    Raises:
        UserError: it has a run with other settings.
    """
    if not is_run(folder):
        return False
    first, last = None, None
    for entry in FileEventLog.read(folder / "log.jsonl").entries():
        first, last = first or entry, entry
    if first is None or last is None or not isinstance(first.body, dict):
        return False
    _same_settings(folder, first.body.get("config"), to_json(settings))
    return last.kind == "run.ended"


def _same_settings(folder: Path, there: Json, here: Json) -> None:
    old, new = flat(there), flat(here)
    changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    if changed:
        key = changed[0]
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(
            f"{folder} holds a run with other settings ({key} = {old.get(key)!r}, not {new.get(key)!r}{more}); "
            "give the same settings to take it up again, or another --out"
        )


def _go(
    folder: Path,
    begun: Beginning,
    workers: int,
    as_json: bool,
    plain: bool,
    keep: bool,
    *,
    parts: Parts | None = None,
    aim: Aim | None = None,
    replay: Path | None = None,
) -> int:
    console = Console(stderr=as_json)
    out = sys.stderr if as_json else sys.stdout

    def line(text: str) -> None:
        out.write(text + "\n")
        out.flush()

    if begun.words:
        line(f"{folder} {begun.words}")
    settings = begun.settings
    own = parts or standard_parts(settings, load_manifest(begun.files))
    own = replace(
        own,
        prove=lambda tier: prove(tier, settings.jail.template or None),
        make_gateway=road(settings, replay),
        shell=shell_for(settings),
    )
    agents, told = ({}, None) if aim is None else (aim.agents, told_of(aim.target))
    with stoppable() as stop, view_for(console, plain, line) as view:
        result = run_loop(
            folder,
            settings,
            begun.files,
            workers=workers,
            observer=view.observe,
            stop=stop,
            parts=own,
            agents=agents,
            target=told,
        )
    if result.finished:
        if replay is not None:
            line(compared(folder, replay))
        return _conclude(folder, as_json, keep, f"is finished ({result.reason})", workers)
    spent = view.state.progress.costs.programs if view.state.progress else 0
    if as_json:
        print_json({"finished": False, "folder": str(folder), "programs": spent, "reason": result.reason})
    return complain(f"stopped after {count(spent)} programs: {result.reason}", 3)


def _conclude(folder: Path, as_json: bool, keep: bool, how: str, workers: int = 1) -> int:
    measured = measure_run(folder, workers)
    summary = write_report(folder)
    ended = str(summary.get("ended"))
    is_halted, is_refused = ended.startswith("quarantined"), ended.startswith(REFUSED)
    kept = _kept(folder) if keep and _is_certified(summary) else None
    if as_json:
        if kept is not None:
            sys.stderr.write(kept + "\n")
        print_json(summary)
        return 3 if is_halted else 2 if is_refused else 0
    if is_refused:
        return complain(f"{folder} was {ended}; then run it with another --out", 2)
    if is_halted:
        return complain(f"{folder} was ended: {ended}; read {folder / 'report.md'}", 3)
    say(f"{folder} {how}.")
    say(_claim(summary))
    if units := _in_units(summary):
        say(units)
    if measured:
        say(measured)
    if kept is not None:
        say(kept)
    say(f"Read {folder / 'report.md'} or open {folder / 'report.html'}; `rsi verify {folder}` checks it.")
    return 0


def _is_certified(summary: Mapping[str, Json]) -> bool:
    claim = summary.get("claim")
    low = claim.get("low") if isinstance(claim, dict) else None
    return isinstance(low, int | float) and low > 0


def _kept(folder: Path) -> str:
    """Put the release among the user's improvers. The run has its result whether that can be done or not: a line says what came of it."""
    store = improvers()
    try:
        kept = keep_release(store, folder, at=time.time())
        name, is_chosen = named(kept.id), store.chosen() == kept.id
    except (UserError, IntegrityError) as error:
        return f"Not kept as an improver: {clean(error, 300)}"
    later = "later runs begin with it" if is_chosen else f"`rsi improver use {name}` lets later runs begin with it"
    return f"Kept as improver {name}: {later}."


def _in_units(summary: Mapping[str, Json]) -> str:
    """The certificate of a run on a target in the units of its metric; empty where there is none."""
    target = summary.get("target")
    metric, found = (target.get(name) if isinstance(target, dict) else None for name in ("metric", "certified"))
    if not isinstance(metric, dict) or not isinstance(found, dict):
        return ""
    start, release = (float(value) if isinstance(value := found.get(name), int | float) else 0.0 for name in ("start", "release"))
    better = "less is better" if metric.get("direction") == "min" else "more is better"
    return f"{clean(metric.get('name'), 60)} ({better}): {start:.4g} at the start, {release:.4g} now."


def _claim(summary: Mapping[str, Json]) -> str:
    """The last word of a run: the certified gain, or that there is none, and how large one could have been seen."""
    claim, seen = summary.get("claim"), summary.get("could_have_seen")
    numbers = [claim.get(name) for name in ("gain", "low", "high")] if isinstance(claim, dict) else []
    gain, low, high = (float(number) if isinstance(number, int | float) else None for number in (numbers or [None] * 3))
    smallest = seen.get("effect") if isinstance(seen, dict) else None
    sight = f" Effects below about {points(float(smallest))} points would mostly have gone unseen." if isinstance(smallest, float) else ""
    if gain is None or low is None or high is None:
        return f"No improvement found: no change was shown to be better, the release is the start.{sight}"
    word = "Certified gain" if low > 0 else "Certified loss" if high < 0 else "No improvement found: the gain"
    return f"{word} on sealed cases {'is ' if low <= 0 <= high else ''}{effect(gain, low, high)}.{'' if low > 0 else sight}"
