"""What nodes reported. A record is immutable and keeps its exact bytes; what is derived from it stands in rows of its own."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from server.core.models import PublicModel
from server.nodes.models import Node
from server.sightings.boot_models import BootSpan  # noqa: F401 (Django looks for models here)
from server.sightings.coverage_models import MissingRange  # noqa: F401
from server.sightings.decision_models import SightingDecision, UnknownGroup, UnknownMember  # noqa: F401
from server.sightings.loss_models import CropShed as CropShed  # noqa: PLC0414 (a model of this module)
from server.sightings.loss_models import Gap as Gap  # noqa: PLC0414
from server.sightings.second_look import Difference, Reason, Verdict
from server.sites.models import Door
from shared_schema import sighting as wire
from shared_schema.sighting import Evidence


class Record(models.Model):
    """A signed record exactly as it arrived. `uuid` is a function of (node, epoch, seq)."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, editable=False)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="records")
    epoch = models.BigIntegerField()
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    protocol = models.PositiveIntegerField()
    payload = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    signature = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("node", "epoch", "seq"), name="record_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.epoch}/{self.seq}"


class Outcome(models.TextChoices):
    """The three answers of a door."""

    MATCH = "match"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


class Sighting(models.Model):
    """One pass, in columns. The node's answer stays as reported; time, door and whom it counts for are derived and may be refined."""

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="sighting")
    uuid = models.UUIDField(unique=True, editable=False)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="sightings")
    received_at = models.DateTimeField()
    boot_id = models.UUIDField()
    boot_ns = models.BigIntegerField()
    wall_ns = models.BigIntegerField()
    synchronised = models.BooleanField()

    earliest_at = models.DateTimeField(help_text="it was not before this")
    latest_at = models.DateTimeField(help_text="it was not after this")
    captured_at = models.DateTimeField(help_text="what stands for the interval: its middle; where the time is not known, the latest")
    uncertainty_ms = models.BigIntegerField(null=True, blank=True, help_text="the true time lies within ± this; empty: only bounded")
    time_known = models.BooleanField()
    door = models.ForeignKey(Door, on_delete=models.PROTECT, null=True, blank=True, related_name="sightings")

    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    person = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="sightings")
    counts_for = models.ForeignKey(
        "people.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="counted_sightings",
        help_text="whose attendance it is: the node's match, unless staff accepted another answer",
    )
    candidate_uuid = models.UUIDField(null=True, blank=True)
    similarity = models.FloatField(null=True, blank=True)
    runner_up_uuid = models.UUIDField(null=True, blank=True)
    margin = models.FloatField(null=True, blank=True, help_text="lead over the runner-up; empty: there was none")
    quality = models.FloatField()
    frames = models.PositiveIntegerField()
    agreeing_frames = models.PositiveIntegerField()
    pad_value = models.FloatField(null=True, blank=True)
    model_id = models.CharField(max_length=64)
    gallery_revision = models.BigIntegerField()

    class Meta:
        ordering = ("-captured_at", "-record_id")
        indexes = [
            models.Index(fields=("-captured_at", "-record"), name="sighting_newest"),
            models.Index(fields=("-received_at", "-record"), name="sighting_newest_received"),
            models.Index(fields=("person", "captured_at"), name="sighting_person_time"),
            models.Index(fields=("counts_for", "captured_at"), name="sighting_counts_for_time"),
            models.Index(fields=("door", "captured_at"), name="sighting_door_time"),
            models.Index(fields=("node", "boot_id"), name="sighting_boot"),
            models.Index(fields=("-captured_at", "-record"), condition=Q(counts_for__isnull=True), name="sighting_of_nobody"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.uuid}"

    @property
    def evidence(self) -> Evidence:
        """Why the node decided as it did, read from its record."""
        return wire.Sighting.model_validate_json(bytes(self.record.payload)).evidence

    @property
    def names_nobody_here(self) -> bool:
        """The node matched somebody this server does not have."""
        return self.outcome == Outcome.MATCH and self.person_id is None


class Probe(models.Model):
    """The embedding a decision rests on, encrypted at rest. It can be erased; the record stays valid."""

    sighting = models.OneToOneField(Sighting, on_delete=models.CASCADE, primary_key=True, related_name="probe")
    sha256 = models.CharField(max_length=64)
    ciphertext = models.BinaryField(null=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"probe of {self.sighting_id}"


class CropState(models.TextChoices):
    """Where the evidence image is."""

    AWAITED = "awaited"
    STORED = "stored"
    SHED = "shed"
    ERASED = "erased"


class Crop(models.Model):
    """The evidence image of a sighting; the image itself lies in object storage."""

    sighting = models.OneToOneField(Sighting, on_delete=models.CASCADE, primary_key=True, related_name="crop")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="crops")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=CropState.choices, default=CropState.AWAITED)
    object_key = models.CharField(max_length=200, blank=True)
    stored_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=("node", "sha256"), name="crop_node_hash")]

    def __str__(self) -> str:
        return f"crop {self.sha256[:12]}"


