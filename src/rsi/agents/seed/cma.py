"""Separable CMA-ES: a normal distribution over points that moves to where points were good, and finds its own step for each coordinate.

After Ros & Hansen (2008), "A simple modification in CMA-ES achieving linear time and space complexity"; the constants are theirs and those
of Hansen's tutorial (arXiv 1604.00772). Separable, because a budget of some ten trials for each number leaves nothing to learn
correlations from. Higher values are better here.
"""

import math

EXTRA = 4
PER_LOG = 3


class Cma:
    """The distribution. `drawn` gives a generation of points; `told` what each was worth."""

    def __init__(self, mean, step, rng):
        self.mean, self.step, self.rng = list(mean), step, rng
        self.size = len(self.mean)
        self.scales = [1.0] * self.size
        self.paths = [0.0] * self.size, [0.0] * self.size
        self.generations = 0
        self.points = EXTRA + int(PER_LOG * math.log(self.size))
        parents = self.points // 2
        raw = [math.log(parents + 0.5) - math.log(k + 1) for k in range(parents)]
        self.shares = [one / sum(raw) for one in raw]
        self._rates()

    def _rates(self):
        size, mass = self.size, 1 / sum(share * share for share in self.shares)
        self.mass = mass
        self.for_step = (mass + 2) / (size + mass + 5)
        self.damping = 1 + 2 * max(0.0, math.sqrt((mass - 1) / (size + 1)) - 1) + self.for_step
        self.for_path = (4 + mass / size) / (size + 4 + 2 * mass / size)
        faster = (size + 2) / 3
        one = 2 / ((size + 1.3) ** 2 + mass)
        self.for_one = min(0.5, one * faster)
        many = 2 * (mass - 2 + 1 / mass) / ((size + 2) ** 2 + mass)
        self.for_many = min(1 - self.for_one, many * faster)
        self.length = math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size * size))

    def deviations(self):
        """The standard deviation of each coordinate."""
        return [self.step * scale for scale in self.scales]

    def drawn(self):
        """A generation of points."""
        wide = self.deviations()
        return [[m + s * self.rng.gauss(0, 1) for m, s in zip(self.mean, wide)] for _ in range(self.points)]

    def told(self, points, values):
        """Move to where values are high."""
        ranked = sorted(range(len(points)), key=lambda k: (-values[k], k))[: len(self.shares)]
        before, wide = self.mean, self.deviations()
        chosen = [points[k] for k in ranked]
        self.mean = [sum(share * point[i] for share, point in zip(self.shares, chosen)) for i in range(self.size)]
        move = [(new - old) / w for new, old, w in zip(self.mean, before, wide)]
        far, long = self.paths
        keep = math.sqrt(self.for_step * (2 - self.for_step) * self.mass)
        far = [(1 - self.for_step) * p + keep * m for p, m in zip(far, move)]
        self.generations += 1
        norm = math.sqrt(sum(p * p for p in far))
        stays = norm / math.sqrt(1 - (1 - self.for_step) ** (2 * self.generations)) < (1.4 + 2 / (self.size + 1)) * self.length
        grow = math.sqrt(self.for_path * (2 - self.for_path) * self.mass) if stays else 0.0
        long = [(1 - self.for_path) * p + grow * m * s for p, m, s in zip(long, move, self.scales)]
        self.paths = far, long
        rest = 0.0 if stays else self.for_one * self.for_path * (2 - self.for_path)
        for i in range(self.size):
            spread = sum(share * ((point[i] - before[i]) / self.step) ** 2 for share, point in zip(self.shares, chosen))
            variance = (1 - self.for_one - self.for_many + rest) * self.scales[i] ** 2
            self.scales[i] = math.sqrt(max(1e-20, variance + self.for_one * long[i] ** 2 + self.for_many * spread))
        self.step *= math.exp(min(1.0, self.for_step / self.damping * (norm / self.length - 1)))
