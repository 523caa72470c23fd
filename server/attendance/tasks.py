"""Background work on attendance; every task may run twice."""

from datetime import date

from server.attendance.services import open_day_derive
from server.people.models import Person
from server.sites.models import Site


def derive_open_day(key: str, why: frozenset[str]) -> None:  # noqa: ARG001
    """`key`: site:date:person. What has gone meanwhile needs no attendance."""
    site_id, day, person_id = key.split(":")
    site = Site.objects.filter(pk=int(site_id)).first()
    if site is not None and Person.objects.filter(pk=int(person_id)).exists():
        open_day_derive(site=site, local_date=date.fromisoformat(day), person=int(person_id))
