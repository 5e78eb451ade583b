"""What is public is listed, documented and changes only on purpose."""

import rsi
from tests.architecture import rules
from tests.architecture.rules import hold
from tests.architecture.source import imports, shipped

PUBLIC = {
    "Accepted", "Archive", "Candidate", "Case", "Certificate", "ChangeJudge", "Cycle", "Effect", "EventLog", "FileEdit", "Halted",
    "InfrastructureError", "IntegrityError", "Jail", "JailError", "Limitation", "Manifest", "MessageError", "Outcome", "Pool",
    "Prediction", "Proposal", "Rejected", "RsiError", "Suite", "Surface", "Target", "Trial", "Undecided", "UserError", "Verdict",
    "__version__",
}  # fmt: skip

# Sent into a jail as a file: what runs there cannot import rsi.
GYM_GUESTS = "rsi.suites.gym.guest"
TARGET_GUESTS = {m.name for m in shipped() if m.name.startswith(("rsi.targets.guest.", "rsi.targets.importers.guest."))}
GUESTS = {"rsi.kernel.sandbox.answers", *TARGET_GUESTS, *(m.name for m in shipped() if m.name.startswith(GYM_GUESTS))}


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
    hold(rules.stray_exceptions(shipped(), guests=GUESTS))


def test_guests_of_a_jail_import_only_the_standard_library_and_what_is_sent_with_them() -> None:
    allowed = {m.name: m.name.startswith(GYM_GUESTS) for m in shipped() if m.name in GUESTS}
    hold(
        [
            f"{m.path} imports {name}"
            for m in shipped()
            if m.name in GUESTS
            for name in imports(m)
            if name.startswith("rsi") and not (allowed[m.name] and name.startswith(GYM_GUESTS))
        ]
    )
