"""Which open bin does an item go into? This is the part that may be changed."""

SPREAD = 1.0
"""How much an item prefers bins with much room left."""


def priority(item, room):
    """How much an item of this size wants to go into a bin with so much room; only bins that it fits into are asked about."""
    left = room - item
    return SPREAD * left
