"""Where things happen: a site has a time zone and a day cut, a door belongs to a site."""

from datetime import time
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models

from server.core.models import PublicModel


def validate_time_zone(name: str) -> None:
    """Refuse what is no IANA time zone."""
    if name not in available_timezones():
        raise ValidationError("%(name)s is not a time zone; use an IANA name such as Europe/Paris", params={"name": name}, code="time_zone")


class Site(PublicModel):
    """A place with its own local days."""

    name = models.CharField(max_length=120, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    day_cut = models.TimeField(default=time(4), help_text="local time at which a day ends and the next one begins")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Direction(models.TextChoices):
    """Which way people pass."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class Door(PublicModel):
    """A door of a site."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="doors")
    name = models.CharField(max_length=120)
    direction = models.CharField(max_length=4, choices=Direction.choices, default=Direction.BOTH)
    restricted = models.BooleanField(default=False, help_text="not everybody may pass here")
    used_from = models.DateTimeField(null=True, blank=True, help_text="there was no such door before; empty: always")
    used_until = models.DateTimeField(null=True, blank=True, help_text="nobody passes any more; empty: it is in use")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("site__name", "name")
        constraints = [
            models.UniqueConstraint(fields=("site", "name"), name="door_name_once_per_site"),
            models.CheckConstraint(
                condition=models.Q(used_until__isnull=True)
                | models.Q(used_from__isnull=True)
                | models.Q(used_until__gt=models.F("used_from")),
                name="door_used_in_order",
                violation_error_message="used_until lies before used_from",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} – {self.name}"
