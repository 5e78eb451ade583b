"""A real gateway process for tests, started once and shared: its libraries take seconds to load."""

import os
from pathlib import Path
from typing import Any

from rsi.config.model import ModelsConfig
from rsi.kernel.models import ModelGateway, open_gateway
from rsi.kernel.models.gateway import ModelGateway as Gateway
from rsi.kernel.models.link import Link
from rsi.kernel.models.record import Record
from rsi.kernel.models.redact import Redactor

KEY = "the-key-of-the-test"


class Lent:
    """A link that is not closed with the gateway that it was lent to."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.offers, self.ask = link.offers, link.ask

    def close(self) -> None:
        """Leave the process to the others."""


def open_road(config: ModelsConfig, folder: Path, **keys: str) -> Gateway:
    """A gateway with a process of its own."""
    road = open_gateway(config, folder, environment={"PATH": os.environ["PATH"], "MY_KEY": KEY, **keys})
    assert isinstance(road, Gateway)
    return road


def share(road: ModelGateway, folder: Path, **changes: Any) -> ModelGateway:
    """Another gateway over the process of one, with a record and limits of its own, which does not pause between tries."""
    config = ModelsConfig(**{**road._config.model_dump(), **changes})
    return ModelGateway(config, link=Lent(road._link), record=Record(folder), redactor=Redactor.of([KEY]), pause=lambda seconds: False)
