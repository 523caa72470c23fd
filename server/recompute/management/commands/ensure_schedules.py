"""Make the schedules the workers need; safe to repeat."""

from django.core.management.base import BaseCommand
from django_q.models import Schedule


class Command(BaseCommand):
    help = "Make the schedules the workers need. Safe to repeat."

    def handle(self, *args: object, **options: object) -> None:
        Schedule.objects.update_or_create(
            name="sweep",
            defaults={"func": "server.recompute.tasks.sweep", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
        )
        Schedule.objects.update_or_create(
            name="gallery sweep",
            defaults={"func": "server.gallery.tasks.sweep", "schedule_type": Schedule.MINUTES, "minutes": 5, "repeats": -1},
        )
        Schedule.objects.update_or_create(
            name="embed again",
            defaults={"func": "server.gallery.tasks.embed_again", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
        )
        Schedule.objects.update_or_create(
            name="second looks",
            defaults={"func": "server.sightings.tasks.look_again", "schedule_type": Schedule.MINUTES, "minutes": 5, "repeats": -1},
        )
        Schedule.objects.update_or_create(
            name="sessions ahead",
            defaults={"func": "server.schedules.tasks.extend", "schedule_type": Schedule.DAILY, "repeats": -1},
        )
