"""`rsi init` and `rsi check` as a user meets them, and that each template leaves room to be better."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from rsi.cli.main import main
from rsi.core.records import CandidateId, Pool
from rsi.kernel.evaluate import run_cases
from rsi.kernel.sandbox import open_jail
from rsi.suites import secret_seeds
from rsi.targets import TEMPLATES, Scorer, TargetSuite, load_target

# One edit for each template that a search without a model could make.
EDITS: Mapping[str, tuple[str, str, str]] = {
    "program": ("solution.py", "SPREAD = 1.0", "SPREAD = -1.0"),
    "agent": ("routes.json", '"sum": "add"', '"sum": "add", "total": "add", "biggest": "largest", "lowest": "smallest"'),
    "prompt": ("prompt.txt", "- Be polite.", "- Give the name without titles such as Dr. or Ms."),
    "training": ("settings.json", '"rate": 0.002', '"rate": 0.05'),
}


def test_every_template_is_made_and_found_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str], jail_require: str) -> None:
    for template in TEMPLATES:
        folder = tmp_path / template
        assert main(["init", str(folder), "--template", template]) == 0
        if jail_require != "suite":
            (folder / "rsi.toml").write_text((folder / "rsi.toml").read_text("utf-8") + f'\n[jail]\ntier = "{jail_require}"\n', "utf-8")
        capsys.readouterr()
        code = main(["check", str(folder), "--json"])
        found = json.loads(capsys.readouterr().out)
        assert code == 0 and found["ok"] and found["problems"] == 0 and found["kind"] == template, found["remarks"]
        assert [one for one in found["remarks"] if one["weight"] == "warning"] == []
        assert found["calibration"]["noise"] == 0 and 0.1 < found["calibration"]["score"] < 0.6
        assert found["cost"]["wall_s"] > 0 and found["prospect"]["rows"] and found["needed_trials"]
        for name in set(found["hashes"]) - set(found["files"]):
            assert name == "score.py"


def test_an_edit_that_a_search_could_make_is_worth_points_in_every_template(tmp_path: Path) -> None:
    for template, (path, old, new) in EDITS.items():
        assert main(["init", str(tmp_path / template), "--template", template]) == 0
        target = load_target(tmp_path / template)
        text = target.files[path].decode()
        assert old in text
        better = {**target.files, path: text.replace(old, new).encode()}
        with Scorer(target.folder, target.spec) as scorer, open_jail(target.manifest.preload) as jail:
            suite = TargetSuite(target, secret_seeds(3), scorer)
            execution, cases = suite.execution(Pool.JUDGE), suite.cases(Pool.JUDGE, 0, 24)
            scores = [
                sum(
                    one.trial.value
                    for one in run_cases(jail, suite=suite, execution=execution, candidate=CandidateId("c"), files=files, cases=cases)[0]
                )
                / len(cases)
                for files in (target.files, better)
            ]
        assert scores[1] > scores[0] + 0.05, (template, scores)
