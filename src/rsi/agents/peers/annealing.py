"""Simulated annealing: an edit or two at a time; a worse program is taken with a chance that falls with the loss and with time."""

import math

HOT = 0.03
COLD = 0.001


def search(desk):
    here = desk.start
    while True:
        temperature = HOT * (COLD / HOT) ** desk.progress
        # The luck is drawn first: then it is known what loss would be taken, and a hopeless program need not be run to the end.
        loss = -temperature * math.log(1 - desk.rng.random())
        source = desk.fresh(lambda: desk.edited(here.source))
        if source is None:
            return
        here = desk.measure(source, here, loss) or here
