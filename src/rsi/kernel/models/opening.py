"""The gateway that a configuration asks for, with keys from the environment."""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from rsi.config import ModelsConfig
from rsi.core.errors import UserError
from rsi.core.records import Json
from rsi.kernel.models.gateway import ModelGateway
from rsi.kernel.models.link import Link
from rsi.kernel.models.record import Record
from rsi.kernel.models.redact import Redactor
from rsi.kernel.models.replay import Replay

__all__ = ["RECORD_FOLDER", "key_names", "open_gateway"]

RECORD_FOLDER = "models"
"""Where a run's record lies in its folder."""

_USUAL = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
"""All that the gateway process gets of the environment beside keys."""


def open_gateway(
    config: ModelsConfig, folder: Path, *, environment: Mapping[str, str], replay: Path | None = None
) -> ModelGateway | Replay | None:
    """The road to the configured models, None if there are none; no process is started before the first request.

    Args:
        config: the section `[models]`.
        folder: of the run; its record lies in `models/`.
        environment: where the keys are.
        replay: folder of a run whose record is told instead.

    Raises:
        UserError: the extra is not installed, a key is not there, or there is nothing to replay.
        IntegrityError: the record cannot be read.
    """
    if not config.model:
        return None
    keys = _keys(config, environment)
    redactor = Redactor.of(keys.values())
    if replay is not None:
        models = tuple(dict.fromkeys((config.model, *config.fallbacks)))
        return Replay(replay, models=models, max_tokens=config.max_tokens_per_call, redactor=redactor)
    _check(config, keys)
    link = Link(
        command=(sys.executable, "-P", "-m", "rsi.kernel.models.provider.serve"),
        environment={name: environment[name] for name in _PASSED_ON if name in environment} | keys | {"PYTHONPATH": _source()},
        hello=_hello(config),
        redactor=redactor,
    )
    return ModelGateway(config, link=link, record=Record(folder / RECORD_FOLDER), redactor=redactor)


def key_names(config: ModelsConfig) -> dict[str, str]:
    """The environment variable with the key of each configured model; empty where the server needs none."""
    return {name: _key_name(config, name) for name in dict.fromkeys((config.model, *config.fallbacks)) if name}


def _key_name(config: ModelsConfig, name: str) -> str:
    provider = name.partition(":")[0]
    if provider != config.model.partition(":")[0]:
        return _USUAL[provider]
    return config.key_env or ("" if config.base_url else _USUAL[provider])


def _keys(config: ModelsConfig, environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in key_names(config).values() if environment.get(name)}


def _check(config: ModelsConfig, keys: Mapping[str, str]) -> None:
    if find_spec("pydantic_ai") is None or find_spec("genai_prices") is None:
        raise UserError(
            f"models.model = {config.model!r}: the libraries of providers are not installed; install them with: pip install 'rsi[llm]'"
        )
    for model, name in key_names(config).items():
        if name and name not in keys:
            raise UserError(
                f"{model}: the environment variable {name} with its key is not set; export it, or name another in models.key_env"
            )


def _hello(config: ModelsConfig) -> Json:
    own = config.model.partition(":")[0]
    models: list[Json] = []
    for name, key in key_names(config).items():
        provider, _, model = name.partition(":")
        base_url = config.base_url if provider == own else ""
        models.append({"name": name, "provider": provider, "model": model, "base_url": base_url, "key_env": key})
    prices: dict[str, Json] = {name: price.model_dump() for name, price in config.prices.items()}
    return {"models": models, "prices": prices, "timeout_s": config.timeout_s, "cache": config.cache}


def _source() -> str:
    """Where this rsi is, so that the process runs the same one."""
    return os.fspath(Path(__file__).parents[3])
