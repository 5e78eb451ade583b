"""Asking a language model from inside a jail: the plain OpenAI chat shape over `ask`, which is the only way out.

`Model(ask)(messages)` gives the text of the reply, `Model(ask).chat(messages, tools=[…])` the whole message with its `tool_calls`. What
keeps a model from answering is an `Unanswered`; its `kind` is budget, auth, rate, timeout, network, bad_request or no_model. Who answers
counts, retries and keeps the keys; nothing of that is here.
"""


class Unanswered(Exception):
    """There is no reply; `kind` is one word, the text says why in a line."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}"[:500])
        self.kind = kind


class Model:
    """A chat model; `options` go into every request (temperature, max_tokens, seed, stop, response_format…).

    `calls` and `tokens` count what was used here, `cost` the dollars that are known; `left` is what the run may still spend.
    """

    def __init__(self, ask, **options):
        self.ask, self.options = ask, options
        self.calls, self.tokens, self.cost, self.left = 0, 0, 0.0, {}

    def __call__(self, messages, **options):
        return self.chat(messages, **options).get("content") or ""

    def chat(self, messages, **options):
        if self.ask is None:
            raise Unanswered("no_model", "nobody answers questions in this call")
        reply = self.ask({"chat": {**self.options, **options, "messages": messages}})
        chat = reply.get("chat") if isinstance(reply, dict) else None
        if not isinstance(chat, dict):
            error = reply.get("error") if isinstance(reply, dict) else None
            error = error if isinstance(error, dict) else {"type": "no_model", "message": error or "the reply is no answer"}
            raise Unanswered(str(error.get("type", "bad_request")), str(error.get("message", "")))
        spent = chat.get("rsi") or {}
        self.calls += 1
        self.tokens += (chat.get("usage") or {}).get("total_tokens") or 0
        self.cost += (spent.get("cost") or {}).get("dollars") or 0.0
        self.left = spent.get("left") or {}
        return (chat.get("choices") or [{}])[0].get("message") or {}
