"""The road to language models: budgets, retries, record and replay here, in the kernel's process; providers and keys in one of its own."""

from rsi.kernel.models.budget import left_after, used_in
from rsi.kernel.models.gateway import ModelGateway
from rsi.kernel.models.ledger import Spent
from rsi.kernel.models.opening import RECORD_FOLDER, key_names, open_gateway
from rsi.kernel.models.redact import Redactor
from rsi.kernel.models.replay import Replay

__all__ = ["RECORD_FOLDER", "ModelGateway", "Redactor", "Replay", "Spent", "key_names", "left_after", "open_gateway", "used_in"]
