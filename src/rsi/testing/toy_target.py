"""A run on a target in about a second: a program whose whole skill is a number, an agent that proposes others, a small configuration.

A case has a number between 0 and 1, its luck; the target solves it if that is below the skill in its one file. So the truth about every
change is known: a larger number is better.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rsi.config import RunConfig, from_json
from rsi.core.codec import sha256_hex
from rsi.core.protocols import Execution, Files, Jail, Limits, Score
from rsi.core.records import Case, CaseId, Json, Pool
from rsi.loop.parts import Parts, pools_of
from rsi.suites import Seasonal, commitment, secret_seeds
from rsi.testing.fake_jail import InProcessJail

__all__ = ["SkillSuite", "skill_agent", "skill_config", "skill_parts", "skill_target", "skill_told"]

_TARGET = b"""\
name = "skill"
entry = "solution"
protected = ["fixed.py"]

[surfaces]
code = ["*.py"]
"""
_AGENT = b"""\
name = "tinker"
entry = "main"

[surfaces]
code = ["main.py"]
"""
_MAIN = '''\
"""Proposes other numbers: STEPS are what it adds to the skill, each in a proposal of its own."""

import hashlib

STEPS = %r


def propose(message, ask):
    text = message["target"]["files"]["solution.py"]
    skill = float(text.split("=")[1].split()[0])
    proposals = [_proposal(text, skill, STEPS[(message["seed"] + place) %% len(STEPS)]) for place in range(message["count"])]
    return {"proposals": proposals, "memory": message["memory"], "programs": 0}


def _proposal(text, skill, step):
    after = text.replace(str(skill), str(round(skill + step, 4)))
    return {
        "surface": "code",
        "limitation": "",
        "reason": "add %%+.3f" %% step,
        "edits": [{"path": "solution.py", "before": hashlib.sha256(text.encode()).hexdigest(), "after": after}],
        "prediction": {"p_better": 0.5, "low": -0.2, "high": 0.3},
    }
'''


def skill_target(skill: float = 0.3) -> Files:
    """The target's tree."""
    solution = f"SKILL = {skill}\n\n\ndef solve(case):\n    return case['luck'] < SKILL\n"
    return {"rsi-agent.toml": _TARGET, "solution.py": solution.encode(), "fixed.py": b"NEVER = 'edited'\n"}


def skill_agent(steps: Sequence[float] = (0.2, -0.1, 0.1, -0.2), main: str | None = None) -> Files:
    """An agent that adds these steps to the skill in turn, or with another entry module."""
    return {"rsi-agent.toml": _AGENT, "main.py": (main or _MAIN % (tuple(steps),)).encode()}


def skill_told() -> Json:
    """What a run's log says of the target."""
    return {
        "name": "skill",
        "kind": "program",
        "brief": "Solves what is easier than its skill.",
        "metric": {"name": "error", "direction": "min", "low": 0.0, "high": 20.0},
        "surfaces": {"code": ["*.py"]},
        "protected": ["fixed.py"],
        "case": {"function": "solution:solve"},
        "hashes": {"fixed.py": sha256_hex(b"NEVER = 'edited'\n")},
        "lost": [],
    }


def skill_config(*, seed: int = 1, programs: int = 2_000, agents: Sequence[str] = ("tinker",), **judge: int | float | str) -> RunConfig:
    """A small configuration of a run on the target."""
    return from_json(
        {
            "target": "skill",
            "agents": [*agents],
            "run": {"seed": seed, "programs": programs, "lanes": 3, "cycles": 6},
            "practice": {"batches": 2, "tasks": 4, "programs": 4},
            "propose": {"count": 2, "programs": 8},
            "judge": {"course": "race", "alpha": 0.5, "horizon": 12, "block": 8, "open": 4, "max_pairs": 160, "programs": 1, **judge},
            "certificate": {"pairs": 60, "programs": 1},
            "jail": {"tier": "S1", "wall_s": 20.0},
        }
    )


@dataclass(frozen=True, slots=True)
class SkillSuite:
    """Cases with a luck each; practice cases have feedback."""

    seeds: Mapping[Pool, int]

    @property
    def name(self) -> str:
        """Name of the suite."""
        return "skill"

    @property
    def required_tier(self) -> str:
        """S0: the answers are no secret."""
        return "S0"

    def episodes(self, pool: Pool) -> None:
        """No program is improved."""
        return None

    def execution(self, pool: Pool) -> Execution:
        """The candidate is the program."""
        return Execution(module="solution", function="solve", limits=Limits(wall_s=10.0, cpu_s=10.0))

    def size(self, pool: Pool) -> int | None:
        """As many as are asked for."""
        return None

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """Cases of one family."""
        return [self._case(pool, index) for index in range(start, start + count)]

    def _case(self, pool: Pool, index: int) -> Case:
        name = sha256_hex(f"{pool}/{self.seeds[pool]}/{index}".encode())[:16]
        return Case(id=CaseId(name), family="luck", pool=pool, question={"luck": int(name[:6], 16) / 16**6}, expected=[True])

    def practice_batch(self, index: int, count: int) -> Json:
        """Cases as they are."""
        return {"cases": [case.question for case in self.cases(Pool.PRACTICE, index * count, count)]}

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """1 if it was solved."""
        solved = outputs is True
        return Score(
            value=float(solved), label="solved" if solved else "missed", feedback="" if solved else "more \u202eskill\x07 is needed"
        )


def skill_parts(config: RunConfig, make_jail: Callable[[], Jail] = InProcessJail) -> Parts:
    """The outside world of such a run."""
    seeds = secret_seeds(config.run.seed, salt=config.run.salt)
    return Parts(
        make_jail=make_jail,
        suite=Seasonal(SkillSuite, seeds, config.judge.season),
        secrets={pool.value: str(seeds[pool]) for pool in pools_of(config)},
        commitments={pool.value: commitment(seeds[pool]) for pool in pools_of(config)},
    )
