"""The beginning of every publishing: days are locked, and what their people have in common is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from server.attendance.extent import Days
from server.attendance.facts_of_site import SiteGround, ground_of
from server.attendance.publishing_changes import Because
from server.attendance.seal_models import Seal
from server.attendance.seals import seals_hold
from server.sites.models import Site


@dataclass(frozen=True, slots=True)
class Publishing:
    """What is published, and why."""

    ground: SiteGround
    because: Because
    seals: tuple[Days, ...]

    @property
    def days(self) -> frozenset[date]:
        return frozenset(day.day for day in self.ground.days)

    def is_sealed(self, day: date) -> bool:
        """Whether the records of this day do not change."""
        return any(days.first <= day <= days.last for days in self.seals)


def publishing_begin(*, site: Site, days: Iterable[date], why: frozenset[str], now: datetime) -> Publishing:
    """Lock the days, then read what their people have in common. In the caller's transaction."""
    wanted = sorted(set(days))
    days_hold(site=site.pk, days=wanted)
    return Publishing(ground_of(site, wanted), Because(why, now, _transaction_began()), _seals(site))


def days_hold(*, site: int, days: Iterable[date]) -> None:
    """Until the transaction ends nobody else derives these days of the site, or seals them or lifts a seal.

    Locks are taken in order of time; whoever takes more than once in a transaction goes on with later days.
    """
    seals_hold(site=site)
    names = [f"day {site} {day}" for day in sorted(set(days))]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s) AS name", [names])


def _seals(site: Site) -> tuple[Days, ...]:
    seals = Seal.objects.filter(site=site, lifted_at__isnull=True)
    return tuple(Days(*days) for days in seals.values_list("first_day", "last_day"))


def _transaction_began() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        began: datetime = cursor.fetchone()[0]
    return began
