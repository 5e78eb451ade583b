"""Every jail that ships holds to the contract of jails, at every tier that this machine reaches."""

import sys

import pytest

from rsi.core.protocols import Jail
from rsi.kernel.sandbox import ZygoteJail, unreachable
from rsi.testing.conformance.jail import JailConformance
from rsi.testing.fake_jail import InProcessJail

PLAIN_PROCESS = f"{sys.executable} -I -c {{program}}"
"""A runtime that is none: it runs the command in a plain process, so that the relay can be tested where there is no container."""


def opened(tier: str, profile: str = "function", template: str | None = None) -> Jail:
    why = unreachable(tier, profile, template)
    if why is not None:
        pytest.skip(f"{tier} ({profile}) cannot be had here: {why}")
    return ZygoteJail(tier=tier, profile=profile, template=template)


class TestS4(JailConformance):
    @classmethod
    def open_jail(cls) -> Jail:
        return opened("S4", template=PLAIN_PROCESS)


class TestS4ForAgents(JailConformance):
    @classmethod
    def open_jail(cls) -> Jail:
        return opened("S4", "agent", PLAIN_PROCESS)


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
