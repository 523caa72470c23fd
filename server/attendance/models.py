"""Attendance: what the rules derived from sightings. Rows are replaced when their facts change."""

from django.db import models

from server.core.models import PublicModel
from server.sites.models import Site


class OpenDayRecord(PublicModel):
    """A person's open day at a site: first and last seen on one local day."""

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="open_days")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="open_days")
    local_date = models.DateField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    sightings = models.PositiveIntegerField()
    derived_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-local_date", "person", "site")
        constraints = [
            models.UniqueConstraint(fields=("person", "site", "local_date"), name="open_day_once"),
            models.CheckConstraint(condition=models.Q(last_seen__gte=models.F("first_seen")), name="open_day_in_order"),
        ]
        indexes = [models.Index(fields=("local_date", "person"), name="open_day_date")]

    def __str__(self) -> str:
        return f"open day {self.local_date}"
