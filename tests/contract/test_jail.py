"""Every jail that ships holds to the contract of jails, at every tier that this machine reaches."""

import pytest

from rsi.core.protocols import Jail
from rsi.kernel.sandbox import ZygoteJail, unreachable
from rsi.testing.conformance.jail import JailConformance
from rsi.testing.fake_jail import InProcessJail


def opened(tier: str, profile: str = "function") -> Jail:
    why = unreachable(tier, profile)
    if why is not None:
        pytest.skip(f"{tier} ({profile}) cannot be had here: {why}")
    return ZygoteJail(tier=tier, profile=profile)


class TestS3(JailConformance):
    @classmethod
    def open_jail(cls) -> Jail:
        return opened("S3")


class TestS3ForAgents(JailConformance):
    @classmethod
    def open_jail(cls) -> Jail:
        return opened("S3", "agent")


class TestS2(JailConformance):
    @classmethod
    def open_jail(cls) -> Jail:
        return opened("S2")


class TestS1(JailConformance):
    @classmethod
    def open_jail(cls) -> Jail:
        return opened("S1")


class TestInProcess(JailConformance):
    isolates = False

    @classmethod
    def open_jail(cls) -> Jail:
        return InProcessJail()
