"""The keys of models are in the environment of whoever starts a run; no jail has them."""

import pytest

from rsi.kernel.sandbox import TIERS, ZygoteJail, unreachable
from rsi.testing.conformance.jail import ask

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MY_OWN_KEY")
SECRET = "only-the-gateway-may-know-this"

LOOK = """
import glob, os
def f(x):
    found = [repr(dict(os.environ))]
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                found.append(repr(file.read()))
        except OSError:
            pass
    return [x in text for text in found]
"""


@pytest.mark.parametrize("tier", TIERS)
def test_no_jail_finds_the_key_of_a_model_in_any_environment_that_it_can_read(tier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    why = unreachable(tier)
    if why is not None:
        pytest.skip(f"{tier} cannot be had here: {why}")
    for name in KEYS:
        monkeypatch.setenv(name, SECRET)
    with ZygoteJail(tier=tier) as jail:
        seen = ask(jail, LOOK, SECRET)
        control = ask(jail, LOOK, "PYTHONHASHSEED")
    assert seen.value is not None and not any(seen.value)
    assert any(control.value)
