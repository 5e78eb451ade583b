"""Running trials of a finished run again, in fresh jails, to see whether they come out as logged."""

from collections.abc import Sequence

from rsi.config import RunConfig
from rsi.core.codec import canonical, sha256_hex
from rsi.core.protocols import Archive, Entry, Files, Limits
from rsi.core.records import CandidateId, Json, Outcome, Pool
from rsi.kernel.evaluate import load_manifest, run_block
from rsi.loop.machine import scanner_of
from rsi.loop.parts import Parts
from rsi.loop.state import PRODUCT_FILE, run_seed
from rsi.loop.trials import rows_of
from rsi.loop.watch import WatchedJail

__all__ = ["rejudge_blocks"]


def rejudge_blocks(entries: Sequence[Entry], archive: Archive, config: RunConfig, parts: Parts, count: int, digest: str) -> tuple[int, int]:
    """Run `count` blocks again, drawn by the log's digest; how many trials that were and how many came out differently."""
    blocks = [entry for entry in entries if entry.kind == "trials.done"]
    drawn = sorted(blocks, key=lambda entry: sha256_hex(f"{digest}/{entry.seq}".encode()))[:count]
    versions = _Versions(entries, archive)
    rejudged = mismatches = 0
    for entry in sorted(drawn, key=lambda entry: entry.seq):
        assert isinstance(entry.body, dict)
        before, after = entry.body["trials"], _again(entry.body, versions, config, parts)
        assert isinstance(before, list) and isinstance(after, list)
        rejudged += len(before)
        mismatches += sum(canonical(one) != canonical(other) for one, other in zip(before, after, strict=True))
    return rejudged, mismatches


def _again(body: dict[str, Json], versions: "_Versions", config: RunConfig, parts: Parts) -> Json:
    pool, first, rows = Pool(str(body["pool"])), body["first"], body["trials"]
    assert isinstance(first, int) and isinstance(rows, list)
    candidate = CandidateId(str(body["candidate"]))
    files = versions.runnable(candidate)
    jail = parts.make_jail()
    try:
        trials, _ = run_block(
            WatchedJail(jail, scanner_of(config, parts.secrets)),
            suite=parts.suite,
            candidate=candidate,
            files=files,
            manifest=load_manifest(files),
            cases=parts.suite.cases(pool, first, len(rows)),
            programs=config.certificate.programs if pool is Pool.SEALED else config.judge.programs,
            seed=run_seed(config, "trials", pool.value, first),
            limits=Limits(wall_s=config.jail.wall_s, cpu_s=config.jail.wall_s),
        )
    finally:
        jail.close()
    return rows_of(trials)


class _Versions:
    """Versions of a run, ready to be run, from its archive and the build products that its log names."""

    def __init__(self, entries: Sequence[Entry], archive: Archive) -> None:
        self._archive = archive
        self._products: dict[str, str] = {}
        for entry in entries:
            body = entry.body
            if isinstance(body, dict) and body.get("call") == "build" and body.get("outcome") == Outcome.ANSWERED.value:
                self._products[archive.tree(CandidateId(str(body["improver"])))] = str(body["result"])

    def runnable(self, candidate: CandidateId) -> Files:
        """The files that stood in the jail."""
        files = dict(self._archive.files(candidate))
        product = self._products.get(self._archive.tree(candidate))
        if product is not None:
            files[PRODUCT_FILE] = self._archive.blob(product)
        return files
