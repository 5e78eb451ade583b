"""`rsi init` and `rsi check` as a user meets them; that each template can be made better is shown where the seed agent does it."""

import json
from pathlib import Path

import pytest

from rsi.cli.main import main
from rsi.targets import TEMPLATES


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
