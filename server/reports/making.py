"""A question answered: the table with everything around it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from server.reports import daily, logs, matrices
from server.reports.known import as_of, generated
from server.reports.questions import Question
from server.reports.rows import open_days_of, records_of, visits_of
from server.reports.tables import Kind, Table
from server.sites.models import Site

MAKERS: Mapping[Kind, Callable[[Question], Table]] = {
    Kind.DAY: daily.day_table,
    Kind.MONTHLY: matrices.monthly_table,
    Kind.LATE: daily.late_table,
    Kind.HOURS: matrices.hours_table,
    Kind.GROUP: matrices.group_table,
    Kind.PERSON: logs.person_table,
    Kind.DOOR: logs.door_table,
    Kind.VISITS: logs.visits_table,
}


@dataclass(frozen=True, slots=True)
class Report:
    """A table, when it was made, and until when its doors were known then."""

    kind: Kind
    name: str
    """For a file: letters, digits, dashes."""
    table: Table
    generated: str
    as_of: tuple[str, ...]
    made_at: datetime


def report_make(question: Question, *, now: datetime) -> Report:
    """Raises Rejected for more rows than a report holds."""
    table = MAKERS[question.kind](question)
    sites = sorted(_sites(question), key=lambda site: site.name)
    name = f"lintel-{question.kind}-{question.first}"
    if question.last != question.first:
        name = f"{name}-{question.last}"
    return Report(question.kind, name, table, generated(sites, now=now), as_of(sites, now=now), now)


def _sites(question: Question) -> Iterable[Site]:
    """Those that the report is about."""
    place = question.door or question.area
    site = question.site or (place.site if place is not None else None)
    if site is not None:
        return [site]
    if question.kind is Kind.VISITS:
        return Site.objects.filter(pk__in=visits_of(question).order_by().values("area__site"))
    told = Q(pk__in=records_of(question).order_by().values("session__site"))
    if question.kind in {Kind.HOURS, Kind.PERSON}:
        told |= Q(pk__in=open_days_of(question).order_by().values("site"))
    return Site.objects.filter(told)
