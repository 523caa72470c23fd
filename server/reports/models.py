"""What was exported: a row per file in the object storage, and per run that made them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from server.core.models import PublicModel


class ExportRun(PublicModel):
    """An export that is to be done, or was. Without days it is about everything that changed since the last one that was finished."""

    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="changes before this are in its files")
    through_day = models.DateField(null=True, blank=True, help_text="days until this one are in its files or earlier ones")
    reached_day = models.DateField(null=True, blank=True, help_text="days until this one have been looked at in this run")
    leased_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    files = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(first_day__isnull=True, last_day__isnull=True) | Q(first_day__lte=models.F("last_day")),
                name="export_run_days_in_order",
                violation_error_message="give both days, the earlier one first, or none",
            )
        ]
        indexes = [models.Index(fields=("id",), condition=Q(finished_at__isnull=True), name="export_run_waiting")]

    def __str__(self) -> str:
        return f"export of {self.asked_at}"


class ExportKind(models.TextChoices):
    """Which records a file holds."""

    ATTENDANCE = "attendance"
    OPEN_DAYS = "open-days"
    VISITS = "visits"


class Export(PublicModel):
    """A file with the records of one local day. A day that changes gets another version; no file is ever written over."""

    run = models.ForeignKey(ExportRun, on_delete=models.PROTECT, related_name="exports")
    kind = models.CharField(max_length=10, choices=ExportKind.choices)
    day = models.DateField()
    version = models.PositiveIntegerField()
    object_key = models.CharField(max_length=200, unique=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    rows = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=("kind", "day", "version"), name="export_once_per_version")]

    def __str__(self) -> str:
        return f"{self.kind} {self.day} version {self.version}"
