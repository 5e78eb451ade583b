"""The tools of the agent: each takes a list of numbers and gives a list (a filter) or a number (an end)."""

FILTERS = {
    "distinct": lambda numbers: list(dict.fromkeys(numbers)),
    "even": lambda numbers: [number for number in numbers if number % 2 == 0],
    "odd": lambda numbers: [number for number in numbers if number % 2],
}
ENDS = {
    "add": sum,
    "count": len,
    "largest": lambda numbers: max(numbers, default=0),
    "smallest": lambda numbers: min(numbers, default=0),
    "spread": lambda numbers: max(numbers, default=0) - min(numbers, default=0),
}
