"""What the practice instances of an improvement problem must hold to."""

from collections.abc import Iterator

from rsi.core.protocols import Call, Episodes, Jail, Limits, Rehearsal
from rsi.core.records import Json, Outcome

__all__ = ["check_rehearsal", "start_of"]

_LIMITS = Limits(wall_s=60.0, cpu_s=60.0)


def start_of(question: Json) -> str:
    """The program that an improver begins with."""
    assert isinstance(question, dict) and isinstance(question["source"], str)
    return question["source"]


def check_rehearsal(rehearsal: Rehearsal, rules: Episodes, jail: Jail) -> None:
    """The contract of `rsi.core.protocols.Rehearsal`: the start scores in [0, 1], the same twice; what is no answer scores None."""
    question = rehearsal.question
    assert isinstance(question, dict) and question["instances"] == len(rehearsal.instances) > 0
    indices = range(len(rehearsal.instances))
    files, module = rules.evaluator()
    start: Json = {"ground": 1, "sources": [start_of(question)], "instances": list(indices)}
    several: Json = {"ground": 1, "sources": ["def nothing(:", start_of(question)], "instances": list(indices)}
    jobs: Iterator[Json] = iter([start, several, {"stop": True}])
    done: list[Json] = []

    def serve(said: Json) -> Json:
        match said:
            case {"need": {"ground": 1, "instances": [*numbers]}}:
                return [rehearsal.told(number) for number in numbers if isinstance(number, int)]
            case _:
                done.append(said)
                return next(jobs)

    grounds: Json = [rehearsal.ground, rehearsal.ground]
    reply = jail.call(Call(files=files, module=module, function="serve", payload=grounds, limits=_LIMITS), serve)
    assert reply.outcome is Outcome.ANSWERED, reply.reason
    assert done[0] == {"ready": True}
    rows = [row for said in done[1:] if isinstance(said, dict) and isinstance(said["done"], list) for row in said["done"]]
    first, broken, again = (list(rehearsal.scores(indices, row)) for row in rows)
    assert all(score is not None and 0.0 <= score <= 1.0 for score in first)
    assert again == first
    assert broken == [None] * len(indices)
    assert list(rehearsal.scores(indices, None)) == [None] * len(indices)
