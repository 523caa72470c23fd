"""Attendance: what the rules derived, and what staff said. Derived rows are replaced when their facts change, or kept where sealed."""

from django.db import models
from django.db.models import F, Q

from server.attendance.correction_models import (  # noqa: F401 (Django looks for models here)
    Correction,
    CorrectionAttachment,
    CorrectionComment,
    CorrectionState,
    ManualMark,
    ManualPass,
)
from server.attendance.rules.facts import Method, State
from server.attendance.rules.records import Excuse, VisitState
from server.attendance.seal_models import Discrepancy, DiscrepancyState, RecordChange, Seal  # noqa: F401
from server.core.models import PublicModel
from server.schedules.models import Area, Session
from server.sites.models import Site

STATES = [(state.value, state.value.replace("_", " ")) for state in State]
METHODS = [(method.value, method.value) for method in Method]


class Derivation(PublicModel):
    """What derived rows have in common. `version` rises with every change; `gone_at`: nothing like it is derived any more."""

    changed_at = models.DateTimeField(help_text="beginning of the transaction that changed it")
    version = models.PositiveIntegerField(default=1)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class OpenDayRecord(Derivation):
    """A person's open day at a site: first and last seen on one local day."""

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="open_days")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="open_days")
    local_date = models.DateField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    sightings = models.PositiveIntegerField()
    worked_s = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ("-local_date", "person", "site")
        constraints = [
            models.UniqueConstraint(fields=("person", "site", "local_date"), name="open_day_once"),
            models.CheckConstraint(condition=Q(last_seen__gte=F("first_seen")), name="open_day_in_order"),
        ]
        indexes = [
            models.Index(fields=("local_date", "person"), name="open_day_date"),
            models.Index(fields=("changed_at", "id"), name="open_day_changed"),
        ]

    def __str__(self) -> str:
        return f"open day {self.local_date}"


class AttendanceRecord(Derivation):
    """A person at a session."""

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="attendance")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="attendance")
    local_date = models.DateField(help_text="that of the session")
    state = models.CharField(max_length=16, choices=STATES)
    decided = models.BooleanField()
    late_by_s = models.PositiveIntegerField(null=True)
    late_uncertain = models.BooleanField(default=False)
    left_early_by_s = models.PositiveIntegerField(null=True)
    early_uncertain = models.BooleanField(default=False)
    half_day = models.BooleanField(default=False)
    worked_s = models.PositiveIntegerField(null=True)
    first_in = models.DateTimeField(null=True)
    last_out = models.DateTimeField(null=True)
    method = models.CharField(max_length=8, choices=METHODS, blank=True)
    excuse = models.CharField(max_length=8, choices=[(excuse.value, excuse.value) for excuse in Excuse], blank=True)
    note = models.TextField(blank=True)
    problems = models.JSONField(default=list)
    evidence = models.JSONField(default=list, help_text="ids of the passes it rests on")
    mark = models.ForeignKey(ManualMark, on_delete=models.SET_NULL, null=True, related_name="+")
    corrections = models.JSONField(default=list, help_text="keys of the corrections laid over it")

    class Meta:
        ordering = ("-local_date", "session", "person")
        constraints = [models.UniqueConstraint(fields=("session", "person"), name="attendance_once")]
        indexes = [
            models.Index(fields=("person", "local_date"), name="attendance_person_date"),
            models.Index(fields=("local_date", "session"), name="attendance_date"),
            models.Index(fields=("changed_at", "id"), name="attendance_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.local_date}"


class VisitRow(Derivation):
    """A visit to an area, known by its first pass."""

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="visits")
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="visits")
    local_date = models.DateField()
    state = models.CharField(max_length=12, choices=[(state.value, state.value.replace("_", " ")) for state in VisitState])
    entered_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    at = models.DateTimeField(help_text="of the entry, or of the exit where no entry was seen")
    duration_s = models.PositiveIntegerField(null=True)
    entry_id = models.CharField(max_length=48, blank=True)
    exit_id = models.CharField(max_length=48, blank=True)
    known_by = models.CharField(max_length=48, help_text="the id of the entry, or of the exit where no entry was seen")
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ("-at", "-id")
        constraints = [models.UniqueConstraint(fields=("area", "person", "known_by"), name="visit_once")]
        indexes = [
            models.Index(fields=("area", "-at", "-id"), name="visit_area_time"),
            models.Index(fields=("person", "-at", "-id"), name="visit_person_time"),
            models.Index(fields=("-at", "-id"), name="visit_time"),
            models.Index(fields=("person", "local_date"), name="visit_person_date"),
            models.Index(fields=("changed_at", "id"), name="visit_changed"),
        ]

    def __str__(self) -> str:
        return f"visit {self.at}"
