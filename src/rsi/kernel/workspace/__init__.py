"""Applying a patch to a tree of files in memory: no folder, no link, no path of the host is ever involved."""

from rsi.kernel.workspace.patch import Stale, apply

__all__ = ["Stale", "apply"]
