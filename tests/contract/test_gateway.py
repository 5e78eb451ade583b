"""The gateways hold to the contract of the road to language models."""

from pathlib import Path

import pytest

from rsi.core.protocols import Gateway
from rsi.kernel.models import ModelGateway, Replay
from rsi.testing.chat_server import Answer, ChatServer
from rsi.testing.conformance.gateway import GatewayConformance, asking
from rsi.testing.gateway import ScriptedGateway
from tests.models_road import share


class TestScripted(GatewayConformance):
    def make_gateway(self, *, calls: int) -> Gateway:
        return ScriptedGateway(["Hello."], calls=calls)


class TestReal(GatewayConformance):
    @pytest.fixture(autouse=True)
    def _with_a_process(self, model_process: ModelGateway, chat_server: ChatServer, tmp_path: Path) -> None:
        chat_server.script = lambda seen: Answer()
        self.process, self.folder = model_process, tmp_path

    def make_gateway(self, *, calls: int) -> Gateway:
        return share(self.process, self.folder / "models", calls=calls)


class TestReplay(TestReal):
    def make_gateway(self, *, calls: int) -> Gateway:
        """A replay of what the suite asks."""
        live = super().make_gateway(calls=calls)
        for text in ("Hello.",) * 6 if calls == 3 else ("Say hello.", "Say hello.", "And once more."):
            live.chat(asking(text), purpose="a test")
        live.close()
        return Replay(self.folder, models=("openai:tiny",), max_tokens=8_192)
