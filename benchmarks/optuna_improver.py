"""Optuna's TPE on the numbers of a program, as an improver from outside: an example of the protocol in docs/recursion.md.

    pip install optuna
    rsi bench improver "command:python benchmarks/optuna_improver.py"

It reads one JSON object per line from standard input and writes one per line to standard output; nothing of rsi is imported.
"""

import ast
import json
import sys
from collections.abc import Callable, Sequence

import optuna

_CANDIDATES = 60
_SPAN = 3.0

Place = tuple[int, int, float]
"""First and last offset of a number in the source, in bytes, and its value."""


class Spent(Exception):  # it is no error
    """No evaluations are left."""


def places_of(source: str) -> list[Place]:
    """Every number of a program."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            last = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
            found.append((starts[node.lineno - 1] + node.col_offset, last, node.value))
    return sorted(found)


def written(source: str, places: Sequence[Place], shifts: Sequence[float]) -> str:
    """The program with each number moved by a power of two (a zero by steps)."""
    text = source.encode()
    for (start, end, value), shift in sorted(zip(places, shifts, strict=True), reverse=True):
        moved = value * 2.0**shift if value else shift
        new = round(moved if value else 2 * shift) if isinstance(value, int) else float(f"{moved:.6g}")
        text = text[:start] + (f"({new!r})" if new < 0 else repr(new)).encode() + text[end:]
    return text.decode()


def improve(payload: dict[str, object], ask: Callable[[dict[str, object]], dict[str, object]]) -> str:
    """The best program found, measured by the mean over some practice instances."""
    (question,) = payload["cases"]  # type: ignore[misc]  # one case in an episode
    source, budget = question["source"], int(str(payload["programs"]))
    places = places_of(source)
    few = list(range(max(2, min(question["instances"], budget // _CANDIDATES))))

    def value(candidate: str) -> float:
        reply = ask({"problem": 0, "source": candidate, "instances": few})
        if "scores" not in reply:
            raise Spent
        scores: list[float | None] = reply["scores"]  # type: ignore[assignment]  # as the protocol says
        return sum(score or 0.0 for score in scores) / len(few)

    def objective(trial: optuna.Trial) -> float:
        return value(written(source, places, [trial.suggest_float(f"x{k}", -_SPAN, _SPAN) for k in range(len(places))]))

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=int(str(payload["seed"])) % 2**32))
    study.enqueue_trial({f"x{k}": 0.0 for k in range(len(places))})
    try:
        study.optimize(objective, n_trials=budget // len(few) if places else 1)
    except Spent:
        pass
    done = [trial for trial in study.trials if trial.value is not None]
    best = max(done, key=lambda trial: trial.value or 0.0, default=None)
    return source if best is None else written(source, places, [best.params[f"x{k}"] for k in range(len(places))])


def ask_on_stdout(question: dict[str, object]) -> dict[str, object]:
    """Ask for scores."""
    sys.stdout.write(json.dumps({"ask": question}) + "\n")
    sys.stdout.flush()
    reply: dict[str, object] = json.loads(sys.stdin.readline())["reply"]
    return reply


def main() -> None:
    """One episode."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    payload = json.loads(sys.stdin.readline())["improve"]
    answer = improve(payload, ask_on_stdout)
    sys.stdout.write(json.dumps({"result": {"answers": [{"answer": answer}]}}) + "\n")


if __name__ == "__main__":
    main()
