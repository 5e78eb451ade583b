"""May this patch be applied at all? Surfaces, paths, sizes and sanity, checked before a tree is touched; fails closed."""

from rsi.kernel.oversight.authorise import MAX_FILES, MAX_TREE_BYTES, authorise, edit_problem, matches
from rsi.kernel.oversight.blocks import block_problem, blocks_of
from rsi.kernel.oversight.paths import path_problem

__all__ = ["MAX_FILES", "MAX_TREE_BYTES", "authorise", "block_problem", "blocks_of", "edit_problem", "matches", "path_problem"]
