"""What somebody outside is told of a run: the target, what may be edited, practice findings, what was tried and why it was not kept.

It has the shape of the message `propose` to an agent, so that a person, a coding agent and an agent in a jail are told the same.

Covers: nothing of hidden cases, their scores or the run's seeds and salt is ever part of it. Does not cover: what stands in the folder of
the run itself; who can read that folder can read its log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rsi.core.codec import loads
from rsi.core.errors import IntegrityError, MessageError
from rsi.core.protocols import Archive, Entry, Files
from rsi.core.records import Accepted, CandidateId, FileEdit, Json, Manifest, Proposal, ProposalId, Verdict
from rsi.kernel.archive.index import Index
from rsi.kernel.archive.views import ProposalView
from rsi.kernel.workspace import unified

__all__ = ["Standing", "context_of", "findings_of", "history_of", "standing_of", "target_of"]

MOST_HISTORY = 40
MOST_DIFF = 4_000
MOST_TEXT = 2_000
MOST_FINDINGS = 40
_TOLD = frozenset({"name", "kind", "brief", "metric", "protected", "case"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a run stands, as far as outsiders are concerned.

    Attributes:
        base: the version that changes are made for now.
        manifest: what may be edited in it.
        ended: why the run ended; None while it can go on.
    """

    run: str
    base: CandidateId
    files: Files
    manifest: Manifest
    ended: str | None
    started: Mapping[str, Json]


def standing_of(index: Index, archive: Archive, manifest: Manifest) -> Standing:
    """Where a run stands.

    Raises:
        IntegrityError: the log has no beginning, or the archive lacks the version.
    """
    view = index.run()
    if view is None:
        raise IntegrityError("the log does not begin with the start of a run")
    ended = None if view.ended is None else str(view.ended.get("reason"))
    files = archive.files(view.incumbent)
    name = str(view.started.get("run"))
    return Standing(run=name, base=view.incumbent, files=files, manifest=manifest, ended=ended, started=view.started)


def context_of(standing: Standing, index: Index, archive: Archive, entries: Iterable[Entry]) -> dict[str, Json]:
    """All of it, as plain data in the shape of the message `propose`."""
    listed = list(entries)
    cycles = index.cycles()
    limitations: list[Json] = [
        {"id": one.id, "kind": one.kind, "text": one.text[:MOST_TEXT]} for one in (cycles[-1].limitations if cycles else ())
    ]
    return {
        "run": standing.run,
        "base": standing.base,
        "ended": standing.ended,
        "target": target_of(standing),
        "limitations": limitations,
        "findings": findings_of(listed, archive),
        "history": history_of(index, archive),
        "budget": {"programs_left": _left(standing, listed), "model": None},
    }


def target_of(standing: Standing) -> dict[str, Json]:
    """What is improved: as the run's first entry has it, else as the tree says of itself."""
    texts, omitted = _texts(standing.files)
    manifest, config = standing.manifest, standing.started.get("config")
    surfaces: dict[str, Json] = {surface.value: list(globs) for surface, globs in manifest.surfaces.items()}
    suite = config.get("suite") if isinstance(config, dict) else None
    told = standing.started.get("target")
    words: dict[str, Json] = {
        "name": manifest.name,
        "kind": "agent",
        "brief": f"An agent that answers the cases of the suite {suite}, and improves itself. "
        "Better is a higher mean score on cases it never saw.",
        "metric": {"name": "score", "direction": "max", "low": 0.0, "high": 1.0},
        "protected": list(manifest.protected),
        "case": {"function": f"{manifest.entry}:solve"},
        **({name: value for name, value in told.items() if name in _TOLD} if isinstance(told, dict) else {}),
    }
    return {**words, "surfaces": surfaces, "files": texts, "omitted": omitted}


