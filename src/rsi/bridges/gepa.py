"""GEPA's acceptance rule, as our judge decides it (`gepa.strategies.acceptance.AcceptanceCriterion`, gepa 0.1.4).

GEPA keeps a candidate whose sum of scores on a minibatch of about three examples is higher than its parent's. Here that is only the
sieve: what passes it meets its parent on fresh cases, pair by pair, until the evidence suffices or there is no prospect. GEPA is
not imported: what it hands over has the shape of `Proposed` and `Population`, and what it asks for is one method.

Covers: looking after every pair, any number of candidates (e-LOND: of all that is kept, the expected share that is not better than its
parent is at most `alpha`).
Does not cover: cases that the reflection has seen, which is why `cases` must be others than the trainset; what GEPA claims of its
best candidate, which is still the highest of many scores on its valset.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar

from rsi.core.codec import canonical, encode, sha256_hex
from rsi.core.records import Accepted, CandidateId, CaseId, Verdict
from rsi.kernel.judge import AlphaSpending, Futility, PairedJudge

__all__ = ["JudgedAcceptance", "Population", "Proposed"]

C = TypeVar("C")


class Proposed(Protocol):
    """What of GEPA's `CandidateProposal` is looked at."""

    @property
    def candidate(self) -> dict[str, str]:
        """Text of each component."""

    @property
    def parent_program_ids(self) -> list[int]:
        """Whom it was made from: one, or two where it is a merge."""

    @property
    def subsample_scores_before(self) -> list[float] | None:
        """Scores of the parent on the minibatch."""

    @property
    def subsample_scores_after(self) -> list[float] | None:
        """Its own scores on the minibatch."""


class Population(Protocol):
    """What of GEPA's `GEPAState` is looked at, and the meter of its budget."""

    @property
    def program_candidates(self) -> list[dict[str, str]]:
        """All that were kept, the seed first."""

    def get_program_average_val_subset(self, program_idx: int) -> tuple[float, int]:
        """Mean score on the valset, and on how many examples."""

    def increment_evals(self, count: int) -> None:
        """Count so many metric calls."""


class JudgedAcceptance(Generic[C]):
    """Keeps a candidate once it is shown to be better than its parent; give it to GEPA as `acceptance_criterion`.

    Args:
        evaluate: scores in [0, 1] of a candidate on cases, higher is better, in their order: `adapter.evaluate(cases, candidate).scores`.
        cases: fresh cases, none of the trainset, each used for one pair; where they end, nothing more is kept.
        alpha: expected share of what is kept that is not better.
        horizon: candidates that may be tested at all (past the sieve), declared before the first.
        futility: when a test is given up.
        block: cases that are evaluated at once.
    """

    def __init__(
        self,
        *,
        evaluate: Callable[[list[C], dict[str, str]], Sequence[float]],
        cases: Iterable[C],
        alpha: float = 0.1,
        horizon: int = 100,
        futility: Futility | None = None,
        block: int = 16,
    ) -> None:
        self._evaluate = evaluate
        self._cases = iter(cases)
        self._levels = AlphaSpending(alpha, horizon)
        self._futility = futility or Futility()
        self._block = block
        self._used = 0
        self._verdicts: list[Verdict] = []
        self._why = ""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What became of each candidate that was tested, with its effect and its evidence."""
        return tuple(self._verdicts)

    def should_accept(self, proposal: Proposed, state: Population) -> bool:
        """Whether the candidate is shown to be better than its parent (of two: the one that is better on the valset)."""
        if sum(proposal.subsample_scores_after or []) <= sum(proposal.subsample_scores_before or []):
            self._why = "no better on its minibatch, so not tested"
            return False
        level = self._levels.open_test()
        if level is None:
            self._why = "the horizon is used up: no more candidates can be tested"
            return False
        parent = max(proposal.parent_program_ids, key=lambda number: state.get_program_average_val_subset(number)[0])
        verdict = self._judge(proposal.candidate, state.program_candidates[parent], level, state)
        self._verdicts.append(verdict)
        if isinstance(verdict, Accepted):
            self._levels.accepted()
            return True
        self._why = verdict.reason
        return False

    def reject_reason(self, proposal: Proposed, state: Population) -> str:
        """Why the last candidate was not kept, for GEPA's log."""
        return self._why

    def _judge(self, candidate: dict[str, str], parent: dict[str, str], level: float, state: Population) -> Verdict:
        judge = PairedJudge(candidate=CandidateId(sha256_hex(canonical(encode(candidate)))), level=level, futility=self._futility)
        while cases := list(islice(self._cases, self._block)):
            state.increment_evals(2 * len(cases))
            for mine, theirs in zip(self._evaluate(cases, candidate), self._evaluate(cases, parent), strict=True):
                judge.observe(CaseId(str(self._used)), mine, theirs)
                self._used += 1
                verdict = judge.verdict()
                if verdict is not None:
                    return verdict
        return judge.undecided("no fresh cases are left")
