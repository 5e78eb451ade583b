"""A model and how it learns. This is the part that may be changed."""

import json

import prepare


def features(row):
    """What the model sees of an input."""
    return [1.0, *row]


def predict(weights, row):
    """What the model says of an input."""
    return sum(weight * value for weight, value in zip(weights, features(row)))


def run(case):
    """Train on the examples of a case and predict its queries."""
    with open("settings.json", encoding="utf-8") as file:
        settings = json.load(file)
    rows, targets = prepare.examples(case)
    rng = prepare.generator(case)
    weights = [rng.gauss(0.0, settings["scale"]) for _ in features(rows[0])]
    order = list(range(len(rows)))
    for _ in range(settings["epochs"]):
        rng.shuffle(order)
        for index in order:
            error = predict(weights, rows[index]) - targets[index]
            for place, value in enumerate(features(rows[index])):
                weights[place] -= settings["rate"] * (error * value + settings["decay"] * weights[place])
    return [predict(weights, row) for row in prepare.queries(case)]
