"""What the tests of the seed agent share: its language, drawn programs, its answers run, and whole agents in a folder of their own."""

import functools
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rsi.core.records import Pool
from rsi.suites import ListFunctions, secret_seeds
from tests.seed_agent import SEED, modules

NAMES = ("grammar", "writer", "expressions", "functions", "dreams", "model", "learning", "features", "abstraction", "search", "solve")
LISTS = "LIBM"
Program = tuple[Any, ...]
Grammar = dict[str, Any]


@functools.cache
def agent() -> SimpleNamespace:
    """The modules of language, search and learning, loaded once; nobody may change them."""
    return modules(*NAMES)


@functools.cache
def base() -> Grammar:
    return {production.name: production for production in agent().grammar.base()}


@functools.cache
def untrained() -> dict[str, Any]:
    """Weights of a build from nothing."""
    weights: dict[str, Any] = agent().model.train({"inputs": {}, "solutions": []}, base(), [], random.Random(0))
    return weights


def even_tables(grammar: Grammar) -> dict[str, Any]:
    """For `dreams._draw`: every choice as likely as another, but library functions twice as likely."""
    slots = agent().model.slot_names(grammar)
    rows = {slot: {p.name: 0 if p.function else 1 for p in grammar.values() if p.result == kind} for slot, kind in slots.items()}
    return {slot: agent().dreams._table(row, grammar, 1.0) for slot, row in rows.items()}


def drawn(grammar: Grammar, tables: dict[str, Any], rng: random.Random, *, least: int = 1, most: int = 30) -> Program:
    """A program of up to `most` productions for a list input."""
    while True:
        program: Program | None = agent().dreams._draw(grammar, tables, "root." + rng.choice(LISTS), rng.choice((0, 2, 4)), rng)
        if program is not None and least <= agent().expressions.size(program) <= most:
            return program


def run(source: str, argument: object) -> object:
    """What the written function gives; raises what it raises."""
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the answer of the agent
    return names["f"](list(argument) if isinstance(argument, tuple) else argument)


def plain(value: object) -> object:
    """A value of the search as Python has it."""
    return list(value) if isinstance(value, tuple) else value


def exactly(left: object, right: object) -> bool:
    """Equal, types of items included."""
    if type(left) is not type(right) or left != right:
        return False
    return not (isinstance(left, list) and isinstance(right, list)) or list(map(type, left)) == list(map(type, right))


@functools.cache
def suite() -> ListFunctions:
    return ListFunctions(secret_seeds(20_261_123))


@functools.cache
def _batch(number: int, tasks: int) -> str:
    return json.dumps(suite().practice_batch(number, tasks))


def batch(number: int = 0, tasks: int = 60) -> Any:
    """A practice batch of the real suite."""
    return json.loads(_batch(number, tasks))


def questions(count: int) -> list[Any]:
    """Questions of judge cases."""
    return [json.loads(json.dumps(case.question)) for case in suite().cases(Pool.JUDGE, 0, count)]


def quick(parts: SimpleNamespace) -> None:
    """Let a small amount of experience be enough, and rehearse little, so that a test takes a second."""
    parts.propose.ENOUGH_PROGRAMS = 10
    parts.propose.ROUNDS = 2
    parts.propose.EDITS_A_ROUND = 3
    parts.propose.WORTH_PROPOSING = 0.0
    parts.abstraction.how_many = lambda programs: 2


class Agent:
    """A whole seed agent in a folder of its own, asked through its messages."""

    def __init__(self, folder: Path) -> None:
        """Copy the shipped tree."""
        self.folder = folder
        for path in SEED.iterdir():
            if path.is_file():
                shutil.copy(path, folder / path.name)
        self.parts = modules(*(path.stem for path in SEED.glob("*.py")))
        self.parts.main.part = functools.partial(getattr, self.parts)
        self.parts.main.HERE = folder
        quick(self.parts)
        self.memory: Any = None

    def build(self, seed: int = 1) -> Any:
        """Train, and put the product where the kernel puts it."""
        product = self.parts.main.build({"seed": seed})
        (self.folder / "build.json").write_text(json.dumps(product))
        return product

    def ask(self, call: str, *serve: Callable[[Any], Any], **message: object) -> Any:
        """One call as the kernel makes it: plain data in, plain data out; the memory is kept. `serve` answers what is asked on the way."""
        given = json.loads(json.dumps({"seed": 1, "memory": self.memory, **message}))
        answer = json.loads(json.dumps(getattr(self.parts.main, call)(given, *serve), allow_nan=False))
        if "memory" in answer:
            self.memory = answer["memory"]
        return answer

    def cycle(self, number: int, *, tasks: int = 100, programs: int = 40_000) -> list[Any]:
        """Build, practise, diagnose and propose; gives the proposals."""
        self.build()
        found = self.ask("practise", batch=batch(number, tasks), programs=programs)
        limitations = self.ask("diagnose", findings=[found["findings"]])["limitations"]
        return list(self.ask("propose", limitations=limitations, count=9, programs=100_000)["proposals"])

    def apply(self, proposal: Any) -> None:
        """Write the files of a proposal, as an acceptance would."""
        for edit in proposal["edits"]:
            (self.folder / edit["path"]).write_text(edit["after"])

    def files(self) -> dict[str, bytes]:
        """The tree as the kernel sees it."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file() and path.name != "build.json"}


def mirrored(agent: Agent, compare: Any, *, affordable: int = 0, problems: int = 2) -> Any:
    """A mirror whose comparisons are given."""
    reflection = agent.parts.mirror.Mirror({}, [{}] * problems, None, 0, 1)
    reflection.compare, reflection.affordable = compare, lambda: affordable
    return reflection
