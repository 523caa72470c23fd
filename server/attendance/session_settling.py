"""Noting of sessions whether they are covered."""

from collections.abc import Iterable
from datetime import datetime

from server.attendance.facts_of_site import SiteGround
from server.attendance.rules.coverage import Looked, covered
from server.schedules.models import Session


def sessions_settle(ground: SiteGround, sessions: Iterable[int], *, now: datetime) -> None:
    """Note whether these sessions are covered, as far as they are of the days that were derived.

    All their people have been published in this transaction, from the same coverage.
    """
    looked = {day.day: Looked(day.covered) for day in ground.days}
    told = [fact for key in sessions if (fact := ground.facts.get(key)) is not None and fact.local_date in looked]
    is_covered = {fact.key for fact in told if covered(fact, looked[fact.local_date])}
    rows = Session.objects.filter(pk__in=[fact.key for fact in told])
    rows.filter(pk__in=is_covered, covered_at__isnull=True).update(covered_at=now)
    rows.exclude(pk__in=is_covered).filter(covered_at__isnull=False).update(covered_at=None)
    rows.filter(pk__in=[fact.key for fact in told if not fact.given_up], given_up_at__isnull=False).update(given_up_at=None)
