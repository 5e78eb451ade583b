"""The improvers of a user: found by their first digits, checked whenever they are read, one of them in use."""

from dataclasses import replace
from pathlib import Path

import pytest

from rsi.cli.versions import beginning, find_solver, improvers
from rsi.config import RunConfig, load_config
from rsi.core.errors import IntegrityError, UserError
from rsi.improvers import Arrival, Packed, Store, best, pack
from rsi.loop.agents import load_agent
from rsi.loop.state import run_seed
from rsi.testing.improvers import improver_over
from rsi.testing.toy import toy_agent

HERE = Arrival(at=1.0, source="runs/seed-1", checked=True)
CLAIMED = Arrival(at=2.0, source="file.json", checked=False)


def made(skill: float, low: float = 0.1) -> Packed:
    files = toy_agent(skill)
    return pack(improver_over(toy_agent(0.1), files, lows=[low]), files)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store in a folder that is not there yet."""
    return Store(folder=tmp_path / "state" / "improvers")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of this user, empty."""
    monkeypatch.setenv("RSI_STATE", str(tmp_path / "state"))
    return improvers()


def test_an_empty_store_has_nothing_and_says_how_it_gets_something(store: Store) -> None:
    assert store.ids() == () and store.chosen() is None and not store.folder.exists()
    with pytest.raises(UserError, match="none is kept yet"):
        store.find("abcd")


def test_what_is_added_is_found_by_its_first_digits_and_read_back(store: Store) -> None:
    packed = made(0.3)
    assert store.add(packed, HERE) and not store.add(packed, HERE)
    assert store.ids() == (packed.id,) and store.find(packed.id[:4]) == store.find(packed.id) == packed.id
    assert store.read(packed.id) == packed and store.arrival(packed.id) == HERE


def test_digits_that_fit_none_or_several_are_refused_with_the_nearest_or_with_those(store: Store) -> None:
    packed = made(0.3)
    store.add(packed, HERE)
    with pytest.raises(UserError, match=f"did you mean {packed.id[:12]}"):
        store.find(packed.id[:6] + ("0" if packed.id[6] != "0" else "1"))
    for text in ("", "abc", "../../etc", "in-use", packed.id.upper() + "X"):
        with pytest.raises(UserError, match="there is no improver"):
            store.find(text)
    twin = store.folder / f"{packed.id[:5]}{'0' * 59}.json"
    twin.write_bytes(packed.raw)
    with pytest.raises(UserError, match="give more digits"):
        store.find(packed.id[:5])


def test_a_changed_or_misplaced_file_is_noticed_and_named(store: Store) -> None:
    packed, other = made(0.3), made(0.4)
    store.add(packed, HERE)
    place = store.folder / f"{packed.id}.json"
    place.write_bytes(packed.raw.replace(b"BONUS = 0.0", b"BONUS = 0.5"))
    with pytest.raises(IntegrityError, match=packed.id):
        store.read(packed.id)
    place.write_bytes(other.raw)
    with pytest.raises(IntegrityError, match="another improver than its name says"):
        store.read(packed.id)


def test_an_imported_improver_is_a_claim_until_it_is_checked_and_stays_checked(store: Store) -> None:
    packed = made(0.3)
    store.add(packed, CLAIMED)
    assert store.arrival(packed.id) == CLAIMED
    store.add(packed, HERE)
    store.add(packed, CLAIMED)
    assert store.arrival(packed.id) == HERE
    (store.folder / f"{packed.id}.arrival").write_text("{")
    assert store.arrival(packed.id) is None


def test_an_invented_past_is_not_vouched_for(store: Store) -> None:
    first, files = improver_over(toy_agent(0.1), toy_agent(0.2), lows=[0.2]), toy_agent(0.3)
    chain = improver_over(toy_agent(0.1), toy_agent(0.2), files, lows=[0.2])
    store.add(pack(first, toy_agent(0.2)), CLAIMED)
    assert store.vouches(()) and not store.vouches(chain.passages[:-1])
    store.add(pack(first, toy_agent(0.2)), HERE)
    assert store.vouches(chain.passages[:-1]) and not store.vouches(chain.passages)
    assert not store.vouches((replace(first.last, seed=9),))


