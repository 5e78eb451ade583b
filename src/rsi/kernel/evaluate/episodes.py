"""Episodes: a candidate improves a program, the kernel runs what it asks for and counts; what it hands in is scored on hidden instances.

Two jails are at work at once: the candidate's, and that of the suite's evaluator, which runs programs and never sees the candidate. The
final program runs in a fresh process once the episode is over.

Covers: counting (see `Meter`), an evaluator that a program breaks (that program has no answer), answers of any shape, crashes.
Does not cover: what the evaluator cannot hold back from a program; its own documents say that.
"""

from collections.abc import Callable, Sequence
from functools import partial

from rsi.core.protocols import Call, Episodes, Files, Jail, Limits, Rehearsal, Reply, Suite
from rsi.core.records import CandidateId, Case, Clock, Json, Manifest, Outcome, Trial
from rsi.kernel.evaluate.calls import agent_call, reliable
from rsi.kernel.evaluate.cases import run_cases
from rsi.kernel.evaluate.chats import Chats
from rsi.kernel.evaluate.meter import Asked, Meter, Scores
from rsi.kernel.evaluate.service import Evaluator
from rsi.kernel.evaluate.trials import Answer, no_answer, read_answers, run_block, scored

__all__ = ["Sitting", "evaluator_of", "hidden_outputs", "practised", "run_episodes", "run_trials"]

_PAUSE_S = 60.0
_HIDDEN_S = 120.0
_SPARE_QUESTIONS = 100


class Sitting:
    """Answers the questions of one call about some problems.

    Args:
        evaluator: runs the programs.
        rehearsals: the problems, in the order in which questions number them.
        budget: evaluations.
        first: number of the first one's ground for the evaluator; the others follow.
    """

    def __init__(self, evaluator: Evaluator, rehearsals: Sequence[Rehearsal], budget: int, *, first: int = 0) -> None:
        self._evaluator, self._rehearsals, self._budget, self._first = evaluator, rehearsals, budget, first
        self._meter = self._fresh()

    @property
    def used(self) -> int:
        """Evaluations that the call took, as the kernel counted them."""
        return self._meter.used

    def serving(self) -> Meter:
        """Somebody who answers its questions; a call that is tried again begins with its whole budget."""
        self._meter = self._fresh()
        return self._meter

    def _fresh(self) -> Meter:
        return Meter(self._run, [len(rehearsal.instances) for rehearsal in self._rehearsals], self._budget)

    def _run(self, asked: Asked) -> Sequence[Scores]:
        rehearsal = self._rehearsals[asked.problem]
        return practised(self._evaluator, self._first + asked.problem, rehearsal, asked.sources, asked.instances)


def practised(evaluator: Evaluator, ground: int, rehearsal: Rehearsal, sources: Sequence[str], instances: Sequence[int]) -> list[Scores]:
    """The scores of some programs, each on the same practice instances; `ground` is the rehearsal's number for the evaluator.

    All are one job. If that ends the evaluator, each program is run by itself, so that only those are blamed which do so alone.

    Raises:
        InfrastructureError: the evaluator does not even come to work.
    """
    said = evaluator.run({"ground": ground, "sources": list(sources), "instances": list(instances)})
    if isinstance(said, list) and len(said) == len(sources):
        return [rehearsal.scores(instances, transcripts) for transcripts in said]
    if len(sources) == 1:
        return [rehearsal.scores(instances, None)]
    return [practised(evaluator, ground, rehearsal, [source], instances)[0] for source in sources]


def evaluator_of(episodes: Episodes, spare: Jail, rehearsals: Sequence[Rehearsal], *, budget: int, wall_s: float) -> Evaluator:
    """A suite's evaluator in a jail that is used for nothing else meanwhile; a context that ends it.

    Args:
        episodes: the suite's rules.
        spare: the jail.
        rehearsals: what it is told the grounds of; jobs have their numbers in this order.
        budget: evaluations that may be asked for in all.
        wall_s: seconds until it is ended (a safety net).
    """
    files, module = episodes.evaluator()
    limits = Limits(wall_s=wall_s, cpu_s=wall_s, pause_s=_PAUSE_S, questions=_SPARE_QUESTIONS + 2 * budget)

    def supply(need: Json) -> Json:
        """The instances that the evaluator has not been told yet."""
        match need:
            case {"ground": int(ground), "instances": [*numbers]} if 0 <= ground < len(rehearsals):
                known = range(len(rehearsals[ground].instances))
                return [rehearsals[ground].told(number) for number in numbers if isinstance(number, int) and number in known]
        return []

    return Evaluator(spare, files, module, limits=limits, payload=[rehearsal.ground for rehearsal in rehearsals], supply=supply)


