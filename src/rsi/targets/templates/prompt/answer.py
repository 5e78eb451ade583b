"""Puts prompt.txt before a message and reads what the model answers. Protected.

The model is a stand-in. To ask a real one, let `complete` be a call through the model gateway of rsi.
"""

import json

from stand_in import complete


def solve(case):
    """The fields of a message as the model gives them; empty where its answer is no JSON object."""
    with open("prompt.txt", encoding="utf-8") as file:
        prompt = file.read()
    try:
        fields = json.loads(complete(prompt, case["message"]))
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
