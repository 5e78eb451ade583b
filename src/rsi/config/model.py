"""All that decides how a run goes, in one strict, frozen model; what it does not know, it refuses.

Every key has a default, a unit and a sentence in `docs/config.md`. The number of real workers is no part of it: it changes
when a run ends, never what it decides.
"""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from rsi.core.errors import IntegrityError
from rsi.core.records import Json

__all__ = [
    "CalibrateConfig",
    "CertificateConfig",
    "JailConfig",
    "JudgeConfig",
    "ModelsConfig",
    "OUTSIDE_ROADS",
    "PracticeConfig",
    "PriceConfig",
    "ProposeConfig",
    "RecursionConfig",
    "RunConfig",
    "RunSection",
    "SafetyConfig",
    "Section",
    "from_json",
    "is_outside",
    "to_json",
]


class Section(BaseModel):
    """A frozen group of keys; a key it does not have or a value of another type is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class RunSection(Section):
    """How long a run may go on, and whether the improver improves too."""

    seed: int = Field(default=1, ge=0, le=2**63 - 1, description="Seed of every random choice and of the pools of cases.")
    salt: str = Field(
        default="", max_length=200, description="Text mixed into all seeds: without it, nobody can try run seeds until one gives the cases."
    )
    programs: int = Field(default=24_000_000, ge=1, description="Budget of the whole run, in candidate programs tried.")
    lanes: int = Field(
        default=3, ge=1, le=64, description="Virtual workers on which jobs are laid: part of the decisions, unlike real workers."
    )
    cycles: int = Field(default=50, ge=1, description="The run ends after this many cycles at the latest.")
    profile: Literal["standard", "measured"] = Field(
        default="standard", description="What the agent is told of its machine: round numbers, the same everywhere, or what was measured."
    )
    frozen_improver: bool = Field(default=False, description="Control arm: version 0 makes every pass, over whatever the incumbent is.")


class CalibrateConfig(Section):
    """What is found out about version 0 and the suite before anything is judged."""

    share: float = Field(default=0.02, ge=0, le=0.2, description="Most that it may cost, as a share of the budget.")
    cases: int = Field(default=64, ge=1, le=10_000, description="Cases that version 0 is run on, as far as the share allows.")
    repeats: int = Field(default=8, ge=2, le=1_000, description="Runs of version 0 on some of them, with the same seed, for the noise.")
    saturated: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Refused if more than this share of cases is at the floor, or at the ceiling; 1: never.",
    )


class PracticeConfig(Section):
    """How the agent gathers experience in each cycle."""

    batches: int = Field(default=2, ge=1, le=64, description="Batches of practice tasks per cycle.")
    tasks: int = Field(default=300, ge=1, le=10_000, description="Tasks per batch; they share their inputs.")
    programs: int = Field(default=1_000_000, ge=1, description="Budget of one batch, in programs.")


class ProposeConfig(Section):
    """How many changes the agent proposes in each cycle, and what trying them out on its own may cost."""

    count: int = Field(default=4, ge=1, le=64, description="Changes asked for per cycle.")
    programs: int = Field(default=600_000, ge=0, description="Budget of one call to propose, in programs.")
    when_open_below: int = Field(default=8, ge=1, le=64, description="A pass begins only while fewer changes than this are in the race.")
    patience: int = Field(
        default=3, ge=1, le=1_000, description="Passes in a row that propose nothing after which an improver is asked no more."
    )


class JudgeConfig(Section):
    """How sure the judge must be, and how much it may spend on a change."""

    course: Literal["auto", "race", "tree"] = Field(
        default="auto", description="How changes are judged: all at once in a race, as a tree of versions, or by what their conflicts say."
    )
    alpha: float = Field(default=0.1, gt=0, lt=1, description="Share of false acceptances among all acceptances of a run, in expectation.")
    horizon: int = Field(default=40, ge=1, le=100_000, description="Tests that a run may open; each gets its share of alpha.")
    block: int = Field(default=8, ge=1, le=1000, description="Fresh cases per round; the judge decides after each round.")
    season: int = Field(default=1_024, ge=1, description="Judge cases per season; each has a secret seed, revealed when it is over.")
    fewest: int = Field(default=200, ge=1, le=100_000, description="Trials that a change gets before it may be given up.")
    hopeless: float = Field(
        default=0.2, gt=0, lt=1, description="A change is given up once it is less than so many times as likely to be better as at first."
    )
    open: int = Field(default=16, ge=1, le=64, description="Changes that are in the race at the same time at most.")
    max_pairs: int = Field(
        default=2_000,
        ge=1,
        le=100_000,
        description="Cases with and without a change after which it is given up; if P(better) is 90 % by then, twice as many.",
    )
    programs: int = Field(default=4_000, ge=1, description="Budget of one case for each of the two versions, in programs.")
    retest_share: float = Field(
        default=0.05, ge=0, le=0.5, description="Most that testing kept changes again may cost, as a share of the budget; 0: never."
    )
    retest_margin: float = Field(
        default=0.02, gt=0, le=1, description="A kept change is taken out once the loss by that is shown to be smaller than this score."
    )

    @model_validator(mode="after")
    def _block_fits(self) -> "JudgeConfig":
        if self.block > self.max_pairs:
            raise ValueError(f"block = {self.block} should be at most max_pairs = {self.max_pairs}")
        return self


class SafetyConfig(Section):
    """A second suite, on which no change that is kept may do harm."""

    suite: Literal["", "list_functions", "list_functions_basics"] = Field(
        default="", description="The safety suite; none if empty, and then the other keys say nothing."
    )
    margin: float = Field(default=0.05, gt=0, le=1, description="Loss in score there that is tolerated of each change.")
    share: float = Field(default=0.25, gt=0, lt=1, description="Share of the rounds that are played on it.")


class CertificateConfig(Section):
    """How a release is compared with the start, on sealed cases, at the end."""

    pairs: int = Field(default=200, ge=1, le=100_000, description="Sealed cases that both versions are run on.")
    programs: int = Field(default=10_000, ge=1, description="Budget of one case for each of the two versions, in programs.")
    alpha: float = Field(default=0.05, gt=0, lt=1, description="The interval of the gain misses the truth with at most this probability.")


class RecursionConfig(Section):
    """How the versions of a run on the gym are compared in the end, as improvers of programs that none of them ever saw."""

    cases: int = Field(default=24, ge=0, le=10_000, description="Sealed problems that every version improves; 0: it is not measured.")
    evaluations: int = Field(default=160, ge=1, le=1_000_000, description="Budget of one episode, in evaluations.")
    versions: int = Field(default=3, ge=1, le=64, description="At most so many versions beside the start, the release among them.")


class JailConfig(Section):
    """Where code that nobody has vetted runs."""

    tier: Literal["auto", "S4", "S3", "S2", "S1"] = Field(
        default="auto", description="What the jail must enforce; auto takes the best this machine offers."
    )
    require: Literal["suite", "S4", "S3", "S2", "S1"] = Field(
        default="suite", description="The weakest jail that the run may have; by default what its suite asks for."
    )
    template: str = Field(
        default="", max_length=4_000, description="Command that starts a container or virtual machine for tier S4; none if empty."
    )
    wall_s: float = Field(
        default=300.0, gt=0, le=86_400, description="Safety net: seconds until a jailed call is ended. Budgets are in programs."
    )


class PriceConfig(Section):
    """What a model costs, in dollars per million tokens."""

    input: float = Field(ge=0, le=1e6, description="Of the request.")
    output: float = Field(ge=0, le=1e6, description="Of the answer.")
    cached_input: float | None = Field(default=None, ge=0, le=1e6, description="Of the part of a request that the provider had kept.")


class ModelsConfig(Section):
    """Which language models agents may ask, and what that may cost; calls, tokens and dollars are hard limits of the whole run."""

    model: str = Field(default="", max_length=200, description="The model that is asked, PROVIDER:NAME; nobody answers if empty.")
    base_url: str = Field(
        default="", max_length=1_000, description="Address of another server than the provider's own, for all models of that provider."
    )
    key_env: str = Field(
        default="", max_length=100, description="Name of the environment variable with the key; the provider's usual one if empty."
    )
    fallbacks: list[str] = Field(default=[], max_length=8, description="Models that are asked, one after the other, where the first fails.")
    max_tokens_per_call: int = Field(default=8_192, ge=1, le=1_000_000, description="Most tokens that one answer may have.")
    calls: int = Field(default=1_000, ge=0, description="Most calls that providers take.")
    tokens: int = Field(default=5_000_000, ge=0, description="Most tokens, in and out together.")
    dollars: float = Field(default=5.0, ge=0, le=1e6, description="Most dollars, as far as prices are known.")
    calls_per_trial: int = Field(
        default=16, ge=1, le=1_000, description="Most requests of a candidate over one case, where its cases are answered with models."
    )
    concurrency: int = Field(default=4, ge=1, le=64, description="Most calls under way at the same time.")
    retries: int = Field(default=4, ge=0, le=20, description="Times that a call is made again after a rate limit, a timeout or a failure.")
    timeout_s: float = Field(default=120.0, gt=0, le=3_600, description="Seconds until one try of a call is given up.")
    shell_s: float = Field(
        default=20.0, ge=0, le=600, description="Seconds that commands of a model may run, in a jail that may start programs; 0: none run."
    )
    cache: bool = Field(default=True, description="Ask providers to keep the beginning of prompts, where they can.")
    prices: dict[str, PriceConfig] = Field(default={}, description="Prices by PROVIDER:NAME, where the built-in table has none or others.")

    @field_validator("model", "fallbacks")
    @classmethod
    def _names_have_a_provider(cls, given: str | list[str]) -> str | list[str]:
        for name in [given] if isinstance(given, str) else given:
            if name and not re.fullmatch(r"(openai|anthropic):[^\s:].*", name):
                compatible = "any server that speaks OpenAI's chat shape is openai:NAME with models.base_url"
                raise ValueError(f"{name!r} should be openai:NAME or anthropic:NAME; {compatible}")
        return given

    @field_validator("base_url")
    @classmethod
    def _address_has_no_secret(cls, given: str) -> str:
        if given and not re.fullmatch(r"https?://[^\s@?#]+", given):
            raise ValueError(
                "should be an address like https://host/v1, without user, password or query: keys stand in environment variables"
            )
        return given

    @model_validator(mode="after")
    def _fallbacks_need_a_model(self) -> "ModelsConfig":
        if self.fallbacks and not self.model:
            raise ValueError("models.fallbacks needs models.model")
        return self


OUTSIDE_ROADS = ("bridge", "cmd")
"""How names of agents from outside begin: `bridge:COMMAND` speaks the Agent Client Protocol, `cmd:COMMAND` is any program."""


def is_outside(agent: str) -> bool:
    """Whether `--agent` names an agent from outside."""
    road, colon, _ = agent.partition(":")
    return bool(colon) and road in OUTSIDE_ROADS


class OutsideConfig(Section):
    """Sessions with coding agents from outside (`--agent bridge:COMMAND`, `--agent cmd:COMMAND`)."""

    wall_s: float = Field(default=1_800.0, gt=0, le=86_400, description="Seconds until a session is ended.")
    dollars: float = Field(default=0.0, ge=0, description="What a session may cost by the agent's own account; 0 is any sum.")
    evaluations: int = Field(default=200, ge=0, le=1_000_000, description="Practice cases that a session may have its tree tried on.")
    memory_mb: int = Field(default=8_000, ge=64, le=1_000_000, description="Memory of all its processes together, in the jail.")
    processes: int = Field(default=256, ge=1, le=10_000, description="Processes and threads that it may start in the jail.")
    grants: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="What it is given beyond the jail: network, home, machine, env:NAME; each costs a guarantee."
    )


class RunConfig(Section):
    """The whole configuration of a run."""

    agent: str = Field(
        default="seed", min_length=1, description="The agent that improves itself: a built-in name, a folder, or improver:ID."
    )
    target: str = Field(default="", max_length=4_000, description="What is improved instead: a folder with a rsi.toml; none if empty.")
    agents: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)] = Field(
        default=("seed",), min_length=1, max_length=16, description="The agents that improve the target, each named like agent."
    )
    suite: Literal["list_functions", "list_functions_basics", "gym"] = Field(
        default="list_functions", description="The suite of cases it is judged on."
    )
    run: RunSection = RunSection()
    calibrate: CalibrateConfig = CalibrateConfig()
    practice: PracticeConfig = PracticeConfig()
    propose: ProposeConfig = ProposeConfig()
    judge: JudgeConfig = JudgeConfig()
    safety: SafetyConfig = SafetyConfig()
    certificate: CertificateConfig = CertificateConfig()
    recursion: RecursionConfig = RecursionConfig()
    jail: JailConfig = JailConfig()
    models: ModelsConfig = ModelsConfig()
    outside: OutsideConfig = OutsideConfig()

    @field_validator("agents")
    @classmethod
    def _each_once(cls, agents: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(agents)) < len(agents):
            raise ValueError(f"names one agent twice: {', '.join(agents)}")
        return agents

    @field_validator("run")
    @classmethod
    def _agents_of_a_target_stay_as_they_are(cls, run: RunSection, before: ValidationInfo) -> RunSection:
        if run.frozen_improver and before.data.get("target"):
            raise ValueError("frozen_improver is a control of an agent that improves itself; in a run on a target no agent changes anyway")
        return run

    @field_validator("safety")
    @classmethod
    def _safety_needs_a_race(cls, safety: SafetyConfig, before: ValidationInfo) -> SafetyConfig:
        judge = before.data.get("judge")
        if safety.suite and before.data.get("target"):
            raise ValueError("a safety suite is for an agent that improves itself; what a target must not lose belongs into its score")
        if safety.suite and isinstance(judge, JudgeConfig) and judge.course == "tree":
            raise ValueError('a safety suite needs judge.course = "race" or "auto": a tree of versions is not judged for harm')
        return safety


def to_json(config: RunConfig) -> Json:
    """The configuration as plain data, as it stands in a run's log, without what is empty there or has no part in the run."""
    data: dict[str, Json] = config.model_dump(mode="json")
    run, jail = data["run"], data["jail"]
    assert isinstance(run, dict) and isinstance(jail, dict)
    if not config.run.salt:
        del run["salt"]
    if not config.jail.template:
        del jail["template"]
    if not config.safety.suite:
        del data["safety"]
    if config.suite != "gym" or config.target:
        del data["recursion"]
    if not config.models.model:
        del data["models"]
    if config.outside == OutsideConfig():
        del data["outside"]
    for key in ("agent", "suite") if config.target else ("target", "agents"):
        del data[key]
    return data


def from_json(data: Json) -> RunConfig:
    """The configuration that `to_json` wrote.

    Raises:
        IntegrityError: the data is no configuration of this version of rsi; names the first key that is not.
    """
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "all of it"
        raise IntegrityError(f"the run's configuration is none of this version of rsi ({key}: {first['msg']})") from None
