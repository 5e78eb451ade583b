"""A whole run in about a second: a tiny agent with a build, a tiny suite, a small configuration.

The agent's skill is a number in one of its files and a bonus in another. A case is solved if a hash of its id falls below their sum,
so that the truth about every change is known: `toy_power` says how often a tree solves a case.
"""

import builtins
import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType, SimpleNamespace
from typing import Any

from rsi.config import RunConfig, from_json
from rsi.core.codec import canonical, sha256_hex
from rsi.core.protocols import Call, Files, Jail, Reply, Score, Serve
from rsi.core.records import Case, CaseId, Clock, Json, Outcome, Pool
from rsi.loop.parts import Parts, pools_of
from rsi.suites import Guarded, Seasonal, commitment, score_by_probes, secret_seeds

__all__ = ["ToyJail", "ToySuite", "toy_agent", "toy_config", "toy_parts", "toy_power"]

_MANIFEST = b"""\
name = "toy"
entry = "main"
build = true
preload = ["hashlib", "json"]

[surfaces]
parameters = ["skill.json"]
code = ["bonus.py"]
training = ["notes/*.txt"]
"""

_BONUS = b"""\
BONUS = 0.0
"""

_MAIN = b'''\
"""An agent whose whole skill is a number."""

import hashlib
import json

import bonus


def _read(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def _luck(*parts):
    return int(hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:8], 16) / 2**32


def build(payload):
    return {"power": json.loads(_read("skill.json"))["skill"] + bonus.BONUS}


def solve(payload):
    power = json.loads(_read("build.json"))["power"]
    return {"answers": [_answer(case, power, payload["programs"]) for case in payload["cases"]]}


def _answer(case, power, programs):
    luck = _luck(case["id"])
    if luck < power:
        return {"answer": "def f(xs):\\n    return sum(xs)\\n", "programs": 1 + int(luck * programs)}
    return {"answer": None, "programs": programs}


def practise(payload):
    tasks = payload["batch"]["tasks"]
    findings = {"seed": payload["seed"], "tasks": len(tasks)}
    return {"findings": findings, "programs": payload["programs"] // 2, "solved": 0, "tasks": len(tasks)}


def diagnose(payload):
    seen = (payload["memory"] or {}).get("seen", 0) + len(payload["findings"])
    memory = {**(payload["memory"] or {}), "seen": seen}
    weak = {"id": "weak", "kind": "skill", "text": "too few cases are solved", "evidence": {"seen": seen}}
    return {"limitations": [weak], "memory": memory}


def learn(payload):
    memory = dict(payload["memory"] or {})
    memory["verdicts"] = memory.get("verdicts", []) + [news["verdict"] for news in payload["verdicts"]]
    return {"memory": memory}


def propose(payload):
    files = payload["target"]["files"]
    proposals = [_proposal(files, payload["seed"], number) for number in range(payload["count"])]
    return {"proposals": proposals, "memory": payload["memory"], "programs": payload["programs"]}


def _proposal(files, seed, number):
    luck = _luck("kind", seed, number)
    if luck < 0.5:
        change = 0.3 if _luck("good", seed, number) < 0.5 else -0.15
        skill = json.loads(files["skill.json"])["skill"]
        return _edit(files, "parameters", "skill.json", json.dumps({"skill": round(min(0.9, max(0.05, skill + change)), 3)}), change)
    if luck < 0.7:
        change = 0.25 if _luck("good", seed, number) < 0.5 else -0.1
        return _edit(files, "code", "bonus.py", "BONUS = %r\\n" % round(float(files["bonus.py"].partition("=")[2]) + change, 3), change)
    if luck < 0.8:
        return _edit(files, "code", "bonus.py", "BONUS = 1 / 0\\n", 0.0)
    if luck < 0.9:
        return _edit(files, "training", "notes/n%d.txt" % int(1000 * luck), "a note that changes nothing\\n", 0.0)
    return _edit(files, "parameters", "rsi-agent.toml", "name = 'mine'\\n", 1.0)


def _edit(files, surface, path, after, change):
    before = hashlib.sha256(files[path].encode()).hexdigest() if path in files else None
    return {
        "surface": surface,
        "limitation": "weak",
        "reason": "change the skill by %+.2f" % change,
        "edits": [{"path": path, "before": before, "after": after}],
        "prediction": {"p_better": 0.5, "low": -0.2, "high": 0.2},
        "tag": path,
    }
'''


def toy_agent(skill: float = 0.3, replaced: Mapping[str, bytes] | None = None) -> Files:
    """The toy agent's files; `replaced` overrides some of them."""
    files = {
        "rsi-agent.toml": _MANIFEST,
        "main.py": _MAIN,
        "bonus.py": _BONUS,
        "skill.json": json.dumps({"skill": skill}).encode(),
    }
    return {**files, **(replaced or {})}


def toy_power(files: Files) -> float:
    """How likely a toy tree solves a case."""
    skill = json.loads(files["skill.json"])["skill"]
    return float(skill) + float(files["bonus.py"].decode().partition("=")[2])


def toy_config(*, seed: int = 1, programs: int = 30_000, frozen: bool = False, **judge: object) -> RunConfig:
    """A configuration under which a toy run takes about a second."""
    data: dict[str, Json] = {
        "run": {"seed": seed, "programs": programs, "lanes": 3, "cycles": 4, "frozen_improver": frozen},
        "practice": {"batches": 2, "tasks": 3, "programs": 500},
        "propose": {"count": 3, "programs": 200},
        "judge": {"course": "race", "alpha": 0.5, "horizon": 12, "block": 4, "open": 3, "max_pairs": 96, "programs": 20},
        "certificate": {"pairs": 40, "programs": 20},
        "jail": {"tier": "S1", "wall_s": 20.0},
    }
    for key, value in judge.items():
        section = data["judge"]
        assert isinstance(section, dict) and isinstance(value, int | float | str)
        section[key] = value
    return from_json(data)


