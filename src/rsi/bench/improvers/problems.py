"""Problems of the gym as a population to draw from: the kind of each problem is drawn afresh, and so is its start.

So problems are independent and equally distributed, which is what an interval for an expected gain rests on.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from rsi.bench.improvers.entrants import Entrant
from rsi.bench.improvers.episodes import Challenge, Ground, play
from rsi.core.protocols import Jail, Rehearsal
from rsi.core.records import Case, Json, Pool
from rsi.kernel.evaluate import Bench, Evaluator, Scores, evaluator_of, hidden_outputs, practised
from rsi.kernel.judge import Episode
from rsi.suites import secret_seeds
from rsi.suites.gym import Gym
from rsi.suites.gym.catalogue import problems_of

__all__ = ["GymProblems"]

_SALT = "rsi bench improver"
"""No run of the same seed has ever had these cases."""
_WALL_S, _MOST = 900.0, 1_000_000


class GymProblems:
    """The gym's problems of one pool, in the order in which a benchmark draws them.

    Args:
        pool: whose kinds of problems; no kind is in two pools.
        seed: of the draws and of the cases.
        most: problems that may be asked for.
        budget: evaluations of an episode.
    """

    def __init__(self, pool: Pool, seed: int, most: int, budget: int) -> None:
        """Draw the kinds."""
        self.gym = Gym(secret_seeds(seed, salt=_SALT))
        """The suite that the problems are cases of."""
        self._pool, self._budget = pool, budget
        self._cases = _drawn(len(problems_of(pool)), random.Random(f"{_SALT} {seed}"), most)

    @property
    def terms(self) -> Json:
        """The budget: a problem's name says all else."""
        return {"evaluations": self._budget}

    def name(self, number: int) -> str:
        """The problem's name."""
        return self._case(number).id

    def play(self, entrant: Entrant, bench: Bench, *, number: int, repetition: int, luck: int) -> Episode:
        """One episode, in the bench's jail; programs are run in its spare one."""
        challenge = self.challenge(number)
        with self.ground(challenge, bench.spare()) as ground:
            return play(entrant.seated(bench.jail), challenge, ground, seed=luck, repetition=repetition, budget=self._budget)

    def challenge(self, number: int) -> Challenge:
        """Problem number 0, 1, 2 …"""
        case = self._case(number)
        question = case.question
        assert isinstance(question, dict)
        source, instances = question["source"], question["instances"]
        assert isinstance(source, str) and isinstance(instances, int)
        return Challenge(number=number, problem=case.id, family=case.family, question=question, source=source, instances=instances)

    def ground(self, challenge: Challenge, jail: Jail) -> AbstractContextManager[Ground]:
        """Where its programs are run: one evaluator in the jail for all that is asked, and a fresh one for what is handed in."""
        return _opened(self.gym, self._case(challenge.number), jail)

    def _case(self, number: int) -> Case:
        return self.gym.cases(self._pool, self._cases[number], 1)[0]


def _drawn(kinds: int, rng: random.Random, most: int) -> list[int]:
    """Numbers of cases: a kind at random each time, and the next case of it (case `i` of a pool is of kind `i % kinds`)."""
    used = [0] * kinds
    found = []
    for _ in range(most):
        kind = rng.randrange(kinds)
        found.append(kind + kinds * used[kind])
        used[kind] += 1
    return found


@contextmanager
def _opened(gym: Gym, case: Case, jail: Jail) -> Iterator[Ground]:
    rehearsal = gym.rehearsal(case)
    with evaluator_of(gym, jail, [rehearsal], budget=_MOST, wall_s=_WALL_S) as evaluator:
        yield _Jailed(gym, case, rehearsal, evaluator, jail)


class _Jailed:
    """Runs the programs of one case through an evaluator."""

    def __init__(self, gym: Gym, case: Case, rehearsal: Rehearsal, evaluator: Evaluator, jail: Jail) -> None:
        self._gym, self._case, self._rehearsal, self._evaluator, self._jail = gym, case, rehearsal, evaluator, jail

    def practice(self, sources: Sequence[str], instances: Sequence[int]) -> Sequence[Scores]:
        return practised(self._evaluator, 0, self._rehearsal, sources, instances)

    def hidden(self, source: str) -> float:
        # What an improver had run before must not be able to touch what decides: a fresh guest.
        self._evaluator.close()
        outputs, _ = hidden_outputs(self._jail, self._gym, {0: self._gym.hidden_job(self._case, source)})
        return self._gym.score(self._case, source, outputs.get(0)).value or 0.0
