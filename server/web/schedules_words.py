"""Schedules and sessions in words, on the clock of their site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from server.schedules.models import Schedule, Session

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ALL_DOORS = "every door"


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule of the list. `next_at`: when its next session begins."""

    schedule: Schedule
    next_at: datetime | None

    @property
    def days(self) -> str:
        return days_words(self.schedule)

    @property
    def times(self) -> str:
        return times_words(self.schedule)

    @property
    def doors(self) -> str:
        return doors_words(self.schedule)

    @property
    def valid(self) -> str:
        return valid_words(self.schedule)

    @property
    def next(self) -> datetime | None:
        return None if self.next_at is None else self.next_at.astimezone(self.schedule.site.zone)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with what keeps people from it. `holiday`: the name of the one on its day, where the terms heed it."""

    session: Session
    holiday: str
    now: datetime

    @property
    def begins(self) -> datetime:
        return self.session.begins_at.astimezone(self.session.site.zone)

    @property
    def ends(self) -> datetime:
        return self.session.ends_at.astimezone(self.session.site.zone)

    @property
    def doors(self) -> str:
        return doors_words(self.session)

    @property
    def words(self) -> str:
        """Cancelled, a holiday, changed by hand, going on."""
        if self.session.cancelled_at is not None:
            return "cancelled"
        said = [f"holiday: {self.holiday}" if self.holiday else ""]
        said.append("changed by hand" if self.session.detached and self.session.schedule_id is not None else "")
        said.append("goes on" if self.session.begins_at <= self.now else "")
        return ", ".join(filter(None, said))


def days_words(schedule: Schedule) -> str:
    """`Mon–Fri`, `Tue, Thu, every 2 weeks`."""
    if not schedule.weekdays:
        return "that day"
    often = f", every {schedule.every_weeks} weeks" if schedule.every_weeks > 1 else ""
    return _runs(schedule.weekdays) + often


def _runs(days: Sequence[int]) -> str:
    """Three days or more in a row as first–last."""
    runs: list[list[int]] = []
    for day in sorted(set(days)):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = [f"{DAYS[run[0]]}–{DAYS[run[-1]]}" if len(run) > 2 else ", ".join(DAYS[day] for day in run) for run in runs]
    return ", ".join(said)


def times_words(schedule: Schedule) -> str:
    """`22:00–06:00 the next day`."""
    over = " the next day" if schedule.ends <= schedule.begins else ""
    return f"{schedule.begins:%H:%M}–{schedule.ends:%H:%M}{over}"


def breaks_words(schedule: Schedule) -> str:
    return ", ".join(f"{begin[:5]}–{end[:5]}" for begin, end in schedule.breaks) or "none"


def doors_words(row: Schedule | Session) -> str:
    """Their names; without any of its own, every door of the site."""
    return ", ".join(door.name for door in row.doors.all()) or ALL_DOORS


def valid_words(schedule: Schedule) -> str:
    """`2 Sep 2024 – 20 Dec 2024`, `since`/`from` without an end."""
    first, last = schedule.valid_from, schedule.valid_until
    if last is None:
        return f"from {day_words(first)}"
    return day_words(first) if first == last else f"{day_words(first)} – {day_words(last)}"


def day_words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
