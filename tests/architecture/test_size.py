"""Files and functions stay small; what is larger is on a list that may only shrink."""

import tomllib

from tests.architecture import rules
from tests.architecture.rules import hold
from tests.architecture.source import ROOT, read

ALLOWED = ROOT / "tests/architecture/size_allow_list.toml"


def test_files_and_functions_are_small_or_on_the_list_and_the_list_only_shrinks() -> None:
    allowed = tomllib.loads(ALLOWED.read_text("utf-8"))["lines"]
    hold(rules.ratchet(rules.oversized(read(ROOT, "src", "tests", "benchmarks")), allowed))
