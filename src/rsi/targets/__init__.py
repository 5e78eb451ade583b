"""What is improved, by its folder: `rsi.toml`, what may be edited, how a case is run in a jail and scored by the user's own code."""

from rsi.targets.find import find_target
from rsi.targets.initial import TEMPLATES, make_target
from rsi.targets.load import TARGET_FILE, Target, execution_of, load_target, target_facts
from rsi.targets.scorer import Scorer
from rsi.targets.spec import TargetSpec
from rsi.targets.suite import TargetSuite

__all__ = [
    "TARGET_FILE",
    "TEMPLATES",
    "Scorer",
    "Target",
    "TargetSpec",
    "TargetSuite",
    "execution_of",
    "find_target",
    "load_target",
    "make_target",
    "target_facts",
]