class ToyJail:
    """No jail at all: runs toy agents in this process, in any thread, in well under a millisecond. For agents of this module only.

    Covers: fresh modules in every call, files of the tree only, crashes as outcomes. Does not cover: anything a jail is for.
    """

    @property
    def tier(self) -> str:
        """Always `S0`."""
        return "S0"

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """Run one call here and now; what it asks is answered as it is."""
        if call.module not in ("main", "bonus"):
            return self._reply(Outcome.ANSWERED, _run_answers(call.payload), "")
        try:
            function = _ToyModules(call.files).module(call.module)[call.function]
            value = function(call.payload) if serve is None else function(call.payload, serve)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            return self._reply(Outcome.CRASHED, None, f"{type(error).__name__}: {error}")
        return self._reply(Outcome.ANSWERED, json.loads(canonical(value)), "")

    def close(self) -> None:
        """Nothing to end."""

    @staticmethod
    def _reply(outcome: Outcome, value: Json, reason: str) -> Reply:
        return Reply(outcome=outcome, value=value, reason=reason, stdout="", stderr="", clock=Clock())


@lru_cache(maxsize=64)
def _compiled(source: bytes, name: str) -> CodeType:
    return compile(source, name, "exec")


class _ToyModules:
    """Imports and opens files of a tree without a folder."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._loaded: dict[str, dict[str, Any]] = {}

    def module(self, name: str) -> dict[str, Any]:
        """The namespace of a module of the tree."""
        if name not in self._loaded:
            space: dict[str, Any] = {"__name__": name, "open": self._open}
            space["__builtins__"] = {**vars(builtins), "__import__": self._import}
            self._loaded[name] = space
            exec(_compiled(self._files[f"{name}.py"], name), space)  # noqa: S102 - code of this module only
        return self._loaded[name]

    def _open(self, path: str, encoding: str = "utf-8") -> io.StringIO:
        if path not in self._files:
            raise FileNotFoundError(path)
        return io.StringIO(self._files[path].decode(encoding))

    def _import(self, name: str, *rest: Any) -> object:
        return SimpleNamespace(**self.module(name)) if f"{name}.py" in self._files else builtins.__import__(name, *rest)


def _run_answers(payload: Json) -> Json:
    assert isinstance(payload, dict) and isinstance(payload["answers"], list)
    outputs: list[Json] = []
    for item in payload["answers"]:
        assert isinstance(item, dict) and isinstance(item["probes"], list)
        space: dict[str, Any] = {}
        exec(_compiled(str(item["source"]).encode(), "answer"), space)  # noqa: S102 - answers of toy agents only
        outputs.append([space["f"](probe) for probe in item["probes"]])
    return {"outputs": outputs}


class ToySuite:
    """Cases that all ask for the sum of a list.

    Args:
        seeds: the secret seed of each pool.
        kind: stands in the questions of a second toy suite, so that an agent can tell them.
    """

    def __init__(self, seeds: Mapping[Pool, int], kind: str = "") -> None:
        """Each pool has its secret seed."""
        self._seeds = dict(seeds)
        self._kind = kind

    @property
    def name(self) -> str:
        """Name of the suite."""
        return f"toy {self._kind}".strip()

    def episodes(self, pool: Pool) -> None:
        """No program is improved here."""
        return None

    def execution(self, pool: Pool) -> None:
        """Every case is answered with a program."""
        return None

    @property
    def required_tier(self) -> str:
        """S0: the answers are no secret."""
        return "S0"

    def size(self, pool: Pool) -> int | None:
        """As many as are asked for."""
        return None

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """Cases of two families in turn."""
        return [self._case(pool, index) for index in range(start, start + count)]

    def _case(self, pool: Pool, index: int) -> Case:
        name = sha256_hex(f"{pool}/{self._seeds[pool]}/{index}".encode())[:16]
        question: dict[str, Json] = {"id": name, "type": {"input": "list-of-int", "output": "int"}, "examples": [{"i": [1, 2], "o": 3}]}
        if self._kind:
            question["kind"] = self._kind
        family = ("even", "odd")[index % 2]
        return Case(id=CaseId(name), family=family, pool=pool, question=question, probes=[[1], [2, index]], expected=[1, 2 + index])

    def practice_batch(self, index: int, count: int) -> Json:
        """Tasks without any content."""
        tasks: list[Json] = [{"id": f"t{index}-{number}", "family": "even", "outputs": [3]} for number in range(count)]
        return {"inputs": [[1, 2]], "tasks": tasks, "shown": 1}

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """1 if every probe is right."""
        return score_by_probes(case, answer, outputs)


def toy_parts(config: RunConfig, make_jail: Callable[[], Jail] = ToyJail) -> Parts:
    """The toy suite and these jails as the outside world of a run; whatever safety suite it has is a toy suite of the kind `safety`."""
    seeds = secret_seeds(config.run.seed, salt=config.run.salt)
    judged = Seasonal(ToySuite, seeds, config.judge.season)
    return Parts(
        make_jail=make_jail,
        suite=Guarded(judged, ToySuite(seeds, "safety")) if config.safety.suite else judged,
        secrets={pool.value: str(seeds[pool]) for pool in pools_of(config)},
        commitments={pool.value: commitment(seeds[pool]) for pool in pools_of(config)},
    )
