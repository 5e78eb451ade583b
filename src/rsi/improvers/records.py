"""What is known of an improver: the runs that it came through, what each changed and certified, and how it got here."""

import hashlib
from dataclasses import dataclass

from rsi.core.protocols import Files
from rsi.core.records import Certificate, Surface, TreeId
from rsi.kernel.archive.trees import write_tree

__all__ = ["Arrival", "Change", "Improver", "Passage", "named", "tree_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A proposal that a run kept.

    Attributes:
        limitation: the weakness that it answers, in the agent's words; empty where it named none.
        reason: why the agent made it.
        pairs: cases on which a version with it met one without it.
        gain, spread, p_better: what is believed of its effect on the score: mean, standard deviation, and the probability that it is
            better; None where nothing is known.
    """

    surface: Surface
    limitation: str
    reason: str
    pairs: int
    gain: float | None
    spread: float | None
    p_better: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One run on the way to an improver, and what it certified.

    Attributes:
        run: its name.
        seed: its seed; every random choice follows from it, from the configuration and from the start.
        config: SHA-256 of its configuration.
        suite: the suite that it was judged on.
        build_seed: seed with which its release is built.
        kernel: hash of the source that decided.
        head: hash of the last entry of its log: who has the log can tell that it is the same one.
        digest: the log's digest over all decisions: the same for whoever repeats the run.
        ended: seconds since 1970, for people only.
        start, release: trees that it began and ended with.
        certificate: the release against the start on sealed cases.
        changes: what it kept, in order.
    """

    run: str
    seed: int
    config: str
    suite: str
    build_seed: int
    kernel: str
    head: str
    digest: str
    ended: float
    start: TreeId
    release: TreeId
    certificate: Certificate
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Improver:
    """A certified version of an agent.

    Attributes:
        name: what its manifest calls it.
        tree: its files.
        passages: the runs that led to it, oldest first; each began where the one before it ended, the last one ended with `tree`.
    """

    name: str
    tree: TreeId
    passages: tuple[Passage, ...]

    @property
    def last(self) -> Passage:
        """The run whose release it is."""
        return self.passages[-1]

    @property
    def floor(self) -> float:
        """The gain over the start of its first run that all its certificates together ensure: the sum of their lower bounds.

        Errors add up too: it may be too high with at most the sum of the certificates' alphas, and only for the cases and budgets of
        those certificates.
        """
        return sum(passage.certificate.low for passage in self.passages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How an improver got into this store.

    Attributes:
        at: seconds since 1970.
        source: the folder of the run, or the file that it was imported from.
        checked: whether the logs of all its runs were at hand here and said the same; else some certificate is what an exporter claims.
    """

    at: float
    source: str
    checked: bool


def tree_of(files: Files) -> TreeId:
    """The name that an archive gives a tree with these files.

    Raises:
        UserError: a path is unsafe, or names both a file and a folder.
    """
    return TreeId(write_tree({path: _name("blob", content) for path, content in files.items()}, _name))


def named(identity: str) -> str:
    """An improver's identity as people see it: its first digits."""
    return identity[:12]


def _name(kind: str, content: bytes) -> str:
    return hashlib.sha256(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()
