"""The gateways hold to the contract of the road to language models."""

from rsi.core.protocols import Gateway
from rsi.testing.conformance.gateway import GatewayConformance
from rsi.testing.gateway import ScriptedGateway


class TestScripted(GatewayConformance):
    def make_gateway(self, *, calls: int) -> Gateway:
        return ScriptedGateway(["Hello."], calls=calls)
