"""What can be seen of a task before it is solved: plain statements about its examples, as strings.

Surface `search`: the recogniser learns which productions go with which statements.
"""

CONSTANTS = range(0, 6)


def features(input_type, output_type, inputs, outputs):
    """The statements that hold for all examples of a task."""
    found = ["out " + output_type, "in " + input_type]
    if input_type != "list-of-int":
        return found
    pairs = list(zip(inputs, outputs))
    if output_type == "list-of-int":
        found += _of_lists(pairs)
    elif output_type == "int":
        found += _of_ints(pairs)
    elif output_type == "bool":
        found += _of_bools(pairs)
    else:
        found += _of_marks(pairs)
    return found


def _of_lists(pairs):
    found = []
    differences = {len(o) - len(i) for i, o in pairs}
    if len(differences) == 1:
        found.append(f"longer by {min(4, max(-4, next(iter(differences))))}")
    elif all(len(o) <= len(i) for i, o in pairs):
        found.append("never longer")
    elif all(len(o) >= len(i) for i, o in pairs):
        found.append("never shorter")
    for k in (0, 1, 2, 3, 4, 5):
        if all(len(o) == min(k, len(o)) for _, o in pairs) and any(len(o) == k for _, o in pairs):
            found.append(f"at most {k} items")
            break
    if any(len(i) for i, _ in pairs) and all(len(o) % len(i) == 0 if i else not o for i, o in pairs):
        ratios = {len(o) // len(i) for i, o in pairs if i}
        if len(ratios) == 1:
            found.append(f"{min(6, ratios.pop())} times as long")
    found += _content(pairs)
    if differences == {0}:
        found += _itemwise(pairs)
    return found


def _content(pairs):
    found = []
    if all(set(o) <= set(i) for i, o in pairs):
        found.append("only items of the input")
        if all(_is_subsequence(o, i) for i, o in pairs):
            found.append("subsequence")
            found += [f"kept iff {text}" for text, test in _KEEPS if all(all(test(x) for x in o) for _, o in pairs)]
    if all(sorted(o) == sorted(i) for i, o in pairs):
        found.append("permutation")
    if all(list(o) == sorted(o) for _, o in pairs):
        found.append("sorted")
    if all(list(o) == sorted(o, reverse=True) for _, o in pairs):
        found.append("sorted downwards")
    if all(len(set(o)) == len(o) for _, o in pairs):
        found.append("no repeats")
    if all(list(o[: len(i)]) == list(i) for i, o in pairs):
        found.append("begins with the input")
    if all(list(o[len(o) - len(i) :]) == list(i) for i, o in pairs):
        found.append("ends with the input")
    if all(list(i[: len(o)]) == list(o) for i, o in pairs):
        found.append("beginning of the input")
    if all(list(i[len(i) - len(o) :]) == list(o) for i, o in pairs):
        found.append("end of the input")
    if all(len(set(o)) <= 1 for _, o in pairs):
        found.append("all alike")
    values = [x for _, o in pairs for x in o]
    if values:
        top = max(values)
        if top < 6 and min(values) >= 0:
            found.append(f"items up to {top}")
        if min(values) < 0:
            found.append("negative items")
        if top > 60:
            found.append("large items")
    for k in CONSTANTS:
        if all(o and o[0] == k for _, o in pairs):
            found.append(f"first is {k}")
        if all(o and o[-1] == k for _, o in pairs):
            found.append(f"last is {k}")
        if all(o and len(i) > k and o[0] == i[k] for i, o in pairs if len(i) > k):
            found.append(f"first is item {k}")
        if all(o and o[-1] == i[k] for i, o in pairs if len(i) > k):
            found.append(f"last is item {k}")
    return found


_KEEPS = [("even", lambda x: x % 2 == 0), ("odd", lambda x: x % 2 == 1)]
_KEEPS += [(f"divisible by {k}", lambda x, k=k: x % k == 0) for k in (3, 4, 5)]


def _is_subsequence(part, whole):
    rest = iter(whole)
    return all(x in rest for x in part)


def _itemwise(pairs):
    found = []
    moved = [(x, y) for i, o in pairs for x, y in zip(i, o)]
    steps = {y - x for x, y in moved}
    if len(steps) == 1:
        found.append(f"each plus {steps.pop()}")
    elif len(steps) <= 3:
        found.append("few steps")
    table = {}
    if all(table.setdefault(x, y) == y for x, y in moved):
        found.append("item decides")
        for k in (2, 3, 4, 5):
            rests = {}
            if all(rests.setdefault(x % k, y) == y for x, y in moved):
                found.append(f"decided by rest of {k}")
                break
        for k in (2, 3, 4, 5):
            if moved and all(y % k == 0 for _, y in moved):
                found.append(f"all divisible by {k}")
    if moved and any(x == y for x, y in moved) and not all(x == y for x, y in moved):
        found.append("some unchanged")
    return found


def _of_ints(pairs):
    found = []
    if all(o in i for i, o in pairs):
        found.append("an item")
        if all(o == max(i) for i, o in pairs if i):
            found.append("the largest")
        if all(o == min(i) for i, o in pairs if i):
            found.append("the smallest")
        if any(o != max(i) and o != min(i) for i, o in pairs):
            found.append("neither largest nor smallest")
    for k in (0, 1, 2, 3, 4, 5):
        if all(o == i[k] for i, o in pairs if len(i) > k):
            found.append(f"item {k}")
    if all(0 <= o <= len(i) for i, o in pairs):
        found.append("within the length")
    if all(o == 0 for i, o in pairs if not i):
        found.append("0 for nothing")
    if any(o < 0 for _, o in pairs):
        found.append("negative")
    if all(o >= sum(i) for i, o in pairs):
        found.append("at least the sum")
    if any(o > 100 for _, o in pairs):
        found.append("large")
    return found


def _of_bools(pairs):
    found = []
    for k in CONSTANTS:
        if all(o == (k in i) for i, o in pairs):
            found.append(f"has {k}")
    empty = {o for i, o in pairs if not i}
    if len(empty) == 1:
        found.append(f"{empty.pop()} for nothing")
    share = sum(o for _, o in pairs) / max(1, len(pairs))
    found.append("mostly true" if share > 0.6 else "mostly false" if share < 0.4 else "balanced")
    return found


def _of_marks(pairs):
    moved = [(x, y) for i, o in pairs if len(i) == len(o) for x, y in zip(i, o)]
    table = {}
    found = ["same length"] if all(len(i) == len(o) for i, o in pairs) else []
    if moved and all(table.setdefault(x, y) == y for x, y in moved):
        found.append("item decides")
        true = sorted(x for x in table if table[x])
        false = sorted(x for x in table if not table[x])
        if len(true) == 1:
            found.append("one item is true")
        if true and false and (true[0] > false[-1] or true[-1] < false[0]):
            found.append("a bound decides")
    for k in (2, 3, 4, 5):
        rests = {}
        if moved and all(rests.setdefault(x % k, y) == y for x, y in moved):
            found.append(f"decided by rest of {k}")
            break
    return found
