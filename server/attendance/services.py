"""Publishing what the rules derive."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from server.attendance.models import OpenDayRecord
from server.attendance.rules.open_day import OpenDay, Seen, derive
from server.sightings.models import Sighting
from server.sites.days import day_bounds
from server.sites.models import Site


def open_day_derive(*, site: Site, local_date: date, person: int) -> None:
    """Derive one person's open day from its facts and publish it. Running it again changes nothing."""
    begins, ends = day_bounds(local_date, site.zone, site.day_cut)
    times = Sighting.objects.filter(
        counts_for_id=person, door__site=site, time_known=True, captured_at__gte=begins, captured_at__lt=ends
    ).values_list("captured_at", flat=True)
    derived = derive((Seen(person, at) for at in times), zone=site.zone, day_cut=site.day_cut)
    open_day_publish(site=site, local_date=local_date, person=person, derived=derived)


def open_day_publish(*, site: Site, local_date: date, person: int, derived: tuple[OpenDay, ...]) -> None:
    """Replace what is published for this window: changed, made, or removed where nothing is left."""
    with transaction.atomic():
        published = OpenDayRecord.objects.filter(site=site, local_date=local_date, person_id=person)
        days = [day for day in derived if day.local_date == local_date]
        if not days:
            published.delete()
            return
        day = days[0]
        values = {"first_seen": day.first_seen, "last_seen": day.last_seen, "sightings": day.sightings}
        now = timezone.now()
        if published.filter(**values).exists():
            return
        OpenDayRecord.objects.update_or_create(site=site, local_date=local_date, person_id=person, defaults={**values, "changed_at": now})
