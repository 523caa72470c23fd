"""Who is expected when: the sessions that concern a person, and the part of a session that leave and holidays leave over. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.attendance.rules.facts import DayFacts, HolidayFact, LeaveFact, SessionFact
from server.attendance.rules.intervals import Span, merged

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """When the person is expected at a session. `away`: breaks, and leave in the middle; on leave or a holiday: nobody is expected."""

    begins_at: datetime
    ends_at: datetime
    away: tuple[Span, ...]
    on_leave: bool = False
    on_holiday: bool = False

    @property
    def off(self) -> bool:
        return self.on_leave or self.on_holiday


def applying(facts: DayFacts) -> list[SessionFact]:
    """The sessions of the day and its neighbours that concern the person, by beginning and key.

    They are not cancelled, the person belongs to their group on their date, and is active on it.
    """
    first, last = facts.local_date - _DAY, facts.local_date + _DAY
    found = [one for one in facts.sessions if first <= one.local_date <= last and not one.cancelled and _concerns(facts, one)]
    return sorted(found, key=lambda one: (one.begins_at, one.key))


def active(facts: DayFacts, day: date) -> bool:
    """Whether the person has joined and not left on this date."""
    return (facts.active_from is None or facts.active_from <= day) and (facts.active_until is None or day <= facts.active_until)


def _concerns(facts: DayFacts, session: SessionFact) -> bool:
    day = session.local_date
    return active(facts, day) and any(
        one.group == session.group and one.first <= day and (one.last is None or day <= one.last) for one in facts.belongings
    )


def expected(facts: DayFacts, session: SessionFact) -> Expected:
    """The session less leave.

    Leave of the whole day, or of all of the session, excuses from it; leave at its beginning or end moves that; leave in the middle
    counts as a break. Leave for a part of the day has that part on each of its days, so it also reaches into a night shift's morning.
    """
    on_holiday = session.terms.off_on_holidays and any(_includes(one, session.local_date) for one in facts.holidays)
    breaks = tuple((one.begins_at, one.ends_at) for one in session.breaks)
    whole = Expected(session.begins_at, session.ends_at, breaks, on_holiday=on_holiday)
    if not facts.leave:
        return whole
    on_leave = Expected(session.begins_at, session.ends_at, breaks, on_leave=True, on_holiday=on_holiday)
    if any(one.from_time is None and _includes(one, session.local_date) for one in facts.leave):
        return on_leave
    begins, ends, away = session.begins_at, session.ends_at, list(breaks)
    for gone, back in merged(_parts(facts.leave, facts)):
        if gone <= begins and back >= ends:
            return on_leave
        if gone <= begins < back:
            begins = back
        elif gone < ends <= back:
            ends = gone
        elif begins < gone and back < ends:
            away.append((gone, back))
    return Expected(begins, ends, tuple(away), on_holiday=on_holiday)


def _includes(days: LeaveFact | HolidayFact, day: date) -> bool:
    return days.first <= day <= days.last


def _parts(leave: Iterable[LeaveFact], facts: DayFacts) -> Iterable[Span]:
    zone = ZoneInfo(facts.zone)
    for one in leave:
        if one.from_time is None or one.until_time is None:
            continue
        for day in (facts.local_date - _DAY, facts.local_date, facts.local_date + _DAY):
            if _includes(one, day):
                gone, back = (datetime.combine(day, time, tzinfo=zone).astimezone(UTC) for time in (one.from_time, one.until_time))
                yield gone, back
