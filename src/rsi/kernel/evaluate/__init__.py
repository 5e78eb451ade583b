"""Builds, agent calls, blocks of trials and long-lived evaluators: a tree and a message go into a jail, checked plain data comes out."""

from rsi.kernel.evaluate.bench import Bench
from rsi.kernel.evaluate.calls import BUILD_FILE, Built, Failed, agent_call, build, violation_name
from rsi.kernel.evaluate.cases import Ran, run_cases
from rsi.kernel.evaluate.chats import Chats
from rsi.kernel.evaluate.episodes import Sitting, evaluator_of, hidden_outputs, practised, run_episodes, run_trials
from rsi.kernel.evaluate.manifest import MANIFEST_FILE, load_manifest
from rsi.kernel.evaluate.meter import Asked, Meter, Scores
from rsi.kernel.evaluate.service import Evaluator
from rsi.kernel.evaluate.trials import no_answer, run_block

__all__ = [
    "BUILD_FILE",
    "MANIFEST_FILE",
    "Asked",
    "Bench",
    "Built",
    "Chats",
    "Evaluator",
    "Failed",
    "Meter",
    "Ran",
    "Scores",
    "Sitting",
    "agent_call",
    "build",
    "evaluator_of",
    "hidden_outputs",
    "load_manifest",
    "no_answer",
    "practised",
    "run_block",
    "run_cases",
    "run_episodes",
    "run_trials",
    "violation_name",
]
