"""What no change of a fact marks: a session begins, its coverage is waited for no longer, or a mark was lost."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from server.attendance.facts_of_site import coverage_of, session_facts, terms_of
from server.attendance.models import AttendanceRecord
from server.attendance.rules.coverage import Looked, covered
from server.people.models import Membership
from server.recompute import windows
from server.recompute.services import mark
from server.recompute.why import Why
from server.schedules.models import Session

LATELY = timedelta(hours=2)


def sessions_sweep(*, now: datetime) -> int:
    """Mark the sessions that have to be derived although nothing was told of them. Returns how many."""
    begun = sessions_begin(now=now)
    return begun + sessions_end(now=now)


def sessions_begin(*, now: datetime) -> int:
    """Mark the sessions whose margin has begun and at which somebody is expected who is not on the sheet yet."""
    lacking = _undecided().filter(Exists(_not_on_the_sheet()), window_begins_at__lte=now)
    return mark([windows.session(key) for key in lacking.values_list("pk", flat=True)], why=Why.SCHEDULE)


def sessions_end(*, now: datetime) -> int:
    """Give up the sessions that were waited for long enough; mark those, and what has ended lately and is covered."""
    over = list(_undecided().filter(ends_at__lte=now).select_related("site"))
    waited = {row.pk for row in over if row.ends_at + timedelta(seconds=terms_of(row).wait_s) <= now}
    looked_at = [row for row in over if row.pk in waited or row.ends_at > now - LATELY]
    is_covered = {key for rows in _by_day(looked_at).values() for key in _covered(rows)}
    with transaction.atomic():
        given_up = sorted(waited - is_covered)
        Session.objects.filter(pk__in=given_up, given_up_at__isnull=True).update(given_up_at=now)
        marked = mark([windows.session(key) for key in given_up], why=Why.WAITED)
        return marked + mark([windows.session(key) for key in is_covered], why=Why.COVERAGE)


def _undecided() -> QuerySet[Session]:
    return Session.objects.filter(covered_at__isnull=True, given_up_at__isnull=True, cancelled_at__isnull=True)


def _not_on_the_sheet() -> QuerySet[Membership]:
    """Memberships of people who are expected at a session and of whom there was never a record."""
    day = OuterRef("local_date")
    told = AttendanceRecord.objects.filter(session=OuterRef(OuterRef("pk")), person=OuterRef("person"))
    return Membership.objects.filter(
        _reaches("valid_until", day),
        _reaches("person__active_until", day),
        Q(person__active_from__isnull=True) | Q(person__active_from__lte=day),
        ~Exists(told),
        group=OuterRef("group"),
        valid_from__lte=day,
        person__merged_into__isnull=True,
    )


def _reaches(name: str, day: OuterRef) -> Q:
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": day})


def _by_day(rows: Iterable[Session]) -> dict[tuple[int, date], list[Session]]:
    found: dict[tuple[int, date], list[Session]] = {}
    for row in rows:
        found.setdefault((row.site_id, row.local_date), []).append(row)
    return found


def _covered(rows: list[Session]) -> list[int]:
    """Which of these sessions of one site and day are covered."""
    facts = session_facts(rows)
    looked = Looked(coverage_of(list(facts.values())))
    return [key for key, fact in facts.items() if covered(fact, looked)]
