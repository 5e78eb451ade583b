"""Questions to language models from a jailed call: handed to the gateway, counted against what this call may ask.

Covers: more requests than are allowed (a `budget` error; nothing is asked then), questions of any other shape, a call that is tried again
(it begins with its whole allowance). What the gateway says for the record alone (`called`) is kept back from who asks.
Does not cover: money, tokens, retries, records: all that is the gateway's.
"""

from dataclasses import dataclass, field

from rsi.core.protocols import Gateway, Serve
from rsi.core.records import Json

__all__ = ["Chats"]


@dataclass(slots=True, kw_only=True)
class Chats:
    """The models that the calls of one job may ask.

    Attributes:
        gateway: the road to them.
        purpose: the job, for the record.
        most: how many requests one call may make.
        called: what the gateway said for the record, in order.
    """

    gateway: Gateway
    purpose: str
    most: int
    called: list[Json] = field(default_factory=list)

    def serving(self) -> Serve:
        """Somebody who answers the questions of one call."""
        left = self.most

        def serve(question: Json) -> Json:
            nonlocal left
            if not isinstance(question, dict) or set(question) != {"chat"}:
                return {"error": {"type": "bad_request", "message": "only a question {'chat': request} is answered here"}}
            if left < 1:
                return {"error": {"type": "budget", "message": f"all {self.most} requests of this call are used"}}
            left -= 1
            return self.ask(question["chat"])

        return serve

    def ask(self, body: Json) -> Json:
        """The gateway's answer to one request, without what is only for the record."""
        reply = self.gateway.chat(body, purpose=self.purpose)
        if not isinstance(reply, dict):
            return reply
        if "called" in reply:
            self.called.append(reply["called"])
        return {key: value for key, value in reply.items() if key != "called"}
