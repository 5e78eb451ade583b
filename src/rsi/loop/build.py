"""Builds: what a tree derives of itself (trained weights) before it can be run; once per tree."""

from rsi.core.codec import canonical
from rsi.core.protocols import Jail
from rsi.core.records import Json, Outcome
from rsi.kernel.evaluate import Failed
from rsi.kernel.evaluate import build as build_tree
from rsi.loop.machine import Machine
from rsi.loop.orders import Done, Line, Order
from rsi.loop.quarantine import sentence_for
from rsi.loop.state import Product, Version, run_seed

__all__ = ["build"]


async def build(machine: Machine, version: Version) -> Version:
    """The version with its product; `product.failure` says why there is none."""
    tree = version.candidate.tree
    if not version.manifest.build:
        machine.state.products[tree] = Product()
    elif tree not in machine.state.products:
        done = await machine.desk.place(_order(machine, version))
        machine.state.products[tree] = _product(done)
    return machine.built(version)


def _order(machine: Machine, version: Version) -> Order:
    files, manifest, limits = version.files, version.manifest, machine.limits
    seed = run_seed(machine.config, "build")

    def work(jail: Jail) -> Done:
        built = build_tree(machine.watched(jail), files, manifest, seed, limits)
        if isinstance(built, Failed):
            return Done(outcome=built.outcome, reason=built.reason[:500], programs=0, value=None, clock=built.clock)
        return Done(outcome=Outcome.ANSWERED, reason="", programs=0, value=built.product, clock=built.clock)

    def note(done: Done) -> None:
        body: Json = {
            "job": key,
            "call": "build",
            "improver": version.id,
            "outcome": done.outcome.value,
            "reason": done.reason,
            "programs": 0,
            "result": machine.blob(done.value) if done.outcome is Outcome.ANSWERED else None,
        }
        machine.emit("job.done", body, done.clock)
        sentence_for(machine, version, "build", done)

    key = machine.key("build", version.candidate.tree)
    duration = max(1, machine.config.practice.programs // 4)
    return Order(key=key, line=Line.JUDGE, programs=0, duration=duration, work=work, note=note)


def _product(done: Done | None) -> Product:
    if done is None:
        return Product(failure="it was never built: the run ended before")
    if done.outcome is not Outcome.ANSWERED:
        return Product(failure=f"{done.outcome.value}: {done.reason}")
    return Product(content=canonical(done.value))
