"""Builds, agent calls and blocks of trials: a tree and a message go into a jail, checked plain data comes out and is scored here."""

from rsi.kernel.evaluate.calls import Built, Failed, agent_call, build, violation_name
from rsi.kernel.evaluate.manifest import MANIFEST_FILE, load_manifest
from rsi.kernel.evaluate.trials import run_block

__all__ = ["MANIFEST_FILE", "Built", "Failed", "agent_call", "build", "load_manifest", "run_block", "violation_name"]
