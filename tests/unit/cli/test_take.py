"""`rsi take`: what a person gets out of a run."""

import json
import threading
from pathlib import Path

import pytest

from rsi.cli.main import main
from rsi.core.protocols import Files
from rsi.kernel.archive.git import GitArchive
from rsi.loop.run import run
from rsi.testing.events import example_run
from rsi.testing.toy_target import skill_agent, skill_config, skill_parts, skill_target, skill_told
from tests.unit.cli.test_verbs import write


@pytest.fixture
def improved(tmp_path: Path) -> Path:
    """A run in which an agent improved itself, with three kept changes."""
    archive = GitArchive(tmp_path / "run" / "objects.git")
    built = example_run(archive=archive)
    archive.close()
    write(tmp_path / "run", built)
    return tmp_path / "run"


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A run on a target that was stopped at once."""
    config, stop = skill_config(), threading.Event()
    stop.set()
    run(
        tmp_path / "run",
        config,
        skill_target(),
        workers=1,
        observer=lambda entry: None,
        stop=stop,
        parts=skill_parts(config),
        agents={"tinker": skill_agent()},
        target=skill_told(),
    )
    return tmp_path / "run"


def files_in(folder: Path) -> Files:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_release_of_an_agent_is_written_whole_and_what_is_other_than_at_the_start_is_named(
    improved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("release", "start"):
        assert main(["take", str(improved), name, "--out", str(improved.parent / name), "--json"]) == 0
    release, start = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    after, before = (files_in(improved.parent / name) for name in ("release", "start"))
    assert release["files"] == sorted(after) == ["solve.py", "train.py"]
    assert release["changed"] == sorted(path for path in after if after[path] != before.get(path)) != []
    assert start["changed"] == [] == start["deleted"]


def test_of_a_target_only_what_may_be_edited_is_written(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["take", str(begun), "--out", str(begun.parent / "best")]) == 0
    assert files_in(begun.parent / "best") == {"solution.py": skill_target()["solution.py"]}
    assert "since the start: nothing changed" in capsys.readouterr().out


def test_a_folder_that_holds_something_is_left_alone(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["take", str(begun), "--out", str(begun)]) == 2
    assert "is not empty; give a folder that does not exist yet" in capsys.readouterr().err
