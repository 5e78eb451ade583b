"""Trees in memory: patches are applied, merged and composed, a tree is searched for secrets; no folder or path of the host is involved."""

from rsi.kernel.workspace.compose import Composer, Composition, Pair, Rebased, tree_key
from rsi.kernel.workspace.merge import Conflict, merge3, rebase_patch
from rsi.kernel.workspace.patch import Stale, apply, difference
from rsi.kernel.workspace.scan import Leak, Scanner, canary_of

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
    "canary_of",
    "difference",
    "merge3",
    "rebase_patch",
    "tree_key",
]