def run_trials(
    jail: Jail,
    spare: Callable[[], Jail],
    *,
    suite: Suite,
    candidate: CandidateId,
    files: Files,
    manifest: Manifest,
    cases: Sequence[Case],
    programs: int,
    seed: int,
    limits: Limits,
    chats: Chats | None = None,
) -> tuple[list[Trial], Clock]:
    """Run a candidate on cases of one pool as its suite has it: answered with programs, as itself the program, or as episodes.

    For episodes a second jail is opened.

    Args:
        jail: of the candidate.
        spare: opens the second jail, or gives the one that is open.
        suite: says how its cases are played, and scores.
        candidate: name of what is run.
        files: its tree, with the product of its build.
        manifest: names its entry module.
        cases: of one pool.
        programs: budget of each.
        seed: of the candidate's random choices.
        limits: of one call.
        chats: the models that it may ask, if it does; not in episodes.

    Raises:
        JailError: a jail is broken; nothing was scored.
        InfrastructureError: the evaluator does not even come to work.
    """
    execution = suite.execution(cases[0].pool) if cases else None
    if execution is not None:
        asked = chats if manifest.models else None
        ran, clock = run_cases(jail, suite=suite, execution=execution, candidate=candidate, files=files, cases=cases, chats=asked)
        return [one.trial for one in ran], clock
    rules = suite.episodes(cases[0].pool) if cases else None
    play = partial(run_block, chats=chats) if rules is None else partial(run_episodes, spare=spare(), episodes=rules)
    return play(
        jail,
        suite=suite,
        candidate=candidate,
        files=files,
        manifest=manifest,
        cases=cases,
        programs=programs,
        seed=seed,
        limits=limits,
    )


def run_episodes(
    jail: Jail,
    *,
    spare: Jail,
    suite: Suite,
    episodes: Episodes,
    candidate: CandidateId,
    files: Files,
    manifest: Manifest,
    cases: Sequence[Case],
    programs: int,
    seed: int,
    limits: Limits,
) -> tuple[list[Trial], Clock]:
    """Let a candidate improve the program of each case with `programs` evaluations; one trial per case, in their order, and the time.

    A trial's programs are evaluations that the kernel counted; a call that is no answer is charged in full.

    Raises:
        JailError: the jail is broken; nothing was scored.
        InfrastructureError: the evaluator does not even come to work.
    """
    found: list[Trial | Answer] = []
    wall = cpu = 0.0
    count, rehearsals = len(cases), [episodes.rehearsal(case) for case in cases]
    with evaluator_of(episodes, spare, rehearsals, budget=count * programs, wall_s=count * limits.wall_s) as evaluator:
        for place, case in enumerate(cases):
            sitting = Sitting(evaluator, rehearsals[place : place + 1], programs, first=place)
            payload: Json = {"cases": [case.question], "programs": programs, "seed": seed}
            reply = agent_call(jail, files, manifest, "improve", payload, limits, sitting.serving)
            found.append(_handed_in(candidate, case, reply, programs, sitting.used))
            wall, cpu = wall + reply.clock.wall_s, cpu + reply.clock.cpu_s
    jobs = {
        place: episodes.hidden_job(case, one.text)
        for place, (case, one) in enumerate(zip(cases, found, strict=True))
        if isinstance(one, Answer) and one.text is not None
    }
    outputs, clock = hidden_outputs(jail, episodes, jobs)
    trials = [
        scored(suite, candidate, case, one, outputs.get(place)) if isinstance(one, Answer) else one
        for place, (case, one) in enumerate(zip(cases, found, strict=True))
    ]
    return trials, Clock(wall_s=wall + clock.wall_s, cpu_s=cpu + clock.cpu_s)


def _handed_in(candidate: CandidateId, case: Case, reply: Reply, programs: int, used: int) -> Trial | Answer:
    """What came of an episode: a source to be scored, or the trial of a call that was no answer."""
    if reply.outcome is not Outcome.ANSWERED:
        return no_answer(candidate, case, reply.outcome, programs, reply.reason)
    answers = read_answers(reply.value, 1, programs)
    return Answer(text=answers[0].text, programs=used) if answers else no_answer(candidate, case, Outcome.MALFORMED, programs)


def hidden_outputs(jail: Jail, episodes: Episodes, jobs: dict[int, Json]) -> tuple[dict[int, Json], Clock]:
    """Transcripts of final programs, by the keys of their jobs; nothing for one that ended the evaluator's process.

    All run in one process; where that ends early, each runs in one of its own.
    """
    if not jobs:
        return {}, Clock()
    files, module = episodes.evaluator()
    limits = Limits(wall_s=_HIDDEN_S, cpu_s=_HIDDEN_S)
    reply = reliable(jail, Call(files=files, module=module, function="run", payload={"jobs": list(jobs.values())}, limits=limits))
    value = reply.value if reply.outcome is Outcome.ANSWERED else None
    transcripts = value.get("transcripts") if isinstance(value, dict) else None
    if isinstance(transcripts, list) and len(transcripts) == len(jobs):
        return dict(zip(jobs, transcripts, strict=True)), reply.clock
    if len(jobs) == 1:
        return {}, reply.clock
    found: dict[int, Json] = {}
    wall, cpu = reply.clock.wall_s, reply.clock.cpu_s
    for key, job in jobs.items():
        alone, clock = hidden_outputs(jail, episodes, {key: job})
        found |= alone
        wall, cpu = wall + clock.wall_s, cpu + clock.cpu_s
    return found, Clock(wall_s=wall, cpu_s=cpu)