class Observation(models.Model):
    """The node looked at its door from–until on its boot clock. The times are derived from it and may be refined."""

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="observation")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="observations")
    epoch = models.BigIntegerField()
    seq = models.BigIntegerField()
    boot_id = models.UUIDField()
    from_boot_ns = models.BigIntegerField()
    until_boot_ns = models.BigIntegerField()
    begins_at = models.DateTimeField(null=True, help_text="middle of the interval in which it began; empty: only bounded")
    ends_at = models.DateTimeField(null=True)
    uncertainty_ms = models.BigIntegerField(null=True, help_text="the true times lie within ± this")
    last_seq = models.BigIntegerField()
    blind = models.JSONField(default=list)
    funnel = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=("node", "ends_at"), name="observation_node_time"),
            models.Index(fields=("node", "epoch", "seq"), name="observation_order"),
            models.Index(fields=("node", "boot_id"), name="observation_boot"),
        ]

    def __str__(self) -> str:
        return f"observation {self.record_id}"


class RecordConflict(PublicModel):
    """The same (node, epoch, seq) came with another content: a cloned or rolled back card. Both versions are kept."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="conflicts")
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    payload = models.BinaryField()
    signature = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=("record", "sha256"), name="record_conflict_once")]

    def __str__(self) -> str:
        return f"conflict over {self.record}"


class SecondLook(PublicModel):
    """What the server's gallery says about a sighting's probe. A row is never changed; the newest one of a sighting counts."""

    sighting = models.ForeignKey(Sighting, on_delete=models.CASCADE, related_name="second_looks")
    made_at = models.DateTimeField()
    reason = models.CharField(max_length=16, choices=Reason.choices)
    difference = models.CharField(max_length=8, choices=Difference.choices)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    person = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="second_looks")
    candidate_uuid = models.UUIDField(null=True, blank=True)
    similarity = models.FloatField(null=True, blank=True)
    runner_up_uuid = models.UUIDField(null=True, blank=True)
    margin = models.FloatField(null=True, blank=True)
    doubts = models.JSONField(default=list)
    model_id = models.CharField(max_length=64)
    gallery_revision = models.BigIntegerField()
    gallery_size = models.PositiveIntegerField(help_text="people who belonged there on the day of the sighting")
    settings_revision = models.BigIntegerField(help_text="of the sighting's node")
    min_similarity = models.FloatField()
    unsure_similarity = models.FloatField()
    min_margin = models.FloatField()
    min_agreeing_frames = models.PositiveIntegerField()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("sighting", "-id"), name="second_look_newest"),
            models.Index(fields=("-id",), condition=~Q(difference="same"), name="second_look_differs"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("sighting", "model_id", "gallery_revision", "settings_revision", "min_similarity"), name="second_look_once"
            ),
        ]

    def __str__(self) -> str:
        return f"second look {self.uuid}"


class SecondLookVerdict(PublicModel):
    """Staff accepted or dismissed a second look, or took that back. A row is never changed; the newest one counts."""

    second_look = models.ForeignKey(SecondLook, on_delete=models.CASCADE, related_name="verdicts")
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("second_look", "-id"), name="second_look_verdict_newest")]

    def __str__(self) -> str:
        return f"{self.verdict} {self.second_look}"


class SecondLookRun(models.Model):
    """How far the background job has come on one ground: a gallery and the bars of all nodes. Its row lock is the lease."""

    id = models.BigAutoField(primary_key=True)
    ground = models.CharField(max_length=120, unique=True, help_text="model, gallery revision and newest settings of any node")
    since = models.DateTimeField()
    cursor = models.BigIntegerField(default=0, help_text="key of the last record looked at")
    counts = models.JSONField(default=dict)
    begun_at = models.DateTimeField()
    caught_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"second look at {self.ground}"
