"""Inspect tasks as targets: texts are improved, samples are cases, the task scores as it always does, in one warm process."""

from pathlib import Path

import pytest

from rsi.core.errors import UserError
from rsi.targets import find_target
from rsi.targets.importers import from_inspect
from tests.unit.targets.importing import TASKS, trials_of

TASK = TASKS / "inspect" / "arithmetic.py"


@pytest.mark.timeout(300)
def test_a_task_scores_texts_sample_by_sample_outside_the_jails() -> None:
    pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here (extra `inspect`)")
    target = find_target(f"inspect:{TASK}:arithmetic")
    assert {"instruction.txt", "files/hints.txt"} <= set(target.files)
    assert "neither bounds, records nor replays" in " ".join(target.lost)
    assert set(target.hashes) == {"arithmetic.py", "rsi_texts.json", "rsi_texts.py"}
    before, after, path = trials_of(
        target,
        {"files/hints.txt": "Be brief."},
        {"instruction.txt": "Please compute.", "files/hints.txt": "Think."},
        {"instruction.txt": "/etc/hostname"},
        count=3,
    )
    assert [one.trial.score for one in before] == [0.0, 0.0, 0.0]
    assert "answer" in before[0].feedback
    assert [one.trial.score for one in after] == [1.0, 1.0, 1.0]
    assert [(one.trial.score, one.trial.label) for one in path] == [(None, "a path")] * 3


def test_what_is_no_task_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which task"):
        from_inspect(str(TASK))
    with pytest.raises(UserError, match="there is no file"):
        from_inspect(f"{tmp_path / 'none.py'}:task")
    (tmp_path / "bad.py").write_text("1/0\n", encoding="utf-8")
    with pytest.raises(UserError, match="ZeroDivisionError"):
        from_inspect(f"{tmp_path / 'bad.py'}:task")
