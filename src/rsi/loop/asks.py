"""What an agent may ask while it is called: try changes on practice cases, run programs of the gym, talk to language models.

`ask({"evaluate": {"files": {path: text or null}, "cases": [k…]}})` runs the target with some of its files replaced (null: taken away) on
practice cases of the message, and gives `{"results": [{"score", "output", "label", "feedback", "error"}…], "left": n}`; each case costs one
program, whatever comes of it. `ask({"chat": request})` goes to the gateway; who may ask there may also `ask({"shell": …})` (see
`rsi.loop.shell`), for one program where trying costs programs. `ask({"problem": …})` is the gym's (see `rsi.kernel.evaluate.Meter`).
`ask({"session": {}})` is for agents from outside (see `rsi.loop.outside`).

Covers: questions of any shape, files that no patch may touch, cases that there are not, more than is left (nothing is run then), a call
that is tried again (it begins with its whole allotment), models that nobody provides.
Does not cover: how often an agent asks for one and the same thing; it pays each time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsi.core.protocols import Files, Serve
from rsi.core.records import Json, Manifest
from rsi.kernel.evaluate import Chats, Sitting
from rsi.loop.outside import Session
from rsi.loop.shell import noted, with_files

__all__ = ["Asks", "Run", "Trying"]

_NO_MODEL: Json = {"error": {"type": "no_model", "message": "this run has no language models"}}

Run = Callable[[Files, Sequence[int]], list[Json]]
"""Runs a tree on some practice cases of the message: one result for each, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """What changes may be tried on.

    Attributes:
        run: runs a tree.
        files: the tree that is changed.
        manifest: says which of its files may be edited.
        cases: how many practice cases the message has.
        budget: programs.
    """

    run: Run
    files: Files
    manifest: Manifest
    cases: int
    budget: int


class Asks:
    """Answers the questions of one call, and remembers what that cost.

    Args:
        trying: what changes may be tried on; None where none may be.
        problems: the problems of the gym that the message has; None where it has none.
        chats: the models; None where there are none.
        session: holds a session with an agent from outside; None where none may be held.
    """

    def __init__(
        self,
        *,
        trying: Trying | None = None,
        problems: Sitting | None = None,
        chats: Chats | None = None,
        session: Session | None = None,
    ) -> None:
        self._trying, self._problems, self._chats, self._session = trying, problems, chats, session
        self._chatting = None if chats is None else chats.call()
        self._tried = 0

    @property
    def used(self) -> int | None:
        """Programs that the call took, as the kernel counted them; None where nothing was to be counted."""
        if self._trying is None and self._problems is None:
            return None
        return self._tried + (0 if self._problems is None else self._problems.used)

    @property
    def log(self) -> Json:
        """What stands in the log of it: programs tried, the gateway's words for the record, commands that ran; None where none could be."""
        if self._trying is None and self._chats is None:
            return None
        chats = self._chats
        ran: dict[str, Json] = {"ran": [noted(*one) for one in chats.ran]} if chats is not None and chats.ran else {}
        return {"tried": self._tried, "called": [] if chats is None else [*chats.called], **ran}

    def serving(self) -> Serve:
        """Somebody who answers; a call that is tried again begins with its whole allotment."""
        self._tried = 0
        problems = None if self._problems is None else self._problems.serving()
        chat = None if self._chatting is None else self._chatting()

        def serve(question: Json) -> Json:
            kind = next(iter(question)) if isinstance(question, dict) and len(question) == 1 else ""
            if isinstance(question, dict) and kind == "evaluate" and self._trying is not None:
                return self._try(self._trying, question["evaluate"])
            if kind == "session" and self._session is not None:
                return self._session(serve)
            if kind == "chat":
                return _NO_MODEL if chat is None else chat(question)
            if kind == "shell" and chat is not None:
                return self._paid(chat, question)
            if problems is not None:
                return problems(question)
            return {"error": "a question is {'evaluate': …} or {'chat': …}", "left": self._left}

        return serve

    @property
    def _left(self) -> int:
        return 0 if self._trying is None else self._trying.budget - self._tried

    def _paid(self, chat: Serve, question: Json) -> Json:
        """A run of commands: a program, where trying costs programs."""
        if self._trying is not None and self._left < 1:
            return {"error": "no program is left to pay for it"}
        reply = chat(question)
        self._tried += isinstance(reply, dict) and "code" in reply
        return reply

    def _try(self, trying: Trying, question: Json) -> Json:
        read = _read(trying, question)
        if isinstance(read, str):
            return {"error": read, "left": self._left}
        files, cases = read
        if len(cases) > self._left:
            return {"error": f"{len(cases)} programs were asked for", "left": self._left}
        results = trying.run(files, cases)
        self._tried += len(cases)
        return {"results": results, "left": self._left}


def _read(trying: Trying, question: Json) -> tuple[Files, list[int]] | str:
    """The tree that a question is about, and the cases; or what is wrong with it."""
    if not isinstance(question, dict) or set(question) != {"files", "cases"}:
        return "evaluate has files and cases"
    cases = question["cases"]
    changed = with_files(trying.files, trying.manifest, question["files"])
    if isinstance(changed, str):
        return changed
    if not isinstance(cases, list) or not cases:
        return "cases is a list of numbers"
    numbers = [case for case in cases if type(case) is int and 0 <= case < trying.cases]
    if len(numbers) != len(cases):
        return f"cases have the numbers 0 to {trying.cases - 1}" if trying.cases else "this message has no cases"
    return changed, numbers
