"""Controls of a run on a target: what plain methods would have found with the same edits, on the same practice cases, for as many trials.

Each control is a jailed search of its own from the same start: `best-of-n`, `hill` and `random` (`src/rsi/agents/controls`). It may run
as many cases as the whole run did before its certificate; nothing judges what it hands in. Then the start, all controls and the release
of the run are run on the same sealed cases, and each is compared with the release, pair by pair.

Covers: equal numbers of trials, the same cases for all, controls that fail (they hand in the start), edits that a control may not make.
Does not cover: models (controls ask none, whatever the run's agents asked); several intervals at once: each holds for itself.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files as package_files
from statistics import fmean

from rsi.config import RunConfig
from rsi.core.protocols import Files, Jail, Limits
from rsi.core.records import CandidateId, Case, CaseId, Effect, Json, Manifest, Outcome, Pool
from rsi.kernel.evaluate import MANIFEST_FILE, Bench, Failed, agent_call, build, load_manifest, run_cases, run_trials
from rsi.kernel.judge import Comparison
from rsi.kernel.oversight import edit_problem
from rsi.loop.asks import Asks, Trying
from rsi.loop.parts import Parts
from rsi.loop.state import run_seed

__all__ = ["CONTROLS", "Chosen", "Compared", "Contest", "compare", "control_tree"]

CONTROLS: tuple[str, ...] = ("best-of-n", "hill", "random")
"""The controls, by name."""
_PRACTICE = 24
"""Practice cases that a control may use, as far as the target has so many."""
_BLOCK = 8
_BORROWED = ("bench.py", "cma.py", "constants.py", "edits.py", "places.py", "texts.py")
_PRELOAD = ("ast", "builtins", "collections", "hashlib", "json", "keyword", "math", "random", "re", "typing")
_MANIFEST = f'name = "control"\nentry = "main"\npreload = {json.dumps(_PRELOAD)}\n\n[surfaces]\n'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What is measured.

    Attributes:
        start: version 0 of the target.
        release: what the run ended with.
        manifest: of the target.
        told: the target as agents are told of it, without its files.
        budget: trials that each control may spend.
    """

    start: Files
    release: Files
    manifest: Manifest
    told: Json
    budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a control handed in.

    Attributes:
        files: the whole tree; the start where it found nothing.
        tried: candidates that it ran.
        programs: trials that this cost.
        note: why it handed in the start, where it failed; else empty.
    """

    name: str
    files: Files
    tried: int
    programs: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A tree beside the release.

    Attributes:
        name: `start`, or that of a control.
        mean: its score on the sealed cases.
        release: that of the release, on the same cases.
        ahead: release − it, with an interval that holds at the level of the run's certificate.
        tried, programs, note: as in `Chosen`.
    """

    name: str
    mean: float
    release: float
    ahead: Effect
    tried: int = 0
    programs: int = 0
    note: str = ""


def compare(
    contest: Contest, config: RunConfig, parts: Parts, observer: Callable[[str], None], names: Sequence[str] = CONTROLS
) -> list[Compared]:
    """Let the controls search, and compare all with the release; the start comes first.

    Raises:
        UserError: the target has no sealed cases.
        JailError: a jail is broken.
    """
    bench = Bench(parts.make_jail)
    agent_jail = parts.make_spare or parts.make_jail
    try:
        chosen = [Chosen(name="start", files=contest.start, tried=0, programs=0)]
        for name in names:
            observer(f"control {name}: at most {contest.budget} trials")
            with closing(agent_jail()) as jail:
                chosen.append(_searched(name, contest, config, parts, bench, jail))
        observer(f"the start, {len(names)} controls and the release on the same sealed cases")
        cases = parts.suite.cases(Pool.SEALED, 0, min(config.certificate.pairs, parts.suite.size(Pool.SEALED) or config.certificate.pairs))
        ours = _scores("release", contest.release, contest, config, parts, bench, cases)
        return [_compared(one, ours, _scores(one.name, one.files, contest, config, parts, bench, cases), config) for one in chosen]
    finally:
        bench.close()


def control_tree(name: str) -> Files:
    """The tree of a control: its search, with the seed agent's edits as they are in this version of rsi."""
    agents = package_files("rsi") / "agents"
    borrowed = {path: (agents / "seed" / path).read_bytes() for path in _BORROWED}
    own = {"main.py": (agents / "controls" / "main.py").read_bytes(), "method.json": json.dumps(name).encode(), MANIFEST_FILE: _MANIFEST}
    return dict(sorted({**own, **borrowed}.items()))


