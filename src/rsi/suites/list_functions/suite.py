"""The list-function suite: cases of four levels from secret seeds, practice batches, scores."""

import random
from collections.abc import Mapping, Sequence

from rsi.core.protocols import Score
from rsi.core.records import Case, CaseId, Json, Pool
from rsi.suites.list_functions.compose import LEVELS, Composition, draw_composition, is_well_formed, outputs_of
from rsi.suites.list_functions.functions import Ints, Value
from rsi.suites.list_functions.inputs import draw_inputs
from rsi.suites.scoring import score_by_probes
from rsi.suites.seeds import number_of

__all__ = ["ListFunctions"]

_BATCH_SHOWN = 10
_BATCH_UNSEEN = 6
_TRIES = 40


def _name(*parts: object) -> str:
    return f"{number_of('id', *parts):064x}"[:16]


class ListFunctions:
    """Compositions of list operations in four levels; see `rsi.core.protocols.Suite`.

    Case `i` depends on its pool's secret seed and on `i` only. Pools are disjoint in their seeds, so every case has inputs
    of its own; the *functions* may recur across pools, since there are only so many easy ones.

    Args:
        seeds: the secret seed of every pool.
        shown: examples in a question.
        probes: unseen inputs by which an answer is scored.
        levels: that cases and practice tasks are drawn from, in rotation.
        name: under which it stands in the registry.
    """

    def __init__(
        self,
        seeds: Mapping[Pool, int],
        *,
        shown: int = 10,
        probes: int = 10,
        levels: Sequence[int] = LEVELS,
        name: str = "list_functions",
    ) -> None:
        """Nothing is generated before it is asked for."""
        self._seeds = dict(seeds)
        self._shown = shown
        self._probes = probes
        self._levels = tuple(levels)
        self._label = name

    @property
    def name(self) -> str:
        """Name, as in configuration."""
        return self._label

    @property
    def required_tier(self) -> str:
        """S2: a candidate that can read the kernel's memory or its log knows the hidden cases."""
        return "S2"

    def episodes(self, pool: Pool) -> None:
        """No program is improved here."""
        return None

    def execution(self, pool: Pool) -> None:
        """Every case is answered with a program."""
        return None

    def size(self, pool: Pool) -> int | None:
        """As many as are asked for."""
        return None

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """Cases `start` … `start + count − 1` of a pool, its levels in rotation."""
        return [self._case(pool, index) for index in range(start, start + count)]

    def reference(self, pool: Pool, index: int) -> str:
        """Source of the function behind a case, for people and tests; never part of a message."""
        return f"from math import prod\n\n\ndef f(xs):\n    return {self._draw(pool, index)[0].function.text}\n"

    def _draw(self, pool: Pool, index: int) -> tuple[Composition, list[Ints], list[Value]]:
        rng = random.Random(number_of("case", pool.value, self._seeds[pool], index))
        level = self._levels[index % len(self._levels)]
        while True:
            composition = draw_composition(rng, level)
            for shortest in (0, 1, 4):
                inputs = draw_inputs(rng, self._shown + self._probes, shortest=shortest)
                outputs = outputs_of(composition.function.run, inputs)
                if outputs is not None and self._says_enough(composition, inputs, outputs):
                    return composition, inputs, outputs

    def _says_enough(self, composition: Composition, inputs: list[Ints], outputs: list[Value]) -> bool:
        cut = self._shown
        return is_well_formed(composition.kind, inputs[:cut], outputs[:cut]) and is_well_formed(
            composition.kind, inputs[cut:], outputs[cut:]
        )

    def _case(self, pool: Pool, index: int) -> Case:
        composition, inputs, outputs = self._draw(pool, index)
        name = _name(pool.value, self._seeds[pool], index)
        pairs: list[Json] = [{"i": _plain(i), "o": _plain(o)} for i, o in zip(inputs, outputs, strict=True)]
        question: dict[str, Json] = {"id": name, "type": _type(composition), "examples": pairs[: self._shown]}
        if pool is Pool.PRACTICE:
            question["probes"] = pairs[self._shown :]
        return Case(
            id=CaseId(name),
            family=_family(composition),
            pool=pool,
            question=question,
            probes=_plains(inputs[self._shown :]),
            expected=_plains(outputs[self._shown :]),
        )

    def practice_batch(self, index: int, count: int) -> Json:
        """Batch `index`: up to `count` tasks that differ in their outputs on 16 shared inputs, the first 10 of them shown."""
        rng = random.Random(number_of("batch", self._seeds[Pool.PRACTICE], index))
        inputs = draw_inputs(rng, _BATCH_SHOWN + _BATCH_UNSEEN, shortest=rng.choice((1, 1, 2, 3)))
        tasks: list[Json] = []
        seen: set[str] = set()
        for slot in range(count):
            task = self._practice_task(index, slot, inputs, seen)
            if task is not None:
                tasks.append(task)
        return {"inputs": _plains(inputs), "tasks": tasks, "shown": _BATCH_SHOWN}

    def _practice_task(self, batch: int, slot: int, inputs: list[Ints], seen: set[str]) -> Json:
        rng = random.Random(number_of("task", self._seeds[Pool.PRACTICE], batch, slot))
        for attempt in range(_TRIES * len(self._levels)):
            composition = draw_composition(rng, self._levels[(slot + attempt // _TRIES) % len(self._levels)])
            outputs = outputs_of(composition.function.run, inputs)
            if outputs is None or repr(outputs) in seen or not is_well_formed(composition.kind, inputs, outputs):
                continue
            seen.add(repr(outputs))
            name = _name("task", self._seeds[Pool.PRACTICE], batch, slot)
            return {"id": name, "family": _family(composition), "type": _type(composition), "outputs": _plains(outputs)}
        return None

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """1 (`solved`) where every probe is right, types included; 0 where one is not (`fitted`) or nothing was found."""
        return score_by_probes(case, answer, outputs)


def _family(composition: Composition) -> str:
    return f"level {composition.level}"


def _type(composition: Composition) -> dict[str, Json]:
    return {"input": "list-of-int", "output": composition.kind}


def _plain(value: Value) -> Json:
    return [item for item in value] if isinstance(value, list) else value


def _plains(values: Sequence[Value]) -> list[Json]:
    return [_plain(value) for value in values]
