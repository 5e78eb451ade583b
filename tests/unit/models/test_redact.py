"""Secrets are taken out of everything that is kept or told."""

import pytest

from rsi.kernel.models.redact import REDACTED, Redactor, one_line


@pytest.mark.parametrize(
    "secret",
    [
        "sk-" + "a1B2" * 8,
        "sk-ant-api03-" + "x_Y-" * 10,
        "AIza" + "b" * 35,
        "AKIA" + "A1" * 8,
        "ghp_" + "c" * 36,
        "xoxb-" + "1234567890-" * 3,
        "hf_" + "d" * 34,
        "gsk_" + "e" * 40,
        "eyJ" + "f" * 20 + ".eyJ" + "g" * 20 + "." + "h" * 20,
    ],
)
def test_keys_of_the_usual_shapes_are_taken_out(secret: str) -> None:
    told = Redactor().text(f"the key '{secret}' was refused")
    assert secret not in told and REDACTED in told


def test_a_bearer_token_and_a_password_in_an_address_are_taken_out() -> None:
    told = Redactor().text("Authorization: Bearer abcdefghijklmnopqrstuvwx via http://user:pass-word@proxy:8080/")
    assert told == f"Authorization: Bearer {REDACTED} via http://{REDACTED}@proxy:8080/"


def test_the_value_of_a_key_is_taken_out_whatever_it_looks_like_and_wherever_it_stands() -> None:
    redactor = Redactor.of(["my-own.word", "my-own.word-and-more", "", "none"])
    data = {"my-own.word": ["say my-own.word-and-more", {"x": "nothing of it"}], "n": 3}
    assert redactor.data(data) == {REDACTED: [f"say {REDACTED}", {"x": "nothing of it"}], "n": 3}


@pytest.mark.parametrize("text", ["sk-learn is a library", "risk-free", "def eyJ(): pass", "http://host:8080/path@2x.png", "the skill-set"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor.of(["", "key"]).text(text) == text


def test_a_line_is_one_line_and_bounded() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert len(one_line("x" * 1_000)) == 300
