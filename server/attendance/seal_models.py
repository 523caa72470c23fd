"""Sealed periods, what contradicts them, and why records changed."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value

from server.core.models import PublicModel
from server.sites.models import Site


class Seal(PublicModel):
    """The attendance of a site is approved from–until, both days included: its records do not change any more."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="seals")
    first_day = models.DateField()
    last_day = models.DateField()
    note = models.TextField(blank=True)
    sealed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    sealed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_because = models.TextField(blank=True)

    class Meta:
        ordering = ("-first_day", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="seal_in_order", violation_error_message="last_day lies before first_day"
            ),
            ExclusionConstraint(
                name="seal_once_at_a_time",
                expressions=[
                    (Func(F("site_id"), F("site_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("first_day"), F("last_day"), Value("[]"), function="daterange"), "&&"),
                ],
                condition=Q(lifted_at__isnull=True),
                violation_error_message="a part of these days is sealed already",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.first_day}–{self.last_day}"


class Subject(models.TextChoices):
    """Which kind of record is spoken of."""

    SESSION = "session"
    VISIT = "visit"
    OPEN_DAY = "open_day"


class DiscrepancyState(models.TextChoices):
    """GONE: the facts agree with the sealed record again. ACKNOWLEDGED: staff have seen it and leave the record."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    GONE = "gone"


class Discrepancy(PublicModel):
    """A sealed record is another one than what its facts derive now. Either side may be null: no such record."""

    subject = models.CharField(max_length=8, choices=Subject.choices)
    key = models.CharField(max_length=120, help_text="which record, in the words of its kind")
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="discrepancies")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="discrepancies")
    local_date = models.DateField()
    published = models.JSONField(null=True)
    derived = models.JSONField(null=True)
    state = models.CharField(max_length=12, choices=DiscrepancyState.choices, default=DiscrepancyState.OPEN)
    found_at = models.DateTimeField()
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "discrepancies"
        constraints = [models.UniqueConstraint(fields=("subject", "key"), name="discrepancy_once_per_record")]
        indexes = [models.Index(fields=("state", "-id"), name="discrepancy_state")]

    def __str__(self) -> str:
        return f"{self.subject} {self.key}"


class RecordChange(models.Model):
    """A published record changed: how it was, how it is, and why. Rows are only added."""

    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=8, choices=Subject.choices)
    key = models.CharField(max_length=120)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="record_changes")
    local_date = models.DateField()
    at = models.DateTimeField()
    why = models.JSONField(default=list, help_text="words of Why, sorted")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("subject", "key", "-id"), name="record_change_of"),
            models.Index(fields=("person", "local_date"), name="record_change_person"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.key}"
