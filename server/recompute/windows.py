"""The windows of attendance, as those who change a fact name them. `server.attendance.tasks` knows what each of them covers."""

from datetime import date, datetime

from server.recompute.services import Window

PERSON_DAY, PERSON, SESSION, SITE_DAYS, COVERAGE = "person_day", "person", "session", "site_days", "coverage"


def person_day(*, site: int, day: date, person: int) -> Window:
    """A person at a site around a local day: that day, and what reaches into it from the days next to it."""
    return Window(PERSON_DAY, f"{site}:{day}:{person}")


def person_days(*, person: int, first: date | None, last: date | None) -> Window:
    """A person at every site, on these days; None: without end."""
    return Window(PERSON, f"{person}:{first or ''}:{last or ''}")


def session(key: int) -> Window:
    """A session with everybody who is or was expected there, also those who were never seen."""
    return Window(SESSION, str(key))


def site_days(*, site: int | None, first: date | None, last: date | None) -> Window:
    """Everybody at a site on these days; None: every site, without end."""
    return Window(SITE_DAYS, f"{site or ''}:{first or ''}:{last or ''}")


def coverage(*, door: int, hour: datetime) -> Window:
    """What is known of how a door was looked at in this hour (UTC) has changed."""
    return Window(COVERAGE, f"{door}:{hour:%Y-%m-%dT%H}")
