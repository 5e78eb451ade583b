"""What is public is listed, documented and changes only on purpose."""

import rsi
from tests.architecture import rules
from tests.architecture.rules import hold
from tests.architecture.source import shipped

PUBLIC = {
    "Accepted", "Archive", "Candidate", "Case", "Certificate", "ChangeJudge", "Cycle", "Effect", "EventLog", "FileEdit", "Halted",
    "InfrastructureError", "IntegrityError", "Jail", "JailError", "Limitation", "Manifest", "MessageError", "Outcome", "Pool",
    "Prediction", "Proposal", "Rejected", "RsiError", "Suite", "Surface", "Target", "Trial", "Undecided", "UserError", "Verdict",
    "__version__",
}  # fmt: skip


def test_the_public_names_of_rsi_are_these() -> None:
    assert set(rsi.__all__) == PUBLIC


def test_every_public_name_of_rsi_exists_and_the_list_is_sorted() -> None:
    assert [name for name in rsi.__all__ if not hasattr(rsi, name)] == []
    assert sorted(rsi.__all__) == list(rsi.__all__)


def test_every_module_says_what_is_public() -> None:
    hold(rules.without_all(shipped()))


def test_every_module_and_public_name_is_documented() -> None:
    hold(rules.undocumented(shipped()))


def test_every_exception_is_in_the_tree_of_errors() -> None:
    hold(rules.stray_exceptions(shipped()))
