"""What `rsi.toml` may say of a target: one strict, frozen model; `docs/targets.md` explains each key.

Covers: unknown keys, wrong types, ranges, keys that exclude or need one another.
Does not cover: whether the files that it names are there and do what it says (`rsi.targets.load`, `rsi check`).
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from rsi.config import Section
from rsi.core.records import Surface

__all__ = [
    "AutonomySection",
    "BudgetSection",
    "CaseSection",
    "CasesSection",
    "GivenCases",
    "JailSection",
    "ProtectSection",
    "ScoreSection",
    "ShippedScore",
    "SurfacesSection",
    "TargetSpec",
]

_IN_TREE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_IN_FILE = re.compile(r"[^:\0]+\.py:[A-Za-z_]\w*")


def _glob(pattern: str) -> str:
    if not pattern or pattern.startswith(("/", "./")) or "\\" in pattern or ".." in pattern.split("/") or not pattern.isprintable():
        raise ValueError(f"{pattern!r} is no pattern of paths below the target's folder; write for instance 'solution.py' or 'lib/**'")
    return pattern


Globs = Annotated[tuple[Annotated[str, AfterValidator(_glob)], ...], Field(strict=False)]
Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)]


class SurfacesSection(Section):
    """Which files a change may edit, by the part of the target that they are: patterns (`*` within a folder, `**` across folders)."""

    code: Globs = Field(default=(), description="Programs.")
    prompt: Globs = Field(default=(), description="Texts that a model is given.")
    parameters: Globs = Field(default=(), description="Numbers and settings.")
    training: Globs = Field(default=(), description="How something is learned.")
    search: Globs = Field(default=(), description="How something is looked for.")
    resources: Globs = Field(default=(), description="Data that it brings along.")

    def by_surface(self) -> dict[Surface, tuple[str, ...]]:
        """The patterns of each surface that has any."""
        return {surface: patterns for surface in Surface if (patterns := tuple(getattr(self, surface.value)))}


class ProtectSection(Section):
    """Files that go into the jail with a candidate and that no change may touch."""

    files: Globs = Field(default=(), description="Patterns of files that are never edited, though a surface names them.")
    blocks: Globs = Field(default=(), description="Patterns of files that are edited only between EVOLVE-BLOCK markers.")


class CaseSection(Section):
    """How the target is run on one case, in a jail."""

    function: str = Field(default="", description="`module:function` of the target; called with the visible fields of a case.")
    command: Words = Field(default=(), description="Words of a command that reads a JSON object and writes a JSON value.")
    timeout_s: float = Field(default=10.0, gt=0, le=86_400, description="Processor seconds that a case may take.")
    memory_mb: int = Field(default=1_000, ge=16, le=1_000_000, description="Memory that a case may use.")
    isolated: bool = Field(default=False, description="Each case in a process of its own; else cases of a block share one.")
    output: Literal["any", "number", "text", "list", "object", "boolean"] = Field(
        default="any", description="What an output must be; anything else scores the floor without the scorer being asked."
    )

    @field_validator("function")
    @classmethod
    def _named(cls, function: str) -> str:
        if function and not _IN_TREE.fullmatch(function):
            raise ValueError(f"{function!r} should be 'module:function', for instance 'solution:solve'")
        return function

    @model_validator(mode="after")
    def _one_way(self) -> "CaseSection":
        if bool(self.function) == bool(self.command):
            raise ValueError("give either function = 'module:function' or command = ['program', 'argument'…], and not both")
        return self


class ScoreSection(Section):
    """How an output is scored: by your own code, in a process that no candidate can reach."""

    function: str = Field(default="", description="`file.py:function`; called with (case, output).")
    command: Words = Field(default=(), description="Words of a command that reads {case, output} as JSON and writes a score as JSON.")
    metric: str = Field(default="score", min_length=1, max_length=60, description="What the score is called.")
    direction: Literal["max", "min"] = Field(default="max", description="Whether more is better, or less.")
    low: float = Field(default=0.0, description="Scores below are taken as this.")
    high: float = Field(default=1.0, description="Scores above are taken as this.")
    timeout_s: float = Field(default=60.0, gt=0, le=86_400, description="Seconds that scoring one output may take.")

    @field_validator("function")
    @classmethod
    def _named(cls, function: str) -> str:
        return _in_file(function, "score.py:score")

    @model_validator(mode="after")
    def _one_way(self) -> "ScoreSection":
        if bool(self.function) == bool(self.command):
            raise ValueError("give either function = 'file.py:function' or command = ['program', 'argument'…], and not both")
        if not self.low < self.high:
            raise ValueError(f"low = {self.low} should be less than high = {self.high}")
        return self

    def scaled(self, value: float) -> float:
        """A score of the metric in [0, 1], higher is better: clipped to low … high."""
        share = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return share if self.direction == "max" else 1.0 - share

    def unscaled(self, score: float) -> float:
        """What a score in [0, 1] is in the metric."""
        share = score if self.direction == "max" else 1.0 - score
        return self.low + share * (self.high - self.low)


class CasesSection(Section):
    """Where the cases come from."""

    file: str = Field(default="", description="File of cases, one JSON object a line.")
    generator: str = Field(default="", description="`file.py:function`; called with (seed, start, count), gives that many cases.")
    hidden: Words = Field(default=(), description="Fields of a case that a candidate never sees.")
    timeout_s: float = Field(default=60.0, gt=0, le=86_400, description="Seconds that making a block of cases may take.")

    @field_validator("generator")
    @classmethod
    def _named(cls, generator: str) -> str:
        return _in_file(generator, "generate.py:cases")

    @model_validator(mode="after")
    def _one_source(self) -> "CasesSection":
        if bool(self.file) == bool(self.generator):
            raise ValueError("give either file = 'cases.jsonl' or generator = 'generate.py:cases', and not both")
        return self


class ShippedScore(ScoreSection):
    """How an imported target is scored: by one of rsi's own programs, which runs the user's code. Nothing that a file can say.

    `function` names a file of `rsi.targets.importers.guest`.
    """

    settings: str = Field(default="{}", description="What that program is told, as JSON.")


class GivenCases(CasesSection):
    """Cases that an importer has found. Nothing that a file can say."""

    rows: Words = Field(default=(), description="One JSON object for each case.")


class BudgetSection(Section):
    """How much a run may spend."""

    trials: int = Field(default=2_000, ge=1, le=1_000_000_000, description="Trials of the whole run: one case run once.")


class JailSection(Section):
    """Where candidates run."""

    tier: Literal["S1", "S2", "S3", "S4"] = Field(default="S2", description="The weakest jail that a run may have.")
    preload: Words = Field(default=(), description="Modules that are loaded once; of installed packages a candidate can import these only.")
    processes: int = Field(default=0, ge=0, le=4_096, description="Processes that a case may start; more than 0 needs S3 or S4.")


class AutonomySection(Section):
    """What may happen without a person."""

    level: Literal["auto", "ask"] = Field(default="auto", description="Whether a person is asked before a change is kept.")


class TargetSpec(Section):
    """The whole of an `rsi.toml`."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$", description="Name: small letters, digits and hyphens.")
    kind: Literal["program", "agent", "prompt", "training"] = Field(description="What it is.")
    brief: str = Field(default="", max_length=4_000, description="What it does and what is better, for whoever improves it.")
    surfaces: SurfacesSection = SurfacesSection()
    protect: ProtectSection = ProtectSection()
    case: CaseSection
    score: ScoreSection
    cases: CasesSection
    budget: BudgetSection = BudgetSection()
    jail: JailSection = JailSection()
    autonomy: AutonomySection = AutonomySection()

    @property
    def profile(self) -> Literal["function", "agent"]:
        """The profile of the jail that its cases need: only the agent profile starts processes."""
        return "agent" if self.case.command or self.jail.processes else "function"

    @property
    def tier(self) -> str:
        """The weakest jail that a run of it may have: programs need S3 at least."""
        return max(self.jail.tier, "S3") if self.profile == "agent" else self.jail.tier


def _in_file(name: str, example: str) -> str:
    if name and not _IN_FILE.fullmatch(name):
        raise ValueError(f"{name!r} should be 'file.py:function', for instance {example!r}")
    return name
