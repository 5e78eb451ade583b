"""A moving average that follows a noisy signal. Only the block may be changed."""


# EVOLVE-BLOCK-START
GAIN = 0.02
"""Share of the gap to a new reading that is taken at once."""
TREND = 0.0
"""Share of the gap by which the estimated slope is corrected."""


def follow(readings):
    """An estimate of the signal after each reading."""
    level, slope = readings[0], 0.0
    estimates = []
    for reading in readings:
        gap = reading - (level + slope)
        level = level + slope + GAIN * gap
        slope = slope + TREND * gap
        estimates.append(level)
    return estimates


# EVOLVE-BLOCK-END


def run(readings):
    """What the evaluator calls."""
    return [float(estimate) for estimate in follow(list(readings))]
