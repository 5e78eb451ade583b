"""Trying a changed version on practice cases, in a jail, outside the race: for who proposes from outside, and for them only.

Covers: only cases of the practice pool are ever run; the code of the change runs in a jail like every candidate.
Does not cover: noise. A few practice cases prove nothing, and nothing is decided on them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Files, Jail, Limits, Suite
from rsi.core.records import CandidateId, Case, Json, Manifest, Outcome, Pool, Trial
from rsi.kernel.evaluate import Bench, Failed, Ran, build, run_cases, run_trials
from rsi.kernel.workspace import tree_key

__all__ = ["MOST_CASES", "Practice", "with_edits"]

MOST_CASES = 32
"""How many cases may be asked for at once."""
_FARTHEST = 10_000_000
_MOST_TEXT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """Runs versions on practice cases.

    Attributes:
        suite: has the cases.
        make_jail: opens a jail; each try has its own, which is closed behind it.
        programs: budget of one case.
        seed: of builds and trials.
        limits: of one call.
    """

    suite: Suite
    make_jail: Callable[[], Jail]
    programs: int
    seed: int
    limits: Limits

    def problem(self, cases: Sequence[int]) -> str | None:
        """What is wrong with the numbers of some cases, or None."""
        if not 1 <= len(cases) <= MOST_CASES:
            return f"name 1 to {MOST_CASES} cases at once"
        size = self.suite.size(Pool.PRACTICE)
        most = _FARTHEST if size is None else size
        odd = next((case for case in cases if not 0 <= case < most), None)
        return None if odd is None else f"there is no practice case {odd}; they are numbered from 0 to {most - 1}"

    def question(self, case: int) -> Json:
        """What a candidate is told of a practice case."""
        return self._cases([case])[0].question

    def run(self, files: Files, manifest: Manifest, cases: Sequence[int]) -> list[Json]:
        """One result for each case, in their order: `{"case", "score", "label", "outcome", "error"}`.

        Where the target is itself the program, it has `output` and `feedback` besides.

        Raises:
            JailError: no jail can be opened.
            InfrastructureError: the suite's own machinery failed.
        """
        bench = Bench(self.make_jail)
        try:
            ready = build(bench.jail, files, manifest, self.seed, self.limits)
            if isinstance(ready, Failed):
                return [_failed(case, ready) for case in cases]
            return self._played(bench, ready.files, manifest, cases)
        finally:
            bench.close()

    def _played(self, bench: Bench, files: Files, manifest: Manifest, numbers: Sequence[int]) -> list[Json]:
        cases, execution = self._cases(numbers), self.suite.execution(Pool.PRACTICE)
        name = CandidateId(tree_key(files))
        if execution is not None:
            ran, _ = run_cases(bench.jail, suite=self.suite, execution=execution, candidate=name, files=files, cases=cases)
            return [_with_output(number, one) for number, one in zip(numbers, ran, strict=True)]
        trials, _ = run_trials(
            bench.jail,
            bench.spare,
            suite=self.suite,
            candidate=name,
            files=files,
            manifest=manifest,
            cases=cases,
            programs=self.programs,
            seed=self.seed,
            limits=self.limits,
        )
        return [_result(number, trial) for number, trial in zip(numbers, trials, strict=True)]

    def _cases(self, numbers: Sequence[int]) -> list[Case]:
        found = [case for number in numbers for case in self.suite.cases(Pool.PRACTICE, number, 1)]
        if len(found) != len(numbers) or any(case.pool is not Pool.PRACTICE for case in found):
            raise InfrastructureError(f"the suite {self.suite.name} does not give the practice cases that it was asked for")
        return found


def with_edits(files: Files, edits: Mapping[str, str | None]) -> Files:
    """A tree with some of its files replaced, or taken away."""
    after = {path: content for path, content in files.items() if path not in edits}
    return dict(sorted({**after, **{path: text.encode("utf-8") for path, text in edits.items() if text is not None}}.items()))


def _with_output(case: int, ran: Ran) -> Json:
    output = json.dumps(ran.output, ensure_ascii=False)
    told: Json = ran.output if len(output) <= _MOST_TEXT else output[:_MOST_TEXT] + "…"
    more: dict[str, Json] = {"output": told, "feedback": ran.feedback[:_MOST_TEXT], "error": ran.error[:_MOST_TEXT]}
    return {**_result(case, ran.trial), **more}


def _result(case: int, trial: Trial) -> dict[str, Json]:
    error = "" if trial.outcome is Outcome.ANSWERED else trial.label
    return {"case": case, "score": trial.score, "label": trial.label, "outcome": trial.outcome.value, "error": error[:_MOST_TEXT]}


def _failed(case: int, failed: Failed) -> Json:
    error = f"it does not build: {failed.reason}"[:_MOST_TEXT]
    return {"case": case, "score": None, "label": "no build", "outcome": failed.outcome.value, "error": error}
