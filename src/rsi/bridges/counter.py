"""The counter at which outsiders are served: what the tools of `rsi mcp` do, without the protocol.

Covers: outsiders see practice cases, the incumbent's files and the kernel's words; what they hand in goes into the inbox after oversight
has looked at it; what they have run is counted and bounded; their words are bounded texts in files of their own.
Does not cover: an outsider who can read the folder of the run with other means than these.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rsi.bridges.context import Standing
from rsi.bridges.hand import problem_of, surface_named, surface_of
from rsi.bridges.inbox import Submission, put
from rsi.bridges.practice import Practice, with_edits
from rsi.bridges.tree import changes
from rsi.bridges.usage import Usage
from rsi.core.codec import sha256_hex
from rsi.core.errors import InfrastructureError, UserError
from rsi.core.records import Json, Prediction
from rsi.kernel.archive.views import ProposalView

__all__ = ["DEFECTS", "Counter", "Look"]

DEFECTS = "defects.jsonl"
"""In the folder of a run: what outsiders reported as faults of its judge, one JSON object a line."""
_MOST_DEFECTS, _MOST_WORDS = 200, 4_000
_CASE = "case:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look into the folder of a run shows.

    Attributes:
        message: in the shape of the message `propose`.
        proposals: all that were made, oldest first.
        inbox: what lies in its inbox, each as it was handed in (`rsi.loop.inbox` reads it).
    """

    standing: Standing
    message: Mapping[str, Json]
    proposals: Sequence[ProposalView]
    inbox: Sequence[Mapping[str, Json]]


