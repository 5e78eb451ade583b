"""Functions that the agent has mined from its own solutions and given names.

Nobody wrote them by hand: each was found several times inside solutions of practice tasks. The annotations are the types of
`grammar.py`; the line `body:` is the same function as an expression, which is what the search evaluates.
"""

from functools import reduce  # noqa: F401
from itertools import accumulate  # noqa: F401
from math import prod  # noqa: F401
