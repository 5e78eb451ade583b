"""All improvers on all problems: which episodes there are, and that they are played whatever the number of workers."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from rsi.bench.improvers.entrants import Entrant, built
from rsi.bench.improvers.kept import Kept, key_of
from rsi.core.protocols import Jail
from rsi.core.records import Json
from rsi.kernel.evaluate import Bench
from rsi.kernel.judge import Episode
from rsi.schedule import Job, WorkerPool, wait
from rsi.suites.seeds import number_of

__all__ = ["Game", "hold"]


class Game(Protocol):
    """What is played: problems 0, 1, 2 …, drawn independently of one another."""

    @property
    def terms(self) -> Json:
        """What an episode hangs on, beside the problem's name and the random choices."""

    def name(self, number: int) -> str:
        """The name of a problem; the same number always gives the same problem."""

    def play(self, entrant: Entrant, bench: Bench, *, number: int, repetition: int, luck: int) -> Episode:
        """One episode of an entrant on a problem; `luck` is the seed of its own random choices."""


def hold(
    entrants: Sequence[Entrant],
    game: Game,
    *,
    count: int,
    repetitions: int,
    seed: int,
    make_jail: Callable[[], Jail],
    workers: int,
    stop: threading.Event,
    observer: Callable[[int, int], None],
    kept: Kept | None = None,
) -> dict[str, list[Episode]]:
    """The episodes of every entrant by its name, in the order of problems and repetitions.

    Args:
        entrants: who takes part.
        game: on what.
        count: problems.
        repetitions: episodes of each entrant on each problem, with other seeds.
        seed: decides the improvers' own random choices; those of one episode are the same for every entrant of the same luck.
        make_jail: opens a jail.
        workers: processes that work at the same time; they change no number.
        stop: ends it without a result.
        observer: told how many episodes of how many are over.
        kept: episodes that were over before are not played again; those that end now are added.

    Raises:
        UserError: an entrant does not build, or a command cannot be started.
        Halted: `stop` was set.
    """
    found: dict[str, list[Episode]] = {entrant.name: [] for entrant in entrants}
    with WorkerPool(workers, make_jail) as pool:
        ready = [pool.submit(Job(key=f"build {entrant.name}", work=_builder(entrant))) for entrant in entrants]
        seated = [wait(future, stop) for future in ready]
        plan = [(number, repetition, entrant) for number in range(count) for repetition in range(repetitions) for entrant in seated]

        def job(number: int, repetition: int, entrant: Entrant) -> Job[Episode]:
            return Job(key=f"{entrant.name} on problem {number}", work=_player(entrant, game, number, repetition, seed, kept))

        futures = [pool.submit(job(*item)) for item in plan]
        for done, ((_, _, entrant), future) in enumerate(zip(plan, futures, strict=True), start=1):
            found[entrant.name].append(wait(future, stop))
            observer(done, len(plan))
    return found


def _builder(entrant: Entrant) -> Callable[[Bench], Entrant]:
    return lambda bench: built(entrant, bench.jail)


def _player(entrant: Entrant, game: Game, number: int, repetition: int, seed: int, kept: Kept | None) -> Callable[[Bench], Episode]:
    def work(bench: Bench) -> Episode:
        name = game.name(number)
        luck = number_of("improver", seed, name, repetition, entrant.luck) >> 208

        def play() -> Episode:
            return game.play(entrant, bench, number=number, repetition=repetition, luck=luck)

        return play() if kept is None else kept.once(key_of(entrant, game.terms, name, repetition, luck), play)

    return work
