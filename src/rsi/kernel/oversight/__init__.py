"""May this patch be applied at all? Surfaces, paths, sizes and sanity, checked before a tree is touched; fails closed."""

from rsi.kernel.oversight.authorise import authorise
from rsi.kernel.oversight.paths import path_problem

__all__ = ["authorise", "path_problem"]
