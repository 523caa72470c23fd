"""Derive every attendance record anew from the sightings."""

from django.core.management.base import BaseCommand

from server.attendance.models import OpenDayRecord
from server.recompute.services import Window, mark, work_off
from server.recompute.windows import PERSON_DAY
from server.sightings.models import Sighting
from server.sightings.services import windows_of


class Command(BaseCommand):
    help = "Derive every attendance record anew. Safe to repeat and to interrupt: the workers finish what is marked."

    def handle(self, *args: object, **options: object) -> None:
        published = OpenDayRecord.objects.values_list("site_id", "local_date", "person_id")
        windows = {Window(PERSON_DAY, f"{site}:{day}:{person}") for site, day, person in published.iterator()}
        seen = Sighting.objects.filter(counts_for__isnull=False, time_known=True).select_related("door__site")
        windows |= windows_of(seen.iterator(chunk_size=2000))
        marked = mark(windows)
        done = 0
        while derived := work_off():
            done += derived
        self.stdout.write(f"marked {marked} windows, derived {done}")
