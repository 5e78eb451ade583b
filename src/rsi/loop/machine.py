"""The run as a state machine over its log: what it knows, what it may ask of its workers, what it writes down."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rsi.config import RunConfig, to_json
from rsi.core.codec import canonical, encode, sha256_hex
from rsi.core.protocols import Archive, Files, Gateway, Jail, Limits, Rehearsal, Suite
from rsi.core.records import Candidate, CandidateId, Case, Clock, Json, Manifest, Pool, ProposalId
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.judge import Prior, Race, Settings
from rsi.kernel.models import Spent
from rsi.kernel.sandbox import STANDARD_PROFILE
from rsi.kernel.workspace import Composer, Scanner, shape_of, tree_key
from rsi.loop.desk import Activity, Desk, Floor
from rsi.loop.inbox import Inbox
from rsi.loop.outside import Outside
from rsi.loop.purse import Purse, cost_of_certificate
from rsi.loop.replay import Journal
from rsi.loop.seasons import Seasons
from rsi.loop.shell import Shell
from rsi.loop.state import Agent, Mind, State, Team, Version, run_seed
from rsi.loop.watch import WatchedJail

__all__ = ["ITSELF", "Machine", "Opening", "SharedSuite", "Staff", "scanner_of", "settings_of"]

ITSELF = "itself"
"""The name of the agent in a run on a target that is asked to improve itself."""
_HOPE = Prior(better=0.3, worse=0.2, gain=0.06, loss=0.04)
"""What is believed of a change that an improver has thought about and tried; a race learns better from those that it closes."""
_HASTY = 0.5
"""Changes are few and dear here, so that none is dropped in haste: only what has become half as likely as it was."""


class SharedSuite:
    """A suite that several worker threads may ask; one at a time."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._lock = threading.Lock()

    def practice_batch(self, index: int, count: int) -> Json:
        """Practice batch number `index`."""
        with self._lock:
            return self._suite.practice_batch(index, count)

    def rehearsals(self, index: int, count: int) -> Sequence[Rehearsal]:
        """The problems of practice batch number `index`; none where practice is answered at once."""
        with self._lock:
            rules = self._suite.episodes(Pool.PRACTICE)
            return () if rules is None else rules.practice_rehearsals(index, count)

    def size(self, pool: Pool) -> int | None:
        """How many different cases a pool has; None where there are as many as are asked for."""
        with self._lock:
            return self._suite.size(pool)

    def cases(self, pool: Pool, first: int, count: int) -> list[Case]:
        """Cases of a pool."""
        with self._lock:
            return list(self._suite.cases(pool, first, count))

    @property
    def scorer(self) -> Suite:
        """The suite itself, for scoring, which keeps no state."""
        return self._suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the first event of a run says besides its configuration.

    Attributes:
        tier: what the jails enforce.
        kernel: hash of the source that decides.
        commitments: SHA-256 of each pool's secret seed.
        secrets: the secret seeds, revealed by the last event.
        machine: what agents are told of the machine that they run on.
        target: in a run on a target what its agents are told of it, `hashes` of what nobody may change, and the guarantees that are `lost`;
            null where an agent improves itself.
        beside: what the clock part of the event says of the jails on this machine.
        standstill_s: seconds that the judge stood still at the longest, for the clock part of the last event.
    """

    tier: str
    kernel: str
    commitments: Json
    secrets: Json
    machine: Json = field(default_factory=lambda: STANDARD_PROFILE)
    target: Json = None
    beside: Mapping[str, Json] = field(default_factory=dict)
    standstill_s: Callable[[], float] = float


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Who takes part in a run besides what is improved in it.

    Attributes:
        agents: the trees of the agents that improve a target, by name (`itself`: the target does); empty where an agent improves itself.
        gateway: the road to language models; None where there is none, and in a replay.
        inbox: where changes from outside come in; None where none do.
        outside: the agents from outside, by name; each has a tree among the agents that stands for it.
        shell: where language models may run commands; None where they may not.
    """

    agents: Mapping[str, Files] = field(default_factory=dict)
    gateway: Gateway | None = None
    inbox: Inbox | None = None
    outside: Mapping[str, Outside] = field(default_factory=dict)
    shell: Shell | None = None


