"""What staff and people say about attendance: marks, passes entered by hand, corrections. Sightings are never edited."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from server.attendance.rules.facts import State
from server.core.models import PublicModel
from server.schedules.models import Session
from server.sites.models import Door

SAID = [(state.value, state.value) for state in (State.PRESENT, State.ABSENT, State.EXCUSED)]


class ManualMark(PublicModel):
    """Staff say how a person was at a session, enrolled or not. The newest that was not undone counts."""

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="manual_marks")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="manual_marks")
    state = models.CharField(max_length=16, choices=SAID)
    arrived_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    batch = models.UUIDField(null=True, blank=True, help_text="of a whole session marked at once")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(arrived_at__isnull=True) | Q(left_at__isnull=True) | Q(left_at__gte=F("arrived_at")),
                name="manual_mark_in_order",
                violation_error_message="left_at lies before arrived_at",
            )
        ]
        indexes = [models.Index(fields=("session", "person", "-id"), name="manual_mark_newest")]

    def __str__(self) -> str:
        return f"{self.state} by hand"


class ManualPass(PublicModel):
    """Somebody passed a door, entered by hand because no camera told: a fact like a sighting. `at` is when they passed."""

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="manual_passes")
    door = models.ForeignKey(Door, on_delete=models.PROTECT, related_name="manual_passes")
    at = models.DateTimeField()
    way = models.CharField(max_length=4, choices=[("in", "in"), ("out", "out")])
    note = models.TextField(blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("person", "at"), name="manual_pass_person_time")]

    def __str__(self) -> str:
        return f"{self.way} by hand"


class CorrectionState(models.TextChoices):
    """APPROVED ones are laid over the record; UNDONE were approved and no longer are."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"


class Correction(PublicModel):
    """A wish to change one record. `before` is what was published when it was made; None among the changes leaves a field alone."""

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="corrections")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="corrections")
    to_state = models.CharField(max_length=16, choices=SAID, blank=True)
    to_first_in = models.DateTimeField(null=True, blank=True)
    to_last_out = models.DateTimeField(null=True, blank=True)
    to_note = models.TextField(null=True, blank=True)  # noqa: DJ001 (empty clears the note)
    before = models.JSONField(default=dict)
    reason = models.TextField()
    state = models.CharField(max_length=9, choices=CorrectionState.choices, default=CorrectionState.REQUESTED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    approval = models.BigIntegerField(null=True, blank=True, unique=True, help_text="approved corrections are laid over in this order")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(to_state="") | Q(to_first_in__isnull=False) | Q(to_last_out__isnull=False) | Q(to_note__isnull=False),
                name="correction_changes_something",
                violation_error_message="say what should change",
            ),
            models.CheckConstraint(
                condition=Q(to_first_in__isnull=True) | Q(to_last_out__isnull=True) | Q(to_last_out__gte=F("to_first_in")),
                name="correction_in_order",
                violation_error_message="last_out lies before first_in",
            ),
        ]
        indexes = [
            models.Index(fields=("state", "-id"), name="correction_state"),
            models.Index(fields=("session", "person"), name="correction_record"),
        ]

    def __str__(self) -> str:
        return f"correction {self.state}"


class CorrectionComment(PublicModel):
    """What somebody wrote about a correction."""

    correction = models.ForeignKey(Correction, on_delete=models.CASCADE, related_name="comments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"comment on {self.correction_id}"


class CorrectionAttachment(PublicModel):
    """A paper that supports a correction; its content lies encrypted in object storage."""

    correction = models.ForeignKey(Correction, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    object_key = models.CharField(max_length=200, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
