"""A script that calls GEPA itself: the candidate is a program, and the evaluator executes it."""

from gepa.optimize_anything import optimize_anything

START = "SLOPE = 1.0\nSTEP = 0.5\n\n\ndef estimate(x):\n    return SLOPE * x + STEP\n"


def evaluate(candidate, example):
    """How close the program's estimate is."""
    names = {}
    exec(candidate, names)
    off = abs(names["estimate"](example["x"]) - example["y"])
    return 1.0 / (1.0 + off), {"Feedback": f"off by {off:.3f}"}


def main():
    """What one would run with GEPA."""
    examples = [{"x": x / 10, "y": 2.5 * x / 10 + 1.0} for x in range(80)]
    result = optimize_anything(START, evaluator=evaluate, dataset=examples, objective="Estimate y from x.")
    print(result.best_candidate)


if __name__ == "__main__":
    main()
