"""Agents from outside in a run on a target: the tree `bridge` stands for each, and asks the kernel for a session with it.

`ask({"session": {}})` holds one session over the message of the call and gives `{"proposals", "usage", "left_out"}`, or `{"error": text}`
if it failed. Sessions are held beside the jails; what came of one stands in the log like every answer, so that a replay needs none.

Covers: a fault of the agent (an error, no more), time: the call may take as long as the session and a little more.
Does not cover: how a session is held (`rsi.bridges.session`, which whoever starts the run hands in).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from rsi.config.model import is_outside
from rsi.core.protocols import Limits, Reply, Serve
from rsi.core.records import Json, Outcome

__all__ = ["TREE", "Outside", "Session", "tree_of"]

TREE = "bridge"
"""The built-in agent that stands for one from outside."""
_SPARE_S = 120.0

Session = Callable[[Serve], Json]
"""Holds one session, in which questions are answered by who is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """An agent from outside.

    Attributes:
        propose: holds a session over a message `propose`; questions (`evaluate`) go to who is given.
        wall_s: how long a session may take.
    """

    propose: Callable[[Json, Serve], Reply]
    wall_s: float

    def session(self, message: Json) -> Session:
        """The session that one call may ask for."""
        return partial(self._held, message)

    def limits(self, limits: Limits) -> Limits:
        """Those of the call that waits for it."""
        return replace(limits, wall_s=max(limits.wall_s, self.wall_s + _SPARE_S))

    def _held(self, message: Json, serve: Serve) -> Json:
        reply = self.propose(message, serve)
        return reply.value if reply.outcome is Outcome.ANSWERED else {"error": reply.reason}


def tree_of(agent: str) -> str:
    """The built-in name or folder of the tree that an agent has in a run: its own, or for one from outside what stands for it."""
    return TREE if is_outside(agent) else agent
