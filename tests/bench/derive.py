"""How long does it take to derive a person's day? Beside what every way of doing it needs: sorting the passes and pairing them.

Time of this process on its core, so that other work on the machine does not count.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import numpy as np

from server.attendance.rules.derive import derive
from server.attendance.rules.facts import AreaFact, Belonging, Covered, DayFacts, Pass, Serving, SessionFact, Way
from server.schedules.terms import AreaTerms, Mode, Terms

DAY = date(2026, 3, 4)
SHIFTS = ((8, 12), (13, 17), (17, 19))
ROUNDS = 500
AIM_MS, TYPICAL_AIM_MS = 2.0, 0.5


def main() -> None:
    for name, per_day, aim in (("200 sightings", 200, AIM_MS), ("a typical day, 6 sightings", 6, TYPICAL_AIM_MS)):
        days = [a_day(per_day=per_day, shifts=1 + seed % 3, seed=seed) for seed in range(20)]
        ours, floor = _ms(derive, days), _ms(_sort_and_pair, days)
        seen = sum(record.method is not None for day in days for record in derive(day).sessions)
        print(f"derive, {name}: {_told(ours)} (aim {aim} ms); {seen} sessions attended")
        print(f"  sorting and pairing alone: {_told(floor)}; ratio {np.median(ours) / np.median(floor):.1f}×")


def a_day(*, per_day: int, shifts: int, seed: int) -> DayFacts:
    """A day and its neighbours: passes at four doors, shifts in both modes, doors looked at in stretches, and a room with visits."""
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    ways = {1: Way.IN, 2: Way.OUT, 3: Way.BOTH, 4: Way.BOTH}
    rng = np.random.default_rng(seed)
    days = [midnight + timedelta(days=away) for away in (-1, 0, 1)]
    passes = [
        Pass(day + timedelta(hours=7, seconds=float(second)), f"{away}-{one}", door, ways[door])
        for away, day in enumerate(days)
        for one, (second, door) in enumerate(zip(rng.uniform(0, 12 * 3600, per_day), rng.integers(1, 5, per_day).tolist(), strict=True))
    ]
    serving = frozenset(Serving(door, way, midnight - timedelta(days=30), midnight + timedelta(days=30)) for door, way in ways.items())
    terms = Terms(mode=Mode.PAIRS if seed % 2 else Mode.FIRST_LAST, early_grace_s=300, half_day_below_s=7200, exits_expected=True)
    stretches = [day + timedelta(hours=hour) for day in days for hour in range(0, 24, 8)]
    return DayFacts(
        person=1,
        site=1,
        local_date=DAY,
        zone="Europe/Berlin",
        day_cut=clock(4),
        belongings=frozenset({Belonging(1, DAY - timedelta(days=90), None)}),
        passes=frozenset(passes),
        sessions=frozenset(
            SessionFact(10 * away + place, 1, day.date(), day + timedelta(hours=begins), day + timedelta(hours=ends), terms, serving)
            for away, day in enumerate(days)
            for place, (begins, ends) in enumerate(SHIFTS[:shifts])
        ),
        covered=frozenset(Covered(door, begins, begins + timedelta(hours=8)) for door in ways for begins in stretches),
        areas=frozenset({AreaFact(1, frozenset({1, 2}), AreaTerms())}),
    )


def _sort_and_pair(facts: DayFacts) -> timedelta:
    """The floor: the passes of three days in order, every second one an exit."""
    times = sorted(one.at for one in facts.passes)
    return sum((after - before for before, after in zip(times[::2], times[1::2], strict=True)), timedelta(0))


def _ms(work: Callable[[DayFacts], object], days: Sequence[DayFacts]) -> list[float]:
    taken = []
    for turn in range(ROUNDS):
        started = time.process_time()
        work(days[turn % len(days)])
        taken.append((time.process_time() - started) * 1e3)
    return taken


def _told(taken: list[float]) -> str:
    return f"median {np.median(taken):.3f} ms, p95 {np.quantile(taken, 0.95):.3f} ms"
