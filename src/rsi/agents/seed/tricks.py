"""Edits that helped again and again, each under a name: `advance.py` adds to them.

A trick says of an edit whether it is one: by its family, the kind of line it stands in and the change in words (`weights.py`).
"""

TRICKS = []