def test_a_choice_holds_until_it_is_changed(store: Store) -> None:
    packed = made(0.3)
    store.add(packed, HERE)
    store.choose(packed.id)
    assert store.chosen() == packed.id
    store.choose(None)
    store.choose(None)
    assert store.chosen() is None
    (store.folder / "in-use").write_text("../../etc/passwd\n")
    with pytest.raises(UserError, match="writes it anew"):
        store.chosen()


def test_a_folder_that_cannot_be_written_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="set RSI_STATE"):
        Store(folder=tmp_path / "file" / "improvers").add(made(0.3), HERE)


def test_the_best_has_the_largest_gain_that_all_its_certificates_ensure() -> None:
    weak, strong = improver_over(toy_agent(0.1), toy_agent(0.2)), improver_over(toy_agent(0.1), toy_agent(0.3), lows=[0.15])
    chain = improver_over(toy_agent(0.1), toy_agent(0.2), toy_agent(0.5), lows=[0.1, 0.08])
    assert best([]) is None
    assert best([("a", weak), ("b", strong)]) == "b"
    assert best([("a", weak), ("b", strong), ("c", chain)]) == "c" and chain.floor == pytest.approx(0.18)
    with pytest.raises(UserError, match="cannot be compared"):
        best([("a", weak), ("d", improver_over(toy_agent(0.7), toy_agent(0.8)))])


def test_without_a_choice_a_run_begins_with_the_shipped_agent(mine: Store) -> None:
    begun = beginning(load_config(None), None)
    assert (begun.settings.agent, begun.words) == ("seed", "") and begun.files == load_agent("seed")


def test_a_run_begins_with_the_choice_unless_an_agent_is_named(mine: Store, tmp_path: Path) -> None:
    packed, other = made(0.3), made(0.4)
    for one in (packed, other):
        mine.add(one, HERE)
    mine.choose(packed.id)
    begun = beginning(load_config(None), None)
    assert begun.settings.agent == f"improver:{packed.id}" and begun.files == packed.files
    assert packed.id[:12] in begun.words and "+25.0 points" in begun.words
    assert beginning(load_config(None, {"agent": "seed"}), None).files == load_agent("seed")
    assert beginning(load_config(None, {"agent": f"improver:{other.id[:8]}"}), None).files == other.files
    (tmp_path / "run.toml").write_text('agent = "seed"\n')
    assert beginning(load_config(tmp_path / "run.toml"), None).words == ""


def test_a_run_gets_cases_that_no_run_behind_its_improver_has_had(mine: Store) -> None:
    files = toy_agent(0.3)
    improver = improver_over(toy_agent(0.1), toy_agent(0.2), files)
    used = [replace(one, build_seed=run_seed(seeded(seed), "build")) for one, seed in zip(improver.passages, (1, 2), strict=True)]
    packed = pack(replace(improver, passages=tuple(used)), files)
    mine.add(packed, HERE)
    mine.choose(packed.id)
    assert beginning(load_config(None), None).settings.run.seed == 3
    assert beginning(seeded(7), None).settings.run.seed == 7
    assert beginning(load_config(None, {"run.salt": "mine", "run.seed": 2}), None).settings.run.seed == 2
    assert beginning(load_config(None, {"agent": "seed", "run.seed": 2}), None).settings.run.seed == 2
    with pytest.raises(UserError, match="seed 2 gives the very cases .* --seed 3"):
        beginning(seeded(2), None)


def seeded(seed: int) -> RunConfig:
    return load_config(None, {"run.seed": seed})


def test_a_version_is_named_improver_and_is_built_with_the_seed_of_its_certificate(mine: Store) -> None:
    packed = made(0.3)
    mine.add(packed, HERE)
    solver = find_solver(f"improver:{packed.id[:6]}")
    assert (solver.name, solver.files, solver.build_seed) == (f"improver:{packed.id[:12]}", packed.files, packed.improver.last.build_seed)
    with pytest.raises(UserError, match="there is no improver 'ffff0'"):
        find_solver("improver:ffff0")
