"""Asking a language model from inside a jail: the plain OpenAI chat shape over `ask`, which is the only way out.

`Model(ask)(messages)` gives the text of the reply. Whatever keeps it from answering is an `Unanswered` with a kind: budget, auth,
rate, timeout, network, bad_request or no_model. Who answers also counts, retries and keeps the keys; nothing of that is here.
"""


class Unanswered(Exception):
    """There is no reply; `kind` is one word, the text says why in a line."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}"[:500])
        self.kind = kind


class Model:
    """A chat model; `options` go into every request (temperature, max_tokens…), `calls` and `tokens` count what was used."""

    def __init__(self, ask, **options):
        self.ask, self.options = ask, options
        self.calls = self.tokens = 0

    def __call__(self, messages, **options):
        if self.ask is None:
            raise Unanswered("no_model", "nobody answers questions in this call")
        reply = self.ask({"chat": {**self.options, **options, "messages": messages}})
        chat = reply.get("chat") if isinstance(reply, dict) else None
        if not isinstance(chat, dict):
            raise fault(reply.get("error") if isinstance(reply, dict) else None)
        self.calls += 1
        self.tokens += int((chat.get("usage") or {}).get("total_tokens") or 0)
        choices = chat.get("choices") or [{}]
        content = (choices[0].get("message") or {}).get("content")
        if isinstance(content, list):
            content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        return content or ""


def fault(error):
    """What was said instead of a reply, as an `Unanswered`."""
    if isinstance(error, dict):
        return Unanswered(str(error.get("type", "bad_request")), str(error.get("message", "")))
    return Unanswered("no_model", str(error or "the answer has neither `chat` nor `error`"))
