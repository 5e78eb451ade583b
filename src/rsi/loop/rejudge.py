"""Running trials of a finished run again, in fresh jails, to see whether they come out as logged."""

from collections.abc import Sequence

from rsi.config import RunConfig
from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import IntegrityError
from rsi.core.protocols import Archive, Entry, Files, Limits
from rsi.core.records import CandidateId, Json, Outcome, Pool, ProposalId
from rsi.kernel.evaluate import Bench, load_manifest, run_trials
from rsi.kernel.workspace import Composer, Composition, difference, rebase_patch, tree_key
from rsi.loop.machine import scanner_of
from rsi.loop.parts import Parts
from rsi.loop.state import PRODUCT_FILE, run_seed
from rsi.loop.trials import rows_of
from rsi.loop.watch import WatchedJail

__all__ = ["rejudge_blocks"]


def rejudge_blocks(entries: Sequence[Entry], archive: Archive, config: RunConfig, parts: Parts, count: int, digest: str) -> tuple[int, int]:
    """Run `count` blocks again, drawn by the log's digest; how many trials that were and how many came out differently.

    Blocks that were answered with language models are left out: no model has to say the same twice.
    """
    blocks = [entry for entry in entries if entry.kind == "trials.done" and isinstance(entry.body, dict) and "asked" not in entry.body]
    drawn = sorted(blocks, key=lambda entry: sha256_hex(f"{digest}/{entry.seq}".encode()))[:count]
    versions = _Versions(entries, archive)
    rejudged = mismatches = 0
    for entry in sorted(drawn, key=lambda entry: entry.seq):
        assert isinstance(entry.body, dict)
        before, after = entry.body["trials"], _again(entry.body, versions.runnable(entry.seq, entry.body), config, parts)
        assert isinstance(before, list) and isinstance(after, list)
        rejudged += len(before)
        mismatches += sum(canonical(one) != canonical(other) for one, other in zip(before, after, strict=True))
    return rejudged, mismatches


def _again(body: dict[str, Json], files: Files, config: RunConfig, parts: Parts) -> Json:
    pool, first, rows = Pool(str(body["pool"])), body["first"], body["trials"]
    assert isinstance(first, int) and isinstance(rows, list)
    bench = Bench(parts.make_jail)
    try:
        trials, _ = run_trials(
            WatchedJail(bench.jail, scanner_of(config, parts.secrets)),
            bench.spare,
            suite=parts.suite,
            candidate=CandidateId(str(body["candidate"])),
            files=files,
            manifest=load_manifest(files),
            cases=parts.suite.cases(pool, first, len(rows)),
            programs=config.certificate.programs if pool is Pool.SEALED else config.judge.programs,
            seed=run_seed(config, "trials", pool.value, first),
            limits=Limits(wall_s=config.jail.wall_s, cpu_s=config.jail.wall_s),
        )
    finally:
        bench.close()
    return rows_of(trials)


class _Versions:
    """Versions of a run, ready to be run, from its archive, the build products that its log names and the edits that were open."""

    def __init__(self, entries: Sequence[Entry], archive: Archive) -> None:
        self._archive = archive
        self._archived: set[str] = set()
        self._tests: dict[str, list[tuple[int, dict[str, Json]]]] = {}
        self._products: dict[str, str] = {}
        for entry in entries:
            if isinstance(entry.body, dict):
                self._read(entry.seq, entry.kind, entry.body)

    def _read(self, seq: int, kind: str, body: dict[str, Json]) -> None:
        added = body.get({"run.started": "start", "candidate.added": "candidate"}.get(kind, ""))
        if isinstance(added, dict):
            self._archived.add(str(added["id"]))
        elif kind == "test.opened":
            self._tests.setdefault(str(body["proposal"]), []).append((seq, body))
        elif body.get("call") == "build" and body.get("outcome") == Outcome.ANSWERED.value:
            who = str(body["improver"])
            self._products[tree_key(self._archive.files(CandidateId(who))) if who in self._archived else who] = str(body["result"])

    def runnable(self, seq: int, body: dict[str, Json]) -> Files:
        """The files that stood in the jail.

        Raises:
            IntegrityError: the edits that were on do not make what was run.
        """
        name = str(body["candidate"])
        files = dict(self._archive.files(CandidateId(name)) if name in self._archived else self._mixed(seq, body))
        product = self._products.get(tree_key(files))
        if product is not None:
            files[PRODUCT_FILE] = self._archive.blob(product)
        return files

    def _mixed(self, seq: int, body: dict[str, Json]) -> Files:
        """The incumbent of a round with its edits on, each moved to where it belongs there."""
        played = body["race"]
        assert isinstance(played, dict) and isinstance(played["on"], list)
        incumbent = self._archive.files(CandidateId(str(played["incumbent"])))
        composer, names = Composer(incumbent), [ProposalId(str(name)) for name in played["on"]]
        for name in names:
            test = next(test for at, test in reversed(self._tests[name]) if at < seq)
            old, new = (self._archive.files(CandidateId(str(test[who]))) for who in ("incumbent", "candidate"))
            edits = rebase_patch(difference(old, new), old, incumbent)
            if isinstance(edits, tuple):
                composer.add(name, edits)
        made = composer.compose(names) if len(composer.open) == len(names) else None
        if not isinstance(made, Composition) or made.key != body["candidate"]:
            raise IntegrityError(f"entry {seq} (trials.done): the edits that were on do not make the version that was run")
        return made.files