def _searched(name: str, contest: Contest, config: RunConfig, parts: Parts, bench: Bench, jail: Jail) -> Chosen:
    cases = _practice(parts, contest.budget)
    run = _runner(contest, config, parts, bench, cases)
    findings: list[Json] = [
        {"case": k, "input": case.question, **one}
        for k, (case, one) in enumerate(zip(cases, run(contest.start, range(len(cases))), strict=True))
        if isinstance(one, dict)
    ]
    left = max(0, contest.budget - len(cases))
    asks = Asks(trying=Trying(run=run, files=contest.start, manifest=contest.manifest, cases=len(cases), budget=left))
    tree, message = control_tree(name), _message(contest, findings, left, run_seed(config, "control", name))
    reply = agent_call(jail, tree, load_manifest(tree), "search", message, _limits(config), asks.serving)
    programs = len(cases) + (asks.used or 0)
    if reply.outcome is not Outcome.ANSWERED or not isinstance(reply.value, dict):
        return Chosen(name=name, files=contest.start, tried=0, programs=programs, note=f"{reply.outcome.value}: {reply.reason[:300]}")
    tried = reply.value.get("tried")
    files = _applied(contest, reply.value.get("files"))
    note = files if isinstance(files, str) else "" if files != contest.start else "nothing better than the start was found"
    found = contest.start if isinstance(files, str) else files
    return Chosen(name=name, files=found, tried=tried if isinstance(tried, int) else 0, programs=programs, note=note)


def _practice(parts: Parts, budget: int) -> Sequence[Case]:
    size = parts.suite.size(Pool.PRACTICE)
    return parts.suite.cases(Pool.PRACTICE, 0, max(1, min(_PRACTICE, size or _PRACTICE, budget // 4)))


def _runner(contest: Contest, config: RunConfig, parts: Parts, bench: Bench, cases: Sequence[Case]) -> Callable[..., list[Json]]:
    """Runs a tree on some of the cases; one result for each."""
    execution = parts.suite.execution(Pool.PRACTICE)
    assert execution is not None, "a target is itself the program"

    def run(files: Files, numbers: Sequence[int]) -> list[Json]:
        ready = build(bench.jail, files, contest.manifest, run_seed(config, "build"), _limits(config))
        if isinstance(ready, Failed):
            return [_result(None, ready.reason) for _ in numbers]
        wanted = [cases[number] for number in numbers]
        ran, _ = run_cases(
            bench.jail, suite=parts.suite, execution=execution, candidate=CandidateId("tried"), files=ready.files, cases=wanted
        )
        return [_result(one.trial.score, one.error) for one in ran]

    return run


def _result(score: float | None, error: str) -> Json:
    return {"score": score, "output": None, "label": "", "feedback": "", "error": error[:500]}


def _message(contest: Contest, findings: list[Json], programs: int, seed: int) -> Json:
    texts: dict[str, Json] = {}
    for path, content in contest.start.items():
        try:
            texts[path] = content.decode("utf-8")
        except UnicodeDecodeError:
            continue
    told = contest.told if isinstance(contest.told, dict) else {}
    editable: list[Json] = [path for path, text in texts.items() if edit_problem(path, str(text), contest.start, contest.manifest) is None]
    return {"target": {**told, "files": texts}, "findings": findings, "programs": programs, "seed": seed, "editable": editable}


def _applied(contest: Contest, changed: Json) -> Files | str:
    """The start with the files of an answer, or why that cannot be."""
    if not isinstance(changed, dict):
        return "malformed: it handed in no files"
    files = dict(contest.start)
    for path, text in changed.items():
        problem = edit_problem(path, text, contest.start, contest.manifest) if isinstance(text, str) else f"{path!r} is no text"
        if problem is not None:
            return problem
        files[path] = str(text).encode()
    return files


def _scores(
    name: str, files: Files, contest: Contest, config: RunConfig, parts: Parts, bench: Bench, cases: Sequence[Case]
) -> dict[CaseId, float]:
    limits, seed = _limits(config), run_seed(config, "build")
    ready = build(bench.jail, files, contest.manifest, seed, limits)
    if isinstance(ready, Failed):
        return {case.id: 0.0 for case in cases}
    found: dict[CaseId, float] = {}
    for block in (cases[first : first + _BLOCK] for first in range(0, len(cases), _BLOCK)):
        trials, _ = run_trials(
            bench.jail,
            bench.spare,
            suite=parts.suite,
            candidate=CandidateId(name),
            files=ready.files,
            manifest=contest.manifest,
            cases=block,
            programs=1,
            seed=seed,
            limits=limits,
        )
        found |= {trial.case: trial.value for trial in trials}
    return found


def _compared(one: Chosen, ours: dict[CaseId, float], theirs: dict[CaseId, float], config: RunConfig) -> Compared:
    judge = Comparison(alpha=config.certificate.alpha, max_pairs=max(1, len(ours)))
    for case, score in ours.items():
        judge.observe(case, theirs[case], score)
    means = fmean(theirs.values()), fmean(ours.values())
    return Compared(
        name=one.name, mean=means[0], release=means[1], ahead=judge.effect, tried=one.tried, programs=one.programs, note=one.note
    )


def _limits(config: RunConfig) -> Limits:
    return Limits(wall_s=config.jail.wall_s, cpu_s=config.jail.wall_s)
