"""What deciding costs: CPU per trial of a race with 16 open edits, and per decision of a family with many versions."""

import random
import time

from rsi.kernel.judge import Family, FamilySettings, Race, Settings

TRIALS = 20_000


def race_us() -> float:
    """Microseconds of CPU per trial to draw, to observe and to decide, with 16 edits open all the time."""
    rng = random.Random(1)
    race, number = Race(Settings(budget=TRIALS, horizon=300), random.Random(2)), 0
    began = time.process_time()
    for trial in range(TRIALS):
        while race.vacancies > 0:
            race.open(str(number))
            number += 1
        race.observe(race.draw(), [(trial % 400, float(rng.random() < 0.4))])
    return 1e6 * (time.process_time() - began) / TRIALS


def family_us(versions: int) -> float:
    """Microseconds of CPU for one decision over so many versions."""
    rng = random.Random(3)
    family = Family(FamilySettings(), rng)
    for version in range(1, versions):
        family.add(rng.randrange(version))
        family.observe(version, version % 60, float(rng.random() < 0.4))
    began = time.process_time()
    for _ in range(5):
        family.next_to_run()
    return 1e6 * (time.process_time() - began) / 5


def main() -> None:
    """Print the three numbers."""
    print(f"race, 16 open edits: {race_us():.0f} µs CPU per trial")
    for versions in (300, 10_000):
        print(f"family of {versions:,}: {family_us(versions):.0f} µs CPU per decision")


if __name__ == "__main__":
    main()
