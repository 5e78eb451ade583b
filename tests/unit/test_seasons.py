"""Judge cases in seasons: other seeds, promised before they are used and revealed when they are over."""

from pathlib import Path

import pytest

from rsi.core.records import Json, Pool
from rsi.kernel.workspace import Scanner
from rsi.loop.desk import Ticket
from rsi.loop.orders import Done, Line, Order
from rsi.loop.seasons import Seasons
from rsi.loop.verify import verify
from rsi.suites import Seasonal, commitment, season_seed, secret_seeds
from rsi.testing.toy import ToySuite, toy_config, toy_parts
from tests.unit.test_loop_run import play

SEEDS = secret_seeds(3)


def never(*_: object) -> Done:
    raise AssertionError("nobody carries this out")


def ticket() -> Ticket:
    return Ticket(Order(key="k", line=Line.JUDGE, programs=1, duration=1, work=never, note=lambda done: None))


class Told(list[tuple[str, Json]]):
    def __call__(self, kind: str, body: Json) -> None:
        self.append((kind, body))

    @property
    def words(self) -> list[str]:
        return [f"{kind.removeprefix('season.')} {body['season']}" for kind, body in self if isinstance(body, dict)]


def seasons(length: int = 10) -> tuple[Seasons, Told, Scanner]:
    told, scanner = Told(), Scanner({pool.value: str(seed) for pool, seed in SEEDS.items()})
    return Seasons(length, str(SEEDS[Pool.JUDGE]), told, scanner), told, scanner


def test_a_block_over_the_end_of_a_season_has_cases_of_both() -> None:
    suite = Seasonal(ToySuite, SEEDS, 10)
    whole = [case.id for case in suite.cases(Pool.JUDGE, 0, 30)]
    assert len(set(whole)) == 30 and whole[5:25] == [case.id for case in suite.cases(Pool.JUDGE, 5, 20)]
    second = ToySuite({**SEEDS, Pool.JUDGE: season_seed(SEEDS[Pool.JUDGE], 1)})
    assert whole[10:20] == [case.id for case in second.cases(Pool.JUDGE, 10, 10)]


def test_other_pools_have_no_seasons() -> None:
    for pool in (Pool.CALIBRATION, Pool.SEALED, Pool.PRACTICE):
        assert list(Seasonal(ToySuite, SEEDS, 4).cases(pool, 0, 20)) == list(ToySuite(SEEDS).cases(pool, 0, 20))


def test_a_seasons_seed_tells_neither_the_pools_nor_the_next_one() -> None:
    seeds = [season_seed(SEEDS[Pool.JUDGE], number) for number in range(50)]
    assert len({*seeds, *SEEDS.values()}) == 50 + len(SEEDS)
    assert season_seed(seeds[0], 1) not in seeds


def test_a_season_is_promised_before_use_and_revealed_once_none_of_its_trials_can_follow() -> None:
    some, told, _ = seasons()
    some.enter(0, 4)
    late = ticket()
    some.follow(late, 0, 4)
    some.enter(12, 4)
    some.enter(16, 4)
    assert told.words == ["opened 0", "opened 1"], "a trial of season 0 is under way"
    late.settle(None)
    some.enter(18, 2)
    some.close()
    assert told.words == ["opened 0", "opened 1", "closed 0", "closed 1"]
    bodies = {kind: body for kind, body in told if isinstance(body, dict) and body["season"] == 1}
    opened, closed = bodies["season.opened"], bodies["season.closed"]
    assert isinstance(opened, dict) and isinstance(closed, dict)
    assert opened["commitment"] == commitment(int(str(closed["seed"]))) and opened["first"] == 10


def test_a_season_is_not_over_while_a_round_of_it_is_being_built() -> None:
    some, told, _ = seasons()
    some.hold(8, 4)
    for first in (12, 24):
        some.enter(first, 4)
    assert told.words == ["opened 0", "opened 1", "opened 2"]
    some.release(8, 4)
    some.enter(28, 2)
    assert told.words[3:] == ["closed 0", "closed 1"]


def test_a_block_over_the_end_of_a_season_does_not_end_it() -> None:
    some, told, _ = seasons()
    some.enter(0, 4)
    some.enter(8, 4)
    assert told.words == ["opened 0", "opened 1"]
    some.enter(12, 4)
    assert told.words == ["opened 0", "opened 1", "closed 0"]


def test_no_tree_may_hold_the_seed_of_a_season() -> None:
    some, _, scanner = seasons()
    tree = {"notes.txt": str(season_seed(SEEDS[Pool.JUDGE], 0)).encode()}
    assert scanner.leak(tree) is None
    some.enter(0, 1)
    assert str(scanner.leak(tree)) == "notes.txt holds the secret seed of the judge (season 0) pool (plain)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("seasons")


def test_a_run_over_many_seasons_promises_and_reveals_each_and_verifies(folder: Path) -> None:
    config = toy_config(seed=3, season=24)
    _, seen = play(folder, config)
    opened, closed = seen.bodies("season.opened"), seen.bodies("season.closed")
    assert len(opened) > 3 and [body["season"] for body in opened] == list(range(len(opened)))
    assert sorted(str(body["season"]) for body in closed) == sorted(str(body["season"]) for body in opened)
    promised = {body["season"]: body["commitment"] for body in opened}
    assert all(commitment(int(str(body["seed"]))) == promised[body["season"]] for body in closed)
    over: set[object] = set()
    for entry in seen:
        body = entry.body if isinstance(entry.body, dict) else {}
        over |= {body["season"]} if entry.kind == "season.closed" else set()
        if entry.kind == "trials.done" and body["pool"] == "judge":
            assert isinstance(first := body["first"], int) and first // 24 not in over
    assert any(entry.kind == "season.closed" and entry.seq < len(seen) - 20 for entry in seen), "some are revealed while the run goes on"
    assert verify(folder, 2, parts=toy_parts(config)).ok
