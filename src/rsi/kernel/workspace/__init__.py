"""Trees in memory: a patch is applied, a tree is searched for secrets; no folder, no link, no path of the host is ever involved."""

from rsi.kernel.workspace.patch import Stale, apply
from rsi.kernel.workspace.scan import Leak, Scanner, canary_of

__all__ = ["Leak", "Scanner", "Stale", "apply", "canary_of"]