class Machine:
    """One run. `rsi.loop.cycle` says what it does; this says with what."""

    def __init__(
        self,
        config: RunConfig,
        start_files: Files,
        *,
        opening: Opening,
        archive: Archive,
        suite: Suite,
        journal: Journal,
        floor: Floor,
        staff: Staff | None = None,
    ) -> None:
        """Keep the parts and archive version 0 and the agents; nothing is run or logged yet."""
        self.config = config
        self.opening = opening
        self.staff = staff or Staff()
        self.candidates: set[CandidateId] = set()
        """The names of all candidates so far."""
        self.archive = archive
        self.suite = SharedSuite(suite)
        self.journal = journal
        self.race = Race(settings_of(config), random.Random(run_seed(config, "race")))
        self.purse = Purse(config.run.programs, kept_back=cost_of_certificate(config))
        self.desk = Desk(floor, config.run.lanes, self.purse, self._improve_lanes)
        self.limits = Limits(wall_s=config.jail.wall_s, cpu_s=config.jail.wall_s)
        self.scanner = scanner_of(config, opening.secrets)
        self.seasons = Seasons(config.judge.season, _judge_secret(opening.secrets), self.emit, self.scanner)
        self.chatted = Spent()
        """What models were used, by the log."""
        self.luck = random.Random(run_seed(config, "agents"))
        """For the choice of who is asked, where several agents are."""
        start = self.keep(start_files, parent=None, proposal=None)
        composer = Composer(start.files)
        self.state = State(start=start, incumbent=start, composer=composer, base=start.id, examined={start.candidate.tree})
        agents = {name: self._agent(name, files, start) for name, files in self.staff.agents.items()}
        if agents:
            self.state.team = Team(agents=agents, asked=next(iter(agents)))
            self.state.shapes[shape_of(start.files)] = None

    @property
    def subject(self) -> Version:
        """What is to be improved at present: the incumbent, in a tree the version that was selected."""
        state = self.state
        chosen = state.incumbent if state.tree is None else state.tree.members[state.tree.improver].version
        return state.incumbent if chosen.id in state.quarantined else chosen

    @property
    def improver(self) -> Version:
        """Who makes proposals at present: the subject itself, version 0 in the frozen control; on a target, the agent that is asked."""
        team = self.state.team
        if team is not None:
            return self.subject if team.current.is_itself else team.current.version
        return self.state.start if self.config.run.frozen_improver else self.subject

    @property
    def mind(self) -> Mind:
        """What the improver knows."""
        tree, team = self.state.tree, self.state.team
        if team is not None:
            return team.current.mind
        return self.state.mind if tree is None else tree.members[tree.improver].mind

    def keep(self, files: Files, *, parent: Version | None, proposal: ProposalId | None) -> Version:
        """Archive a tree as a candidate; what is run of it from now on is what the archive gives back."""
        parents = () if parent is None else (parent.id,)
        name = self.archive.add(files, parents=parents, message=f"proposal {proposal}" if proposal else "version 0")
        candidate = Candidate(id=name, tree=self.archive.tree(name), parent=parent.id if parent else None, proposal=proposal)
        self.candidates.add(name)
        return self._version(candidate, parent.manifest if parent else load_manifest(files))

    def _agent(self, name: str, files: Files, start: Version) -> Agent:
        """Archive the tree of an agent that improves a target."""
        if name == ITSELF:
            return Agent(name=name, version=start, is_itself=True)
        identity = self.archive.add(files, parents=(), message=f"agent {name}")
        candidate = Candidate(id=identity, tree=self.archive.tree(identity), parent=None, proposal=None)
        return Agent(name=name, version=self._version(candidate, load_manifest(files)))

    def _version(self, candidate: Candidate, manifest: Manifest) -> Version:
        kept = self.archive.files(candidate.id)
        return Version(candidate=candidate, manifest=manifest, files=kept, key=tree_key(kept))

    def watched(self, jail: Jail) -> WatchedJail:
        """The jail, with its replies looked through for the run's canary."""
        return WatchedJail(jail, self.scanner)

    def key(self, call: str, *about: str | int) -> str:
        """The name of the next order: its number, what it is, and a hash of what it is about."""
        number = self.state.orders
        self.state.orders += 1
        return f"{number:06d}-{call}-{sha256_hex(canonical([call, *about]))[:12]}"

    def emit(self, kind: str, body: Json, clock: Clock | None = None, beside: Mapping[str, Json] | None = None) -> None:
        """Write an event; `beside` stands in its clock part, which no decision reads."""
        self.journal.emit(kind, body, clock, beside or {})

    def blob(self, value: Json) -> str:
        """Keep plain data by content and return its name."""
        return self.archive.add_blob(canonical(value))

    def go_on(self, *activities: Activity) -> None:
        """Let activities go on side by side until all have ended."""
        for activity in activities:
            self.desk.begin(activity)
        self.desk.work()

    def open(self) -> None:
        """Write the first event."""
        config = to_json(self.config)
        start, team = self.state.start, self.state.team
        agents = [] if team is None else list(team.agents.values())
        origin: list[Json] = [config, start.candidate.tree, *(agent.version.id for agent in agents)]
        body: dict[str, Json] = {
            "run": sha256_hex(canonical(origin))[:12],
            "seed": self.config.run.seed,
            "config": config,
            "agent": start.manifest.name if team is None else ", ".join(team.agents),
            "start": encode(start.candidate),
            "tier": self.opening.tier,
            "kernel": self.opening.kernel,
            "pools": self.opening.commitments,
            "canary": self.scanner.canary,
            "frozen": self.config.run.frozen_improver,
            "machine": self.opening.machine,
        }
        if team is not None:
            named: list[Json] = [{"name": agent.name, "candidate": agent.version.id} for agent in agents]
            body |= {"target": self.opening.target, "agents": named}
        self.journal.emit("run.started", body, beside=self.opening.beside)

    def end(self, reason: str) -> None:
        """Write the last events, which reveal the secret seeds."""
        self.seasons.close()
        body: Json = {"reason": reason, "programs": self.purse.spent, "pools": self.opening.secrets}
        self.journal.emit("run.ended", body, None, {"standstill_s": round(self.opening.standstill_s(), 3)})

    def _improve_lanes(self) -> int:
        lanes = self.config.run.lanes
        tree = self.state.tree
        is_judging = bool(self.state.entrants or self.state.under_way) or (tree is not None and tree.has_children)
        return max(1, lanes - 1) if is_judging else lanes


def settings_of(config: RunConfig) -> Settings:
    """How the race of a run is run: its pace is that of half the budget, in trials at their full price."""
    judge, safety = config.judge, config.safety
    left = config.run.programs - cost_of_certificate(config)
    return Settings(
        budget=max(1, left // (2 * judge.programs)),
        slots=judge.open,
        alpha=judge.alpha,
        horizon=judge.horizon,
        prior=_HOPE,
        fewest=min(judge.fewest, judge.max_pairs),
        hopeless=judge.hopeless,
        hasty=max(_HASTY, judge.hopeless),
        crowded=min(judge.open, config.propose.when_open_below),
        margin=safety.margin if safety.suite else None,
        safety_share=safety.share,
    )


def _judge_secret(secrets: Json) -> str:
    return str(secrets[Pool.JUDGE.value]) if isinstance(secrets, dict) else "0"


def scanner_of(config: RunConfig, secrets: Json) -> Scanner:
    """The scanner that knows a run's secrets."""
    seeds = secrets if isinstance(secrets, dict) else {}
    return Scanner({pool: str(seed) for pool, seed in seeds.items()}, config.run.salt)
