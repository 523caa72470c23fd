"""Sealing: staff approve the attendance of a site for some days, and its records do not change any more until the seal is lifted."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionState
from server.attendance.models import AttendanceRecord
from server.attendance.seal_models import Seal
from server.audit.services import Target, audit_note
from server.core.errors import Conflict, Rejected
from server.recompute import windows
from server.recompute.services import mark
from server.recompute.why import Why
from server.sites.days import local_day
from server.sites.models import Site

MOST_DAYS = 366
EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not settled yet in some days of a site."""

    records: int
    requests: int

    @property
    def words(self) -> str:
        records = "1 undecided record" if self.records == 1 else f"{self.records} undecided records"
        return f"{records} and " + ("1 open request" if self.requests == 1 else f"{self.requests} open requests")


def seals_hold(*, site: int, exclusive: bool = False) -> None:
    """Until the transaction ends nobody seals this site or lifts a seal; exclusive: nor changes what a seal would keep."""
    shared = "" if exclusive else "_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock{shared}(hashtextextended(%s, 0))", [f"seals of site {site}"])


def seal_of(*, site: int, day: date) -> Seal | None:
    """The seal that keeps this day, if any."""
    return Seal.objects.filter(site=site, first_day__lte=day, last_day__gte=day, lifted_at__isnull=True).first()


def refuse_sealed(*, site: int, day: date) -> None:
    """Holds the site's seals as they are until the transaction ends. Raises Conflict where the day is sealed."""
    seals_hold(site=site)
    if (seal := seal_of(site=site, day=day)) is not None:
        raise Conflict(
            "sealed",
            f"The attendance of {day} is sealed with the days {seal.first_day} to {seal.last_day}; "
            "have an administrator lift the seal first, then try again.",
        )


def seal_waiting(*, site: Site, first_day: date, last_day: date) -> Waiting:
    """What a seal of these days would freeze unsettled."""
    days = {"session__site": site, "session__local_date__range": (first_day, last_day)}
    return Waiting(
        records=AttendanceRecord.objects.filter(**days, decided=False, gone_at__isnull=True).count(),
        requests=Correction.objects.filter(**days, state=CorrectionState.REQUESTED).count(),
    )


def seal_make(  # noqa: PLR0913 (a seal has so many sides)
    *, site: Site, first_day: date, last_day: date, note: str, by: User, now: datetime, unsettled_too: bool = False
) -> Seal:
    """Seal these days, both included. `unsettled_too`: also where records are undecided or requests are open.

    Raises Rejected for days that are not over or in wrong order, Conflict for days sealed already or unsettled.
    """
    _refuse_days(site, first_day, last_day, now)
    with transaction.atomic():
        seals_hold(site=site.pk, exclusive=True)
        _refuse_twice(site, first_day, last_day)
        waiting = seal_waiting(site=site, first_day=first_day, last_day=last_day)
        if not unsettled_too and waiting != Waiting(0, 0):
            raise Conflict("unsettled", f"In these days there are {waiting.words}; settle them first, or seal them as they are.")
        seal = Seal.objects.create(site=site, first_day=first_day, last_day=last_day, note=note, sealed_by=by, sealed_at=now)
        after = {**_values(seal), "undecided": waiting.records, "open_requests": waiting.requests}
        audit_note(by=by, action="seal.made", target=Target("seal", seal.uuid), reason=note, after=after, now=now)
    return seal


def seal_lift(*, seal: Seal, reason: str, by: User, now: datetime) -> Seal:
    """Open the days again: their records become what the facts say now. Raises Rejected without a reason, Conflict if lifted already."""
    if not reason.strip():
        raise Rejected("reason_missing", "Say why the seal is lifted.", errors={"reason": ["Say why the seal is lifted."]})
    with transaction.atomic():
        seals_hold(site=seal.site_id, exclusive=True)
        locked = Seal.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=seal.pk)
        if locked.lifted_at is not None:
            raise Conflict("lifted_already", "This seal was lifted already; the days are open.")
        locked.lifted_by, locked.lifted_at, locked.lifted_because = by, now, reason
        locked.save(update_fields=["lifted_by", "lifted_at", "lifted_because"])
        audit_note(by=by, action="seal.lifted", target=Target("seal", seal.uuid), reason=reason, before=_values(locked), now=now)
        mark([windows.site_days(site=seal.site_id, first=seal.first_day, last=seal.last_day)], why=Why.UNSEALED)
    return locked


def _refuse_days(site: Site, first_day: date, last_day: date, now: datetime) -> None:
    if last_day < first_day:
        message = "The last day lies before the first; swap them."
        raise Rejected("wrong_order", message, errors={"last_day": [message]})
    if first_day < EARLIEST or (last_day - first_day).days >= MOST_DAYS:
        message = f"Seal at most {MOST_DAYS} days at a time, none of them before {EARLIEST.year}."
        raise Rejected("too_many_days", message, errors={"first_day": [message]})
    if last_day >= local_day(now, site.zone, site.day_cut):
        message = "Only days that are over can be sealed; choose an earlier last day."
        raise Rejected("not_over", message, errors={"last_day": [message]})


def _refuse_twice(site: Site, first_day: date, last_day: date) -> None:
    other = Seal.objects.filter(site=site, first_day__lte=last_day, last_day__gte=first_day, lifted_at__isnull=True).first()
    if other is not None:
        raise Conflict("sealed_already", f"The days {other.first_day} to {other.last_day} are sealed already; leave them out.")


def _values(seal: Seal) -> dict[str, object]:
    return {"site": str(seal.site), "first_day": str(seal.first_day), "last_day": str(seal.last_day)}
