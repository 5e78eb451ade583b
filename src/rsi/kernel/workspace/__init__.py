"""Trees in memory: patches are applied, merged and composed, trees searched for secrets and compared; no folder of the host is involved."""

from rsi.kernel.workspace.compose import Composer, Composition, Pair, Rebased, tree_key
from rsi.kernel.workspace.merge import Conflict, merge3, rebase_patch
from rsi.kernel.workspace.patch import Stale, apply, difference, unified
from rsi.kernel.workspace.scan import Leak, Scanner, canary_of
from rsi.kernel.workspace.shape import shape_of
from rsi.kernel.workspace.signature import arguments_of

__all__ = [
    "Composer",
    "Composition",
    "Conflict",
    "Leak",
    "Pair",
    "Rebased",
    "Scanner",
    "Stale",
    "apply",
    "arguments_of",
    "canary_of",
    "difference",
    "merge3",
    "rebase_patch",
    "shape_of",
    "tree_key",
    "unified",
]
