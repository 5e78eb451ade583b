"""The success-story check: what was kept earlier is tested again, and what no longer earns its place is taken out.

When a season of judge cases is over, and once more when no more changes are proposed, the kernel makes the *removal* of kept changes, one
at a time, oldest first: the incumbent with that change taken out again (a three-way merge on the files). A removal is an edit in the race
like any other, on fresh cases, with one difference: it need not be better. It is carried out once it is shown to lose less than
`judge.retest_margin`, at a level of its own (5 % for each), and dropped once a loss is shown, or likely enough; then the change still
earns its place. A change is tested again only if another was accepted since it was last tested, and on one incumbent: where another is
accepted meanwhile, its test begins anew. (After J. Schmidhuber's success-story criterion, 1997: a modification stays only as long as what
followed it is a success.)

Covers: changes that a later one made harmful or superfluous, one by one. Does not cover: changes that later ones are built on, so that
they do not merge without them (they are passed over, and the log says so); trees, where the ablation says it; a loss within the margin.
"""

from collections.abc import Iterator

from rsi.core.codec import encode
from rsi.core.protocols import Files
from rsi.core.records import Prediction, Proposal, ProposalId
from rsi.kernel.workspace import Stale, apply, difference
from rsi.loop.build import build
from rsi.loop.course import ends_race
from rsi.loop.desk import Until
from rsi.loop.machine import Machine
from rsi.loop.proposals import announce, leak_in, rebased, refuse
from rsi.loop.quarantine import barred
from rsi.loop.race import allowance, conflicts_of, is_over, playing, sweep, tell_opening
from rsi.loop.state import Entrant, Version, Waiting
from rsi.loop.verdicts import conclude, unbuildable

__all__ = ["retest_at_end", "retesting"]

_WORTH = 100
"""A removal is tried only if so many pairs can be paid at full price."""
_PLACES = 2
"""Places that must be free: one is left to the proposal that may be on its way into the race."""
_NOTHING_FORETOLD = Prediction(p_better=0.5, low=-1.0, high=1.0)


async def retesting(machine: Machine) -> None:
    """Whenever a season is over, take one kept change after the other out for trial, as long as the race goes on."""
    state = machine.state
    while True:
        await Until(lambda: is_over(machine) or ends_race(state) or _next(machine) is not None)
        name = _next(machine)
        if is_over(machine) or ends_race(state) or name is None:
            return
        state.under_way += 1
        await _take_out(machine, name)
        state.under_way -= 1


def retest_at_end(machine: Machine, abreast: int) -> None:
    """Do the same once more when nothing else is judged any more, `abreast` rounds at a time; nothing before the first season is over."""
    while not ends_race(machine.state) and (name := _next(machine, at_end=True)) is not None:
        machine.go_on(_take_out(machine, name))
        machine.go_on(*(playing(machine) for _ in range(abreast)))


def _next(machine: Machine, *, at_end: bool = False) -> ProposalId | None:
    """The change whose turn it is, if there is a place and money for a removal and none is open."""
    state, judge = machine.state, machine.config.judge
    needed = 2 * min(_WORTH, judge.max_pairs) * judge.programs
    is_affordable = state.retests.spent + needed <= allowance(machine) and machine.purse.can_ever_pay(needed)
    if not machine.seasons.ended or not is_affordable or state.removal is not None or state.crowning or machine.race.room < _PLACES:
        return None
    return next(_due(machine, at_end=at_end), None)


def _due(machine: Machine, *, at_end: bool) -> Iterator[ProposalId]:
    """Changes that are in the incumbent and were last tested in an earlier season, on another incumbent than this one; oldest first."""
    retests, incumbent = machine.state.retests, machine.state.incumbent.id
    line = [reign.version.candidate.proposal for reign in machine.state.line]
    gone = {retests.removals[name] for name in line if name in retests.removals}
    for name in line:
        kept = retests.kept.get(name) if name is not None and name not in gone else None
        if name is None or kept is None or kept.is_built_on or kept.incumbent == incumbent:
            continue
        if at_end or machine.seasons.ended > kept.seasons:
            yield name


