"""Make the schedules the workers need; safe to repeat."""

from django.core.management.base import BaseCommand
from django_q.models import Schedule

EVERY_SO_MANY_MINUTES = {
    "sweep": ("server.recompute.tasks.sweep", 1),
    "sessions begin and end": ("server.attendance.tasks.sweep", 1),
    "gallery sweep": ("server.gallery.tasks.sweep", 5),
    "embed again": ("server.gallery.tasks.embed_again", 1),
    "second looks": ("server.sightings.tasks.look_again", 5),
    "exports": ("server.reports.tasks.export", 10),
    "unknown passes": ("server.sightings.unknown_tasks.group_unknown", 5),
}
EVERY_DAY = {
    "sessions ahead": "server.schedules.tasks.extend",
}


class Command(BaseCommand):
    help = "Make the schedules the workers need. Safe to repeat."

    def handle(self, *args: object, **options: object) -> None:
        for name, (task, minutes) in EVERY_SO_MANY_MINUTES.items():
            Schedule.objects.update_or_create(
                name=name, defaults={"func": task, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1}
            )
        for name, task in EVERY_DAY.items():
            Schedule.objects.update_or_create(name=name, defaults={"func": task, "schedule_type": Schedule.DAILY, "repeats": -1})
