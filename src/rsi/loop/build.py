"""Builds: what a tree derives of itself (trained weights) before it can be run; once per tree."""

from dataclasses import replace

from rsi.core.codec import canonical
from rsi.core.records import Json, Outcome
from rsi.kernel.evaluate import Bench, Failed
from rsi.kernel.evaluate import build as build_tree
from rsi.loop.machine import Machine
from rsi.loop.orders import Done, Line, Order
from rsi.loop.quarantine import sentence_for
from rsi.loop.state import Product, Version, run_seed

__all__ = ["begin_build", "build"]


def begin_build(machine: Machine, version: Version) -> None:
    """Order the build of a version, unless its tree was built or ordered before."""
    state, key = machine.state, version.key
    if version.manifest.build and key not in state.products and key not in state.building:
        state.building[key] = machine.desk.place(_order(machine, version))


async def build(machine: Machine, version: Version) -> Version:
    """The version with its product; `product.failure` says why there is none."""
    state, key = machine.state, version.key
    begin_build(machine, version)
    if key in state.building:
        done = await state.building[key]
        state.products.setdefault(key, _product(done))
        state.building.pop(key, None)
    return replace(version, product=state.products.get(key, Product()))


def _order(machine: Machine, version: Version) -> Order:
    files, manifest, limits = version.files, version.manifest, machine.limits
    seed = run_seed(machine.config, "build")

    def work(bench: Bench) -> Done:
        built = build_tree(machine.watched(bench.jail), files, manifest, seed, limits)
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

    key = machine.key("build", version.key)
    duration = machine.config.judge.block * machine.config.judge.programs
    return Order(key=key, line=Line.JUDGE, programs=0, duration=duration, work=work, note=note)


def _product(done: Done | None) -> Product:
    if done is None:
        return Product(failure="it was never built: the run ended before")
    if done.outcome is not Outcome.ANSWERED:
        return Product(failure=f"{done.outcome.value}: {done.reason}")
    return Product(content=canonical(done.value))
