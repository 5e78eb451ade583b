"""The language-model agent's own modules, loaded from its tree (or a changed copy of it): nothing of them stays in `sys.modules`."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LLM = Path(__file__).parents[1] / "src" / "rsi" / "agents" / "llm"

Request = dict[str, Any]


def modules(folder: Path = LLM) -> SimpleNamespace:
    """All modules of the agent by name."""
    names = [path.stem for path in folder.glob("*.py")]
    running = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = kept
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(running)


class Scripted:
    """Answers an agent's questions: chats by a script (a text, or a function of the request), evaluations and commands by functions."""

    def __init__(
        self,
        *says: str | Callable[[Request], str] | dict[str, Any],
        evaluate: Callable[[Request], Any] | None = None,
        shell: Callable[[Request], Any] | None = None,
    ) -> None:
        self.says, self.evaluate, self.shell = list(says), evaluate, shell
        self.shelled: list[Request] = []
        self.chats: list[Request] = []
        self.evaluated: list[Request] = []

    def __call__(self, question: Request) -> Any:
        if "evaluate" in question:
            self.evaluated.append(question["evaluate"])
            return self.evaluate(question["evaluate"]) if self.evaluate else {"error": "nothing is evaluated here", "left": 0}
        if "shell" in question:
            self.shelled.append(question["shell"])
            return self.shell(question["shell"]) if self.shell else {"error": "no commands are run here"}
        self.chats.append(question["chat"])
        if not self.says:
            return {"error": {"type": "budget", "message": "0 calls are left"}}
        say = self.says.pop(0)
        if isinstance(say, dict):
            return say
        text = say if isinstance(say, str) else say(question["chat"])
        return chat(text)

    def told(self, call: int) -> str:
        """The last thing that the model was told in a call."""
        return str(self.chats[call]["messages"][-1]["content"])


def chat(text: str) -> dict[str, Any]:
    """A reply in the shape of OpenAI."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"chat": {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}}


def block(head: str, body: str = "", fence: str = "```") -> str:
    """A fenced action."""
    return f"{fence}{head}\n{body}\n{fence}" if body else f"{fence}{head}\n{fence}"


def change(search: str, replace: str, mark: int = 7) -> str:
    """The body of an edit."""
    return f"{'<' * mark} SEARCH\n{search}\n{'=' * mark}\n{replace}\n{'>' * mark} REPLACE"
