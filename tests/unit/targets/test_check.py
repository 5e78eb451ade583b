"""`rsi check`: what it finds out about a target, in dry runs without a real jail."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from rsi.core.errors import UserError
from rsi.core.protocols import Jail
from rsi.targets import Target
from rsi.targets.check import check_target
from rsi.targets.findings import Checked, Weight
from rsi.testing.fake_jail import InProcessJail
from tests.unit.targets.support import SCORE, SOLUTION, SPEC, target

HEAD = SCORE.partition("def score")[0]
UNFENCED = SPEC.replace("[budget]", "") + '[jail]\ntier = "S1"\n'


class Trusting(InProcessJail):
    """Says that it is a real jail."""

    @property
    def tier(self) -> str:
        return "S1"


def solved(body: str) -> dict[str, str]:
    return {"solution.py": f"def solve(case):\n    {body}\n"}


COIN = solved("return case['a'] + case['b'] if case['a'] % 2 else 0")


def checked(folder: Path, spec: str = UNFENCED, files: Mapping[str, str] | None = None) -> Checked:
    return check_target(target(folder, spec, {**COIN, **(files or {})}), lambda wanted: Trusting())


def said(found: Checked, weight: Weight) -> str:
    return "\n".join(f"{one.at}: {one.text}" for one in found.remarks if one.weight is weight)


def test_a_target_in_order_is_measured(tmp_path: Path) -> None:
    found = checked(tmp_path)
    seen = found.calibration
    assert found.ok and seen is not None and seen.is_deterministic and 0.2 < seen.score < 0.8
    assert found.cost is not None and found.cost.trials == 2_000
    assert found.prospect is not None and found.prospect.rows[0].effect is not None and found.needed
    assert not said(found, Weight.PROBLEM) and not said(found, Weight.WARNING)
    assert said(found, Weight.NOTE) == "surfaces: enters no jail: notes.txt, score.py"


@pytest.mark.parametrize(
    ("spec", "files", "weight", "text"),
    [
        ("", solved("raise ValueError('no licence')"), Weight.PROBLEM, "case: the start gives no answer on any of"),
        ("", solved("return case['a'] + case['b'] if case['a'] % 2 else None"), Weight.WARNING, "case: the start gives no answer on"),
        ("", {"solution.py": SOLUTION}, Weight.PROBLEM, "100 % of 32 cases are at the ceiling (score 1 or better)"),
        ("", solved("import random; return case['a'] + case['b'] + random.randrange(2)"), Weight.WARNING, "came out differently"),
        ("", {"score.py": HEAD + "def score(case, output):\n    return output[0]\n"}, Weight.PROBLEM, "score.py:14: TypeError"),
        (
            "",
            {"score.py": HEAD + "def score(case, output):\n    return 0.3 if output + 0 else 0.2\n"},
            Weight.PROBLEM,
            'breaks over outputs that any candidate may give: "" (score.py:14: TypeError',
        ),
        (
            "",
            {"score.py": HEAD + "def score(case, output):\n    return random.SystemRandom().random()\n"},
            Weight.PROBLEM,
            "for the same output; it must not depend on chance",
        ),
        (
            "",
            {"score.py": SCORE.replace('random.Random(f"{seed}/{number}")', "random.SystemRandom()")},
            Weight.PROBLEM,
            "it gives other cases for the same arguments",
        ),
        ("", {"score.py": SCORE.replace("10**9", "2")}, Weight.WARNING, "cases look like one of another pool"),
        ("", {"score.py": SCORE.replace('"a": a', '"a": a, "told": [[a + b]]')}, Weight.WARNING, "'sum' stands in what a candidate sees"),
        (
            "",
            {"score.py": HEAD + "def score(case, output):\n    return 0.9 if output == [] else 0.2\n"},
            Weight.WARNING,
            "output [] scores 90 %",
        ),
        (
            "",
            {"score.py": "def cases(seed, start, count):\n    return 1 / 0\n"},
            Weight.PROBLEM,
            "cases: the generator score.py:cases failed",
        ),
        ('brief = "adds two numbers"', {}, Weight.WARNING, "brief: empty"),
        ('hidden = ["sum"]', {}, Weight.NOTE, "cases.hidden: empty"),
    ],
)
def test_what_is_wrong_is_a_remark_and_never_an_error(tmp_path: Path, spec: str, files: dict[str, str], weight: Weight, text: str) -> None:
    found = checked(tmp_path, UNFENCED.replace(spec, ""), files)
    assert text in said(found, weight)
    assert found.ok is (weight is not Weight.PROBLEM)


def test_patterns_that_name_nothing_are_told(tmp_path: Path) -> None:
    spec = UNFENCED.replace('"lib/**"]', '"extra/**"]').replace('["lib/fixed.py"]', '["lib/fixed.py", "prepare.py"]')
    warnings = said(checked(tmp_path, spec), Weight.WARNING)
    assert (
        "surfaces.code: no file here is named by 'extra/**'" in warnings
        and "protect.files: no file here is named by 'prepare.py'" in warnings
    )


def test_cases_that_influence_one_another_are_told(tmp_path: Path) -> None:
    learning = "SEEN = []\n\n\ndef solve(case):\n    SEEN.append(1)\n    return case['a'] + case['b'] if len(SEEN) % 2 else 0\n"
    found = checked(tmp_path, files={"solution.py": learning})
    assert "case.isolated: " in said(found, Weight.WARNING) and "set case.isolated = true" in said(found, Weight.WARNING)


def test_a_budget_with_which_nothing_could_be_seen_says_how_much_would_do(tmp_path: Path) -> None:
    found = checked(tmp_path, UNFENCED + "[budget]\ntrials = 20\n")
    assert "budget.trials: no effect, however large, would be seen with 20 trials; about" in said(found, Weight.WARNING)


def test_a_jail_that_cannot_be_had_or_is_too_weak_is_a_problem(tmp_path: Path) -> None:
    def refuse(wanted: Target) -> Jail:
        raise UserError("this machine cannot enforce jail tier S3 for the agent profile")

    found = check_target(target(tmp_path), refuse)
    assert not found.ok and "jail.tier: this machine cannot enforce" in said(found, Weight.PROBLEM)
    found = check_target(target(tmp_path), lambda wanted: Trusting())
    assert "a jail of tier S2 is needed, and this machine offers S1" in said(found, Weight.PROBLEM)
