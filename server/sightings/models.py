"""What nodes reported. A record is immutable and keeps its exact bytes; what is derived from it stands in rows of its own."""

from django.db import models

from server.core.models import PublicModel
from server.nodes.models import Node
from server.sites.models import Door


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
    """One pass, in columns. Time, door and person are derived and may be refined; the record is not."""

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="sighting")
    uuid = models.UUIDField(unique=True, editable=False)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="sightings")
    received_at = models.DateTimeField()
    boot_id = models.UUIDField()
    boot_ns = models.BigIntegerField()
    wall_ns = models.BigIntegerField()
    synchronised = models.BooleanField()

    captured_at = models.DateTimeField(help_text="where the time is not known: the latest it can be")
    uncertainty_ms = models.BigIntegerField(null=True, blank=True, help_text="the true time lies within ± this; empty: only bounded")
    time_known = models.BooleanField()
    door = models.ForeignKey(Door, on_delete=models.PROTECT, null=True, blank=True, related_name="sightings")

    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    person = models.ForeignKey("people.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="sightings")
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
            models.Index(fields=("person", "captured_at"), name="sighting_person_time"),
            models.Index(fields=("door", "captured_at"), name="sighting_door_time"),
            models.Index(fields=("node", "boot_id"), name="sighting_boot"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.uuid}"

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
    """The node looked at its door from–until on its boot clock."""

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="observation")
    boot_id = models.UUIDField()
    from_boot_ns = models.BigIntegerField()
    until_boot_ns = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    blind = models.JSONField(default=list)
    funnel = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"observation {self.record_id}"


class CropShed(models.Model):
    """A signed statement that a crop will never come. It may arrive before the sighting it is about."""

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="crop_shed")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="crops_shed")
    crop_sha256 = models.CharField(max_length=64)
    sighting_epoch = models.BigIntegerField()
    sighting_seq = models.BigIntegerField()
    reason = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=("node", "sighting_epoch", "sighting_seq"), name="crop_shed_about")]

    def __str__(self) -> str:
        return f"crop shed {self.sighting_epoch}/{self.sighting_seq}"


class Gap(models.Model):
    """A signed statement that a damaged outbox lost records."""

    record = models.OneToOneField(Record, on_delete=models.CASCADE, primary_key=True, related_name="gap")
    lost_epoch = models.BigIntegerField()
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    reason = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"gap {self.lost_epoch}/{self.from_seq}–{self.to_seq}"


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
