"""What happens at the doors on a day: who passes where and when. Pure, from a seed; the same seed gives the same passes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from server.demo.school import MAIN_IN, MAIN_OUT, SERVER_ROOM, SIDE, TIME_ZONE, Shift, Somebody

ZONE = ZoneInfo(TIME_ZONE)
VISITORS = 3
"""Strangers who come now and then; no camera knows them."""


@dataclass(frozen=True, slots=True, order=True)
class Passing:
    """Somebody passes a door. `who`: the number of a person, or minus the number of a visitor. `unsure`: the camera was not certain."""

    at: datetime
    door: str
    who: int
    unsure: bool = False


class Doorkeeper:
    """Writes the passes of a day. Draws from the seed, the day and the person, so one day does not depend on another."""

    def __init__(self, seed: int, people: Sequence[Somebody], holidays: frozenset[date], away: frozenset[tuple[int, date]]) -> None:
        self._seed, self._people, self._holidays, self._away = seed, people, holidays, away

    def day(self, day: date) -> list[Passing]:
        """The passes that begin on this date, in order."""
        found = [passing for person in self._people for passing in self._person(person, day)]
        return sorted(found + list(self._visitors(day)))

    def _person(self, person: Somebody, day: date) -> Iterator[Passing]:
        draw = Random(f"{self._seed}:{person.number}:{day}")  # noqa: S311 (a story, no secret)
        shifts = [shift for shift in person.team.shifts if day.weekday() in shift.weekdays]
        if (person.number, day) in self._away or draw.random() < 0.04:
            return
        if day in self._holidays:
            shifts = [shift for shift in shifts if person.team.name == "Night watch"]
        if not shifts:
            passes = self._unasked(person, day, draw) if person.team.is_class and draw.random() < 0.3 else []
        elif person.team.is_class:
            passes = self._classes(shifts, day, draw)
        else:
            passes = self._shift(person, shifts[0], day, draw)
        for at, door in passes:
            yield Passing(at, door, person.number, unsure=draw.random() < 0.01)

    def _classes(self, shifts: Sequence[Shift], day: date, draw: Random) -> list[tuple[datetime, str]]:
        """In at the main entrance, at the hall for every lecture, out again."""
        found = [(_near(day, shifts[0].begins, draw, -25, -8), MAIN_IN)]
        for shift in shifts:
            late = draw.random() < 0.06
            if draw.random() > 0.03:
                found.append((_near(day, shift.begins, draw, 6, 25) if late else _near(day, shift.begins, draw, -7, 3), shift.doors[0]))
        return [*found, (_near(day, shifts[-1].ends, draw, 3, 90), MAIN_OUT)]

    def _shift(self, person: Somebody, shift: Shift, day: date, draw: Random) -> list[tuple[datetime, str]]:
        """In and out, out to lunch for some, a way to the server room for IT; now and then nobody sees them leave."""
        late = draw.random() < 0.05
        found = [(_near(day, shift.begins, draw, 12, 50) if late else _near(day, shift.begins, draw, -18, 6), MAIN_IN)]
        if shift.breaks and draw.random() < 0.5:
            begin, end = shift.breaks[0]
            found += [(_near(day, begin, draw, 0, 6), MAIN_OUT), (_near(day, end, draw, -6, 4), MAIN_IN)]
        if person.team.name == "IT":
            entered = _near(day, time(10), draw, 0, 300)
            found.append((entered, SERVER_ROOM))
            if draw.random() > 0.04:
                found.append((entered + timedelta(minutes=draw.randint(3, 80)), SERVER_ROOM))
        if draw.random() > 0.02:
            early = draw.random() < 0.04
            ends = day + timedelta(days=shift.ends <= shift.begins)
            found.append((_near(ends, shift.ends, draw, -90, -20) if early else _near(ends, shift.ends, draw, 0, 25), MAIN_OUT))
        return sorted(found)

    def _unasked(self, person: Somebody, day: date, draw: Random) -> list[tuple[datetime, str]]:
        """Students who come although nothing is on: the library is open until late."""
        came = _near(day, time(9), draw, 0, 420)
        return [(came, SIDE), (came + timedelta(minutes=draw.randint(60, 480)), SIDE)]

    def _visitors(self, day: date) -> Iterator[Passing]:
        for number in range(1, VISITORS + 1):
            draw = Random(f"{self._seed}:visitor:{number}:{day}")  # noqa: S311
            if draw.random() < 0.25:
                came = _near(day, time(10), draw, 0, 240)
                yield Passing(came, MAIN_IN, -number)
                yield Passing(came + timedelta(minutes=draw.randint(10, 120)), MAIN_OUT, -number)


def _near(day: date, at: time, draw: Random, least_min: float, most_min: float) -> datetime:
    """A moment so many minutes around a local time, in UTC and whole seconds."""
    around = datetime.combine(day, at, tzinfo=ZONE).astimezone(UTC)
    return around + timedelta(seconds=round(60 * draw.uniform(least_min, most_min)))