class Counter:
    """Serves one outsider of one run.

    Args:
        run: folder of the run.
        by: how the log names who hands something in.
        look: looks into the folder, afresh each time.
        practice: runs changes on practice cases.
        usage: counts what it runs.
        now: seconds since 1970.
    """

    def __init__(self, run: Path, by: str, *, look: Callable[[], Look], practice: Practice, usage: Usage, now: Callable[[], float]) -> None:
        self._run, self._by, self._look, self._practice, self._usage, self._now = run, by, look, practice, usage, now

    def context(self) -> Json:
        """The target, what may be edited, findings, history, budget: all but the contents of files, of which there are the names."""
        message = dict(self._look().message)
        target = message.get("target")
        files = target.get("files") if isinstance(target, dict) else None
        names: list[Json] = [*sorted(files)] if isinstance(files, dict) else []
        told: Json = {**target, "files": names} if isinstance(target, dict) else None
        return {**message, "target": told, "evaluations_left": self._usage.left}

    def read(self, path: str) -> str:
        """A file of the best version so far, or the question of a practice case (`case:3`).

        Raises:
            UserError: there is no such file or case.
        """
        if path.startswith(_CASE):
            number = path.removeprefix(_CASE)
            if not number.isdecimal() or len(number) > 8 or self._practice.problem([int(number)]):
                raise UserError(f"there is no practice {path[:40]!r}; write case:0, case:1 …")
            return json.dumps(self._practice.question(int(number)), ensure_ascii=False)
        files = self._look().standing.files
        if path not in files:
            raise UserError(f"there is no file {path[:200]!r}; files are {', '.join(sorted(files)[:50])}")
        return files[path].decode("utf-8", "replace")

    def evaluate(self, files: Mapping[str, str | None], cases: Sequence[int]) -> Json:
        """The best version with these files replaced (null: taken away) on practice cases.

        Returns `{"results": [{"case", "score", "label", "outcome", "error"}…], "left": n}`, or `{"error": text, "left": n}` if nothing
        was run.
        """
        standing = self._look().standing
        after = with_edits(standing.files, files)
        why = self._practice.problem(cases) or self._edits_problem(standing, after) or self._usage.take(len(cases))
        if why is not None:
            return {"error": why, "left": self._usage.left}
        try:
            results = self._practice.run(after, standing.manifest, cases)
        except InfrastructureError as error:
            return {"error": f"rsi's own machinery failed, not the change: {error}", "left": self._usage.left}
        return {"results": results, "left": self._usage.left}

    def submit(
        self, files: Mapping[str, str | None], reason: str, surface: str | None = None, prediction: Prediction | None = None
    ) -> Json:
        """Hand in the best version with these files replaced.

        Raises:
            UserError: the run has ended, nothing changes, or oversight would not let it through.
        """
        standing = self._look().standing
        if standing.ended is not None:
            raise UserError(f"the run has ended ({standing.ended}): nothing more is judged in it")
        edits = changes(standing.files, with_edits(standing.files, files))
        if not edits:
            raise UserError("the files are as they were: nothing would change")
        chosen = surface_named(surface, standing.manifest) if surface else surface_of(edits, standing.files, standing.manifest)
        problem = problem_of(edits, chosen, reason, standing.files, standing.manifest, prediction)
        if problem is not None:
            raise UserError(f"this change would be refused: {problem}")
        made = Submission(by=self._by, base=standing.base, surface=chosen, reason=reason, edits=edits, prediction=prediction)
        name, is_new = put(self._run, made)
        return {"id": name, "new": is_new, "surface": chosen.value, "files": [edit.path for edit in edits]}

    def status(self) -> Json:
        """Where the run stands, and what became of what was handed in here."""
        look = self._look()
        history = look.message.get("history")
        words = {str(one.get("proposal")): one for one in history if isinstance(one, dict)} if isinstance(history, list) else {}
        mine: list[Json] = [_fate(made, look.proposals, words) for made in look.inbox if made["by"] == self._by]
        return {
            "run": look.standing.run,
            "ended": look.standing.ended,
            "incumbent": look.standing.base,
            "budget": look.message.get("budget"),
            "proposals": len(look.proposals),
            "submitted": mine,
            "evaluations_left": self._usage.left,
        }

    def report_judge_defect(self, text: str) -> Json:
        """Write down what somebody holds for a fault of the judge (a wrong scorer, a leak, a case that cannot be solved).

        Raises:
            UserError: no text, or too many reports.
        """
        words = text.strip()
        if not words or len(words) > _MOST_WORDS:
            raise UserError(f"a report has 1 to {_MOST_WORDS} characters")
        path = self._run / DEFECTS
        if path.exists() and path.read_bytes().count(b"\n") >= _MOST_DEFECTS:
            raise UserError(f"{_MOST_DEFECTS} defects were reported already; a person should look at {DEFECTS}")
        body = {"at": round(self._now(), 3), "by": self._by, "text": words}
        line = json.dumps({"id": sha256_hex(words.encode("utf-8", "replace"))[:12], **body}, sort_keys=True).encode() + b"\n"
        try:
            with path.open("ab", buffering=0) as file:
                file.write(line)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}") from None
        return {"reported": True}

    def _edits_problem(self, standing: Standing, after: Mapping[str, bytes]) -> str | None:
        edits = changes(standing.files, after)
        try:
            return (
                problem_of(edits, surface_of(edits, standing.files, standing.manifest), ".", standing.files, standing.manifest)
                if edits
                else None
            )
        except UserError as error:
            return str(error)


def _fate(made: Mapping[str, Json], proposals: Sequence[ProposalView], words: Mapping[str, dict[str, Json]]) -> Json:
    """What became of a change: `waiting` until a pass of the run has taken it in."""
    edits, reason = made["edits"], made["reason"]
    wanted = [_without_content(edit) for edit in edits] if isinstance(edits, list) else None
    same = (view for view in proposals if [(edit.path, edit.before, edit.after) for edit in view.proposal.edits] == wanted)
    found = next((view for view in same if view.proposal.reason == reason), None)
    word = {} if found is None else words.get(found.proposal.id, {})
    verdict: Json = "waiting" if found is None else word.get("verdict", "closed")
    proposal: Json = None if found is None else found.proposal.id
    return {"id": made["id"], "reason": str(reason)[:200], "proposal": proposal, "verdict": verdict, "why": word.get("why", "")}


def _without_content(edit: Json) -> tuple[Json, Json, Json] | None:
    """An edit as the log has it: path, and the hashes of both contents."""
    if not isinstance(edit, dict):
        return None
    after = edit.get("after")
    return edit.get("path"), edit.get("before"), sha256_hex(after.encode("utf-8", "surrogatepass")) if isinstance(after, str) else None
