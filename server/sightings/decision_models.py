"""What staff say about passes, and unknown passes grouped by face. A decision is a row; sightings are never edited."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from server.core.models import PublicModel


class Decision(models.TextChoices):
    """ASSIGN: it was this person. REJECT: it was not who it counts for. IGNORE: nobody of ours, leave it out of the lists."""

    ASSIGN = "assign"
    REJECT = "reject"
    IGNORE = "ignore"


class SightingDecision(PublicModel):
    """Staff decided about a sighting. The newest that was not undone counts, above second looks and the node's match."""

    sighting = models.ForeignKey("sightings.Sighting", on_delete=models.CASCADE, related_name="decisions")
    decision = models.CharField(max_length=6, choices=Decision.choices)
    person = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    batch = models.UUIDField(null=True, blank=True, db_index=True, help_text="of many decided at once, for example a whole group")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("sighting", "-id"), name="sighting_decision_newest")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(decision__in=[Decision.REJECT, Decision.IGNORE]) | Q(person__isnull=True),
                name="only_an_assignment_names_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.sighting_id}"


class GroupState(models.TextChoices):
    """What became of a group of unknown passes."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IGNORED = "ignored"


class UnknownGroup(PublicModel):
    """Unknown and unsure passes that look like one person. Passes that come later join it."""

    state = models.CharField(max_length=8, choices=GroupState.choices, default=GroupState.OPEN)
    person = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    batch = models.UUIDField(null=True, blank=True, help_text="of the decisions that assigned or ignored it")
    model_id = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    newest_at = models.DateTimeField(help_text="captured time of its newest pass")
    size = models.PositiveIntegerField(default=0)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-newest_at", "-id")
        indexes = [models.Index(fields=("state", "-newest_at", "-id"), name="unknown_group_newest")]

    def __str__(self) -> str:
        return f"unknown group {self.uuid}"


class UnknownMember(models.Model):
    """A pass belongs to a group of unknown passes."""

    sighting = models.OneToOneField("sightings.Sighting", on_delete=models.CASCADE, primary_key=True, related_name="unknown_member")
    group = models.ForeignKey(UnknownGroup, on_delete=models.CASCADE, related_name="members")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("-sighting_id",)

    def __str__(self) -> str:
        return f"{self.sighting_id} in {self.group_id}"
