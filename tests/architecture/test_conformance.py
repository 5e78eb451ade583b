"""Every protocol has a conformance suite in `rsi.testing.conformance`, and some test runs it."""

import pytest

from tests.architecture import rules
from tests.architecture.source import ROOT, read, shipped

PROTOCOLS = rules.protocols(next(m for m in shipped() if m.name == "rsi.core.protocols"))


def test_the_protocols_are_found() -> None:
    assert {"Jail", "Archive", "EventLog", "Suite", "ChangeJudge"} <= set(PROTOCOLS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_has_a_conformance_suite_that_a_test_runs(protocol: str) -> None:
    name = f"rsi.testing.conformance.{rules.snake(protocol)}"
    suites = {m.name: m for m in shipped() if m.name.startswith("rsi.testing.conformance.")}
    assert name in suites, f"{protocol} has no suite {name}"
    assert suites[name].exported, f"{name} exports nothing"
    assert any(name in (ROOT / module.path).read_text("utf-8") for module in read(ROOT, "tests")), f"no test runs {name}"
