"""`rsi improver`: the certified improvers of this user, the choice of the one that later runs begin with, and passing them on."""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from rsi.cli.terminal import JsonFlag, complain, print_json, say
from rsi.cli.versions import SHIPPED, improvers
from rsi.cli.view.text import clean, effect, percent, points
from rsi.core.codec import encode
from rsi.core.errors import IntegrityError, UserError
from rsi.core.records import Json
from rsi.improvers import Arrival, Change, Improver, Packed, Passage, Store, best, keep_release, named, passage_of, read_package, tree_of
from rsi.loop.agents import load_agent

__all__ = ["improver"]

_CLAIM = "Its certificate is what its exporter claims; with --run and the folder of its last run it is checked against the log."
_CLAIM_BEFORE = "The log of its last run says the same; the runs before are what its exporter claims: import theirs with --run first."

improver = App(name="improver")
"""`rsi improver`: without a word behind it, the same as `list`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """An improver as it stands in the list."""

    id: str
    improver: Improver
    arrival: Arrival | None
    in_use: bool


@improver.default
def list_(*, as_json: JsonFlag = False) -> int:
    """All improvers, by suite and agent, the largest ensured gain first."""
    store = improvers()
    rows, broken = _rows(store)
    if as_json:
        print_json({"improvers": [_row_data(row) for row in rows], "in_use": store.chosen(), "broken": [*broken]})
    elif not rows and not broken:
        say("No improver is kept yet: a run whose gain is certified keeps its release.")
    else:
        _tell_rows(rows)
    return complain("; ".join(broken), 1) if broken else 0


improver.command(list_, name="list")


def _rows(store: Store) -> tuple[list[_Row], list[str]]:
    """What can be read, the largest ensured gain first, and a line on each file that cannot."""
    rows, broken, chosen = [], [], store.chosen()
    for identity in store.ids():
        try:
            found = store.read(identity)
        except (IntegrityError, UserError) as error:
            broken.append(str(error))
            continue
        rows.append(_Row(id=identity, improver=found.improver, arrival=store.arrival(identity), in_use=identity == chosen))
    return sorted(rows, key=_order), broken


def _order(row: _Row) -> tuple[str, str, float, str]:
    return row.improver.last.suite, row.improver.name, -row.improver.floor, row.id


def _tell_rows(rows: list[_Row]) -> None:
    say(f"  {'improver':12}  {'name':16}  {'suite':14}  {'certified gain':32}  {'runs':>4}  {'ensured':>7}  {'run':12}  {'kept':10}")
    for row in rows:
        last, one = row.improver.last, row.improver.last.certificate
        mark, gain = "*" if row.in_use else " ", effect(one.gain, one.low, one.high)
        claimed = "" if row.arrival and row.arrival.checked else "  claimed by an exporter"
        say(
            f"{mark} {named(row.id):12}  {clean(row.improver.name, 16):16}  {clean(last.suite, 14):14}  {gain:32}  "
            f"{len(row.improver.passages):>4}  {points(row.improver.floor):>7}  {clean(last.run, 12):12}  {_day(row.arrival):10}{claimed}"
        )
    if any(row.in_use for row in rows):
        say(f"* later runs begin with it; `rsi improver use {SHIPPED}` goes back to the shipped agent")
    else:
        say("Later runs begin with the shipped agent; `rsi improver use ID` lets them begin with one of these.")


def _row_data(row: _Row) -> Json:
    last = row.improver.last
    return {
        "id": row.id,
        "name": row.improver.name,
        "suite": last.suite,
        "run": last.run,
        "runs": len(row.improver.passages),
        "gain": last.certificate.gain,
        "low": last.certificate.low,
        "high": last.certificate.high,
        "ensured": row.improver.floor,
        "in_use": row.in_use,
        "checked": bool(row.arrival and row.arrival.checked),
        "kept": row.arrival.at if row.arrival else None,
    }


@improver.command
def show(name: str, /, *, as_json: JsonFlag = False) -> int:
    """Where an improver came from, what each run behind it changed, and what is certified.

    Args:
        name: First digits of its ID.
    """
    store = improvers()
    packed = store.read(store.find(name))
    arrival, in_use = store.arrival(packed.id), store.chosen() == packed.id
    if as_json:
        print_json({"id": packed.id, "in_use": in_use, "arrival": encode(arrival), "improver": encode(packed.improver)})
        return 0
    found = packed.improver
    size = sum(map(len, packed.files.values()))
    say(f"improver {packed.id}")
    say(f"{clean(found.name, 100)}: {len(packed.files)} files, {size:,} bytes, tree {found.tree[:12]}{', in use' if in_use else ''}")
    say(_came(arrival))
    if len(found.passages) > 1:
        say(f"Its {len(found.passages)} certificates together ensure {points(found.floor)} points over the start of the first run.")
    for passage in found.passages:
        _tell_passage(passage)
    return 0


def _came(arrival: Arrival | None) -> str:
    if arrival is None:
        return "Nothing says how it got here: its certificate is a claim."
    source = clean(arrival.source, 200)
    if arrival.checked:
        return f"Came on {_day(arrival)} from {source}; the logs of all its runs were at hand and say the same."
    return f"Came on {_day(arrival)} from {source}; no logs at hand say all of it: its certificates are what an exporter claims."


def _tell_passage(passage: Passage) -> None:
    one = passage.certificate
    say()
    say(f"run {passage.run}, seed {passage.seed}, suite {passage.suite}, ended {_date(passage.ended)}")
    say(f"  kernel {passage.kernel}, configuration {passage.config[:12]}, last entry of its log {passage.head}")
    say(f"  from tree {passage.start[:12]}{_is_shipped(passage)} to {passage.release[:12]}")
    say(
        f"  {one.pairs} sealed cases: start {percent(one.start_score)}, release {percent(one.release_score)}, "
        f"gain {effect(one.gain, one.low, one.high)}, misses with probability at most {100 * one.alpha:g} %"
    )
    for change in passage.changes:
        say(f"  {change.surface.value}: {clean(change.reason, 300)} — {_effect_of(change)}, after {change.pairs} pairs")
        if change.limitation:
            say(f"    because: {clean(change.limitation, 200)}")


def _is_shipped(passage: Passage) -> str:
    """Whether a run began with the agent that this version of rsi ships."""
    with suppress(UserError):
        if tree_of(load_agent(SHIPPED)) == passage.start:
            return " (the shipped agent)"
    return ""


def _effect_of(change: Change) -> str:
    if change.gain is None or change.spread is None or change.p_better is None:
        return "nothing is known of its effect"
    return f"believed {points(change.gain)} points (± {100 * change.spread:.1f}), better with probability {percent(change.p_better)}"


@improver.command
def use(name: str, /, *, as_json: JsonFlag = False) -> int:
    """Choose what later runs begin with: an improver, the best one, or the shipped agent.

    Args:
        name: First digits of its ID; best (the largest gain that certificates of runs on this machine ensure); or seed (the shipped agent).
    """
    store = improvers()
    identity = None if name == SHIPPED else _best(store) if name == "best" else store.find(name)
    found = None if identity is None else store.read(identity)
    store.choose(identity)
    if as_json:
        print_json({"in_use": identity})
    elif found is None:
        say("Later runs begin with the shipped agent.")
    else:
        say(f"Later runs begin with improver {named(found.id)}, {_claim(found.improver)}.")
        say(f"`rsi run --agent {SHIPPED}` begins with the shipped agent, whatever is in use.")
    return 0


def _best(store: Store) -> str:
    rows, _ = _rows(store)
    identity = best((row.id, row.improver) for row in rows if row.arrival and row.arrival.checked)
    if identity is None:
        raise UserError("no improver here was certified by a run whose log is at hand; a run whose gain is certified keeps its release")
    return identity


def _claim(found: Improver) -> str:
    one = found.last.certificate
    return f"certified {effect(one.gain, one.low, one.high)}"


@improver.command
def add(run: Path, /, *, as_json: JsonFlag = False) -> int:
    """Keep the release of a finished run whose gain is certified, as `rsi run` does by itself.

    Args:
        run: Folder of the run.
    """
    store = improvers()
    before = store.ids()
    packed = keep_release(store, run, at=time.time())
    return _arrived(packed, "Kept", packed.id not in before, as_json)


@improver.command
def export(name: str, file: Path, /, *, as_json: JsonFlag = False) -> int:
    """Write an improver, its certificate and where it came from into one file for other machines.

    Args:
        name: First digits of its ID.
        file: File to write; one that is there already is left alone.
    """
    store = improvers()
    packed = store.read(store.find(name))
    try:
        with file.open("xb") as handle:
            handle.write(packed.raw)
    except FileExistsError:
        raise UserError(f"{file} is there already; choose another name, or remove it first") from None
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}; choose another place") from None
    if as_json:
        print_json({"id": packed.id, "file": str(file), "bytes": len(packed.raw)})
    else:
        say(f"{file}: improver {named(packed.id)}, {len(packed.raw):,} bytes; `rsi improver import` takes it in")
    return 0


@improver.command(name="import")
def import_(
    file: Path,
    /,
    *,
    run: Annotated[Path | None, Parameter(help="Folder of its last run: checks the file against that run's log.")] = None,
    as_json: JsonFlag = False,
) -> int:
    """Take in an improver that another machine exported; everything that can be checked is.

    Args:
        file: File that `rsi improver export` wrote.
    """
    packed = read_package(file)
    if run is not None:
        _check_against(packed, file, run)
    store = improvers()
    is_checked = run is not None and store.vouches(packed.improver.passages[:-1])
    is_new = store.add(packed, Arrival(at=time.time(), source=str(file.resolve()), checked=is_checked))
    code = _arrived(packed, "Imported", is_new, as_json)
    arrival = store.arrival(packed.id)
    if not as_json and not (arrival and arrival.checked):
        say(_CLAIM if run is None else _CLAIM_BEFORE)
        say("It is somebody else's program and runs in jails only; for runs that begin with it, set run.salt (docs/config.md).")
    return code


def _check_against(packed: Packed, file: Path, run: Path) -> None:
    """Compare the last passage of an improver with what the log of its run says.

    Raises:
        IntegrityError: they differ; names the first field.
    """
    there, files, _ = passage_of(run)
    said, shown = encode(packed.improver.last), encode(there)
    assert isinstance(said, dict) and isinstance(shown, dict)
    for field, value in said.items():
        if value != shown[field]:
            raise IntegrityError(f"{file} and the log of {run} do not say the same: {field} differs")
    if dict(files) != dict(packed.files):
        raise IntegrityError(f"{file} has other files than the release of {run}")


def _arrived(packed: Packed, word: str, is_new: bool, as_json: bool) -> int:
    if as_json:
        print_json({"id": packed.id, "new": is_new})
        return 0
    name = named(packed.id)
    how = f"{word} as improver {name}" if is_new else f"Improver {name} is here already"
    say(f"{how} ({_claim(packed.improver)}); `rsi improver use {name}` lets later runs begin with it.")
    return 0


def _day(arrival: Arrival | None) -> str:
    return _date(arrival.at) if arrival else "unknown"


def _date(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return "unknown"
