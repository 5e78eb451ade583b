"""What can be told of a target without running it: of its patterns and files, of its cases, and of its scorer by odd outputs."""

from collections.abc import Iterator, Mapping, Sequence

from rsi.core.codec import canonical
from rsi.core.errors import InfrastructureError, UserError
from rsi.core.records import Case, Json, Pool
from rsi.kernel.evaluate import MANIFEST_FILE, Ran
from rsi.kernel.oversight import matches
from rsi.targets.findings import Remark, Weight
from rsi.targets.load import TARGET_FILE, Target
from rsi.targets.scorer import Scorer
from rsi.targets.spec import ShippedScore
from rsi.targets.suite import TargetSuite

__all__ = ["probe_cases", "probe_files", "probe_scorer"]

_SOME = 40
_SHORT = 8
_ODD: tuple[Json, ...] = ("", "x", 0, -1, 1e300, True, [], [[]], [0, "x", None], {}, {"score": 1.0})


def probe_files(target: Target) -> Iterator[Remark]:
    """Patterns that name no file, and files that stay outside."""
    names = list(target.files)
    for surface, globs in target.manifest.surfaces.items():
        for glob in globs:
            if not any(matches(name, (glob,)) for name in names):
                text = f"no file here is named by {glob!r}: a change may make one, but there is none to edit"
                yield Remark(weight=Weight.WARNING, at=f"surfaces.{surface.value}", text=text)
    for glob in target.spec.protect.files:
        if not any(matches(name, (glob,)) for name in names):
            yield Remark(weight=Weight.WARNING, at="protect.files", text=f"no file here is named by {glob!r}; correct the pattern")
    if target.spec.brief.strip() == "":
        yield Remark(weight=Weight.WARNING, at="brief", text="empty: whoever improves this knows only its files; say what is better")
    outside = sorted(
        path.name for path in target.folder.iterdir() if not path.name.startswith(".") and path.name not in (TARGET_FILE, MANIFEST_FILE)
    )
    outside = [name for name in outside if not any(name in inside.split("/") for inside in names)] if target.folder.is_dir() else []
    if outside:
        yield Remark(
            weight=Weight.NOTE, at="surfaces", text=f"enters no jail: {', '.join(outside[:12])}{' …' if len(outside) > 12 else ''}"
        )


def probe_cases(target: Target, suite: TargetSuite, seeds: Mapping[Pool, int]) -> Iterator[Remark]:
    """Cases of every pool: do they recur, do they carry what is hidden, does a fresh process make the same ones?

    Raises:
        UserError: they are no cases.
        InfrastructureError: they cannot be made.
    """
    pools = {pool: suite.cases(pool, 0, min(_SOME, suite.size(pool) or _SOME)) for pool in Pool if pool is not Pool.SAFETY}
    where = "cases.generator" if target.spec.cases.generator else "cases.file"
    seen: dict[bytes, Pool] = {}
    shared = sum(seen.setdefault(canonical(case.question), pool) is not pool for pool, cases in pools.items() for case in cases)
    if shared:
        text = f"{shared} of {sum(map(len, pools.values()))} cases look like one of another pool: what is practised there gives them away"
        yield Remark(weight=Weight.WARNING, at=where, text=f"{text}; make the cases more varied")
    yield from _told(target, [case for cases in pools.values() for case in cases])
    if target.spec.cases.generator:
        with Scorer(target.folder, target.spec) as other:
            again = TargetSuite(target, seeds, other).cases(Pool.PRACTICE, 0, 4)
        if again != pools[Pool.PRACTICE][:4]:
            text = "it gives other cases for the same arguments: draw from random.Random(f'{seed}/{number}') and from nothing else"
            yield Remark(weight=Weight.PROBLEM, at=where, text=text)


def _told(target: Target, cases: Sequence[Case]) -> Iterator[Remark]:
    """Hidden fields that stand in what can be seen, or that there are none."""
    hidden = target.spec.cases.hidden
    if not hidden and not isinstance(target.spec.score, ShippedScore):
        text = "empty: a candidate sees all that the scorer knows of a case; name the fields that give the answer away, if there are any"
        yield Remark(weight=Weight.NOTE, at="cases.hidden", text=text)
    for place, field in enumerate(hidden):
        values = [(canonical(case.expected[place]), case) for case in cases if isinstance(case.expected, list)]
        told = sum(len(value) >= _SHORT and value in canonical(case.question) for value, case in values)
        if told * 2 > len(values):
            text = f"{field!r} stands in what a candidate sees of {told} of {len(values)} cases; take it out there"
            yield Remark(weight=Weight.WARNING, at="cases.hidden", text=text)


def probe_scorer(target: Target, suite: TargetSuite, answered: Sequence[tuple[Case, Ran]]) -> Iterator[Remark]:
    """Does the scorer say the same again, and what does it say of odd outputs? Any candidate may give those."""
    for case, ran in answered[:4]:
        again = suite.score(case, "", ran.output)
        if (again.value, again.label) != (ran.trial.score, ran.trial.label):
            text = f"it gave {ran.trial.score} and then {again.value} for the same output; it must not depend on chance or time"
            yield Remark(weight=Weight.PROBLEM, at="score", text=text)
            break
    cases = [case for case, _ in answered[:1]] or suite.cases(Pool.PRACTICE, 0, 1)
    usual = [ran.trial.value for _, ran in answered]
    broken: list[str] = []
    for output in _ODD[:-1] if target.lost else _ODD:
        for case in cases:
            try:
                value = suite.score(case, "", output).value or 0.0
            except (InfrastructureError, UserError) as error:
                broken.append(f"{canonical(output).decode()} ({str(error).partition(' failed: ')[2].partition('; repair it')[0][:160]})")
                continue
            if usual and value > max(usual) and value > 0.5:
                text = f"the output {canonical(output).decode()} scores {100 * value:.0f} %, more than any of the start's"
                yield Remark(weight=Weight.WARNING, at="score", text=f"{text}; is that meant?")
    if broken:
        text = f"it breaks over outputs that any candidate may give: {broken[0]}"
        text += f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        yield Remark(weight=Weight.PROBLEM, at="score", text=f"{text}; return None for what is no answer, or set case.output")
