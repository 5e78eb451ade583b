"""The counter as a server of the Model Context Protocol, on standard input and output (extra `mcp`).

Covers: arguments of the wrong shape and refusals come back as errors that a model can read. Does not cover: what the client behind the pipe
may do otherwise on this machine.
"""

import json
from collections.abc import Callable

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from rsi.bridges.counter import Counter
from rsi.core.errors import InfrastructureError, IntegrityError, MessageError, UserError
from rsi.core.records import Json, Prediction

__all__ = ["serve", "server_of"]

_INSTRUCTIONS = """\
You improve the target of a run of rsi. Call `context` first, `read` the files that matter, try edits with `evaluate` on practice cases
(each counts, a few prove nothing), and hand in one change with one idea at a time with `submit`. The judge tests it on hidden cases;
`status` says what became of it. A score that is wrong is not yours to exploit: `report_judge_defect`.
"""


def serve(counter: Counter, name: str, version: str) -> None:
    """Serve until the client closes its end."""
    server_of(counter, name, version).run("stdio")


def server_of(counter: Counter, name: str, version: str) -> MCPServer:
    """A server whose tools are those of the counter; each answers with JSON, or the text of a file."""
    server = MCPServer(name, instructions=_INSTRUCTIONS, version=version, log_level="ERROR")

    def context() -> str:
        """The target, its files by name, what may be edited, latest practice findings, what was tried and why it was not kept, budgets."""
        return _told(lambda: _text(counter.context()))

    def read(path: str) -> str:
        """A file of the best version so far, or the question of a practice case (`case:0`, `case:1` …)."""
        return _told(lambda: counter.read(path))

    def evaluate(files: dict[str, str | None], cases: list[int]) -> str:
        """Run the best version, with these files replaced (whole new text; null deletes), on practice cases by number. Each is counted."""
        return _told(lambda: _text(counter.evaluate(files, cases)))

    def submit(files: dict[str, str | None], reason: str, surface: str | None = None, prediction: Prediction | None = None) -> str:
        """Hand in the best version with these files replaced (whole new text; null deletes); it is judged on hidden cases."""
        return _told(lambda: _text(counter.submit(files, reason, surface, prediction)))

    def status() -> str:
        """Where the run stands, and what became of the changes that you handed in."""
        return _told(lambda: _text(counter.status()))

    def report_judge_defect(text: str) -> str:
        """Report a fault of the judge: a wrong scorer, a leak, a case that cannot be solved. It stands in the run's report."""
        return _told(lambda: _text(counter.report_judge_defect(text)))

    tools: tuple[Callable[..., str], ...] = (context, read, evaluate, submit, status, report_judge_defect)
    for tool in tools:
        server.add_tool(tool, structured_output=False)
    return server


def _told(act: Callable[[], str]) -> str:
    """What an act gives; a refusal as an error of the tool, whose text the client's model reads.

    Raises:
        ToolError: it was refused, or could not be done.
    """
    try:
        return act()
    except (UserError, MessageError, InfrastructureError, IntegrityError) as error:
        raise ToolError(str(error)) from None


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
