"""Scores a filter on random signals: the less it strays from the signal behind the noise, the better."""

import concurrent.futures
import importlib.util
import math
import random

LENGTH = 80
SIGNALS = 4


def _load(program_path):
    spec = importlib.util.spec_from_file_location("program", program_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _signal():
    level, slope, clean = random.uniform(-1, 1), random.uniform(-0.2, 0.2), []
    for _ in range(LENGTH):
        slope = 0.95 * slope + random.gauss(0, 0.05)
        level += slope
        clean.append(level)
    return clean, [value + random.gauss(0, 0.5) for value in clean]


def _error(module):
    clean, noisy = _signal()
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        estimates = pool.submit(module.run, noisy).result(timeout=5)
    if len(estimates) != len(clean):
        raise ValueError(f"{len(estimates)} estimates for {len(clean)} readings")
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(estimates, clean, strict=True)) / len(clean))


def evaluate_stage1(program_path):
    """Does it run at all?"""
    return {"runs": 1.0 if math.isfinite(_error(_load(program_path))) else 0.0}


def evaluate_stage2(program_path):
    """How far is it off, over several signals?"""
    module = _load(program_path)
    error = sum(_error(module) for _ in range(SIGNALS)) / SIGNALS
    return {"error_rms": error, "combined_score": 1.0 / (1.0 + error)}


def evaluate(program_path):
    """The same without a cascade."""
    return evaluate_stage2(program_path)
