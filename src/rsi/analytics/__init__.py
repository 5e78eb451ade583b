"""What a log says of a run: capability of its versions, fates of its proposals, costs, and what it could have seen."""

from rsi.analytics.capability import Capability, capability_of
from rsi.analytics.power import smallest_visible_effect
from rsi.analytics.progress import Attempt, Costs, Failure, Fate, Incumbent, Progress, Retreat, Share, Tried
from rsi.analytics.tracker import BASELINE, Tracker, progress_of

__all__ = [
    "BASELINE",
    "Attempt",
    "Capability",
    "Costs",
    "Failure",
    "Fate",
    "Incumbent",
    "Progress",
    "Retreat",
    "Share",
    "Tracker",
    "Tried",
    "capability_of",
    "progress_of",
    "smallest_visible_effect",
]
