"""Improvers that people thought out: the method stands in `method.json`. Plain data in, plain data out."""

import json
import random
from pathlib import Path

import annealing
import blind
import evolution
import hill
import tpe
from desk import Desk, Spent

METHODS = {"random": blind, "hill": hill, "evolution": evolution, "annealing": annealing, "tpe": tpe}
HERE = Path(__file__).resolve().parent


def improve(message, ask):
    method = METHODS[json.loads((HERE / "method.json").read_text())]
    return {"answers": [answer(method, message, number, ask) for number in range(len(message["cases"]))]}


def answer(method, message, number, ask):
    question = message["cases"][number]
    try:
        desk = Desk(ask, number, question, message["programs"], random.Random(f"{message['seed']} {number}"))
    except Spent:
        return {"answer": question["source"], "programs": 0}
    try:
        method.search(desk)
    except Spent:
        pass
    return {"answer": desk.finish(), "programs": desk.used}