def findings_of(entries: Iterable[Entry], archive: Archive) -> list[Json]:
    """What the last practice gave, newest first, each text of it bounded; practice cases only."""
    bodies = [entry.body for entry in entries if entry.kind == "job.done" and isinstance(entry.body, dict)]
    blobs = [body["result"] for body in reversed(bodies) if body.get("call") == "practise" and isinstance(body.get("result"), str)]
    found: list[Json] = []
    for blob in blobs[:MOST_FINDINGS]:
        answer = _blob(archive, str(blob))
        findings = answer.get("findings") if isinstance(answer, dict) else None
        found.extend(findings if isinstance(findings, list) else [] if findings is None else [findings])
        if len(found) >= MOST_FINDINGS:
            break
    return [_bounded(one) for one in found[:MOST_FINDINGS]]


def history_of(index: Index, archive: Archive) -> list[Json]:
    """What was tried, newest last: each change with what became of it and the kernel's word why."""
    verdicts = {view.proposal: view.verdict for view in index.verdicts()}
    return [_tried(view, verdicts, archive) for view in index.proposals()[-MOST_HISTORY:]]


def _tried(view: ProposalView, verdicts: Mapping[ProposalId, Verdict], archive: Archive) -> Json:
    proposal, verdict = view.proposal, verdicts.get(view.proposal.id)
    word = "refused" if view.refused is not None else "open" if verdict is None else type(verdict).__name__.lower()
    why = view.refused if view.refused is not None else "" if verdict is None or isinstance(verdict, Accepted) else verdict.reason
    return {
        "proposal": proposal.id,
        "surface": proposal.surface.value,
        "reason": proposal.reason[:MOST_TEXT],
        "diff": _diff(view, archive),
        "verdict": word,
        "why": (why or "")[:MOST_TEXT],
    }


def _diff(view: ProposalView, archive: Archive) -> str:
    """What a proposal changes; empty where the archive no longer tells."""
    whole = _blob(archive, view.patch)
    edits = whole.get("edits") if isinstance(whole, dict) else None
    try:
        files = archive.files(view.proposal.parent)
    except IntegrityError:
        return ""
    after = {str(edit.get("path")): edit.get("after") for edit in edits or [] if isinstance(edit, dict)} if isinstance(edits, list) else {}
    return unified(files, _with_contents(view.proposal, after), MOST_DIFF)


def _with_contents(proposal: Proposal, after: Mapping[str, Json]) -> list[FileEdit]:
    contents = {path: text if isinstance(text, str) else None for path, text in after.items()}
    return [FileEdit(path=edit.path, before=edit.before, after=contents.get(edit.path)) for edit in proposal.edits]


def _left(standing: Standing, entries: Iterable[Entry]) -> int | None:
    config = standing.started.get("config")
    run = config.get("run") if isinstance(config, dict) else None
    budget = run.get("programs") if isinstance(run, dict) else None
    if not isinstance(budget, int):
        return None
    paid = [entry.body for entry in entries if entry.kind in ("job.done", "trials.done") and isinstance(entry.body, dict)]
    spent = sum(programs for body in paid if isinstance(programs := body.get("programs"), int))
    return max(0, budget - spent) if standing.ended is None else 0


def _texts(files: Files) -> tuple[dict[str, Json], list[Json]]:
    texts: dict[str, Json] = {}
    omitted: list[Json] = []
    for path, content in files.items():
        try:
            texts[path] = content.decode("utf-8")
        except UnicodeDecodeError:
            omitted.append(path)
    return texts, omitted


def _blob(archive: Archive, name: str) -> Json:
    try:
        return loads(archive.blob(name), max_bytes=64_000_000)
    except (IntegrityError, MessageError):
        return None


def _bounded(value: Json, depth: int = 6) -> Json:
    """Plain data with long texts and lists cut."""
    if isinstance(value, str):
        return value if len(value) <= MOST_TEXT else value[:MOST_TEXT] + "…"
    if isinstance(value, list | dict) and not depth:
        return "…"
    if isinstance(value, list):
        return [_bounded(item, depth - 1) for item in value[:MOST_FINDINGS]]
    if isinstance(value, dict):
        return {key[:200]: _bounded(item, depth - 1) for key, item in list(value.items())[:MOST_FINDINGS]}
    return value