async def _take_out(machine: Machine, name: ProposalId) -> None:
    """Propose a removal and let it into the race, on top of whatever is the incumbent when it is built."""
    state = machine.state
    kept = state.retests.kept[name]
    kept.seasons, kept.incumbent = machine.seasons.ended, state.incumbent.id
    waiting = _removal(machine, name, kept.waiting)
    if waiting is None:
        kept.is_built_on = True
        return
    state.retests.removals[waiting.proposal.id] = name
    announce(machine, waiting, machine.archive.files(waiting.proposal.parent))
    problem = None
    while problem is None and waiting.proposal.id not in state.entrants:
        problem = await _let_in(machine, waiting)
    if problem:
        refuse(machine, waiting, problem)


def _removal(machine: Machine, name: ProposalId, kept: Waiting) -> Waiting | None:
    """The proposal to take a change out of the version that it made; None where that would bring back a file that is no text."""
    state = machine.state
    place = next(number for number, reign in enumerate(state.line) if reign.version.candidate.proposal == name)
    version, before = state.line[place].version, state.line[place - 1].version
    if not _is_text(before.files, version.files):
        return None
    proposal = Proposal(
        id=ProposalId(f"p{state.proposals:04d}"),
        improver=state.incumbent.id,
        parent=version.id,
        surface=kept.proposal.surface,
        limitation=kept.proposal.limitation,
        reason=f"success-story check: does {name} still earn its place?",
        edits=difference(version.files, before.files),
        prediction=_NOTHING_FORETOLD,
    )
    state.proposals += 1
    return Waiting(proposal=proposal, cycle=max(0, state.cycles - 1), tag="", removes=name)


def _is_text(files: Files, others: Files) -> bool:
    """Whether all files that differ are UTF-8."""
    try:
        for path, content in files.items():
            if others.get(path) != content:
                content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


async def _let_in(machine: Machine, waiting: Waiting) -> str | None:
    """Take a removal up; None if it is in, or the incumbent moved meanwhile; why not else, empty if that is written down already."""
    state = machine.state
    sweep(machine)
    version = _applied(machine, waiting)
    if isinstance(version, str):
        return version
    version = await build(machine, version)
    sweep(machine)
    if version.product.failure is not None or version.id in state.quarantined:
        conclude(machine, waiting, unbuildable(machine, version))
        return ""
    if ends_race(state) or machine.race.room < _PLACES:
        return "put off: the race has no place for it"
    return _open(machine, waiting, version) if version.candidate.parent == state.incumbent.id else None


def _applied(machine: Machine, waiting: Waiting) -> Version | str:
    """The incumbent without the change, archived; or why there is none."""
    state, incumbent = machine.state, machine.state.incumbent
    proposal = rebased(machine, waiting.proposal, incumbent)
    if isinstance(proposal, str):
        assert waiting.removes is not None
        state.retests.kept[waiting.removes].is_built_on = True
        return f"passed over: {proposal}"
    files = apply(incumbent.files, proposal.edits)
    assert not isinstance(files, Stale), files
    problem = barred(machine, proposal) or leak_in(machine, files)
    if problem is not None:
        return problem
    version = machine.keep(files, parent=incumbent, proposal=proposal.id)
    state.examined.add(version.candidate.tree)
    machine.emit("candidate.added", {"candidate": encode(version.candidate), "proposal": proposal.id})
    return version


def _open(machine: Machine, waiting: Waiting, version: Version) -> str | None:
    """Open the test of a removal, unless an open change conflicts with it."""
    state, name = machine.state, waiting.proposal.id
    stale = state.composer.add(name, difference(state.incumbent.files, version.files))
    assert not isinstance(stale, Stale), stale
    met = conflicts_of(machine, name)
    if met:
        state.composer.drop(name)
        return f"put off: {met[0]}, which is open, changes the same lines"
    machine.race.open(name, tolerance=machine.config.judge.retest_margin)
    state.entrants[name] = Entrant(waiting=waiting, candidate=version)
    assert waiting.removes is not None
    state.retests.kept[waiting.removes].incumbent = state.incumbent.id
    tell_opening(machine, name, state.entrants[name], ())
    return None
