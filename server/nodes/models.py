"""Nodes, where they hang, how they got their identity, how they are and how wrong their clocks are."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone

from server.core.models import PublicModel
from server.sites.models import Door


class Node(PublicModel):
    """A camera at a door, with the key it signs with and the last it said about itself."""

    name = models.CharField(max_length=120)
    hostname = models.CharField(max_length=253, blank=True)
    public_key = models.BinaryField(max_length=32)
    token_sha256 = models.CharField(max_length=64, unique=True)
    token_generation = models.PositiveIntegerField(default=1)
    token_since = models.DateTimeField(default=timezone.now, help_text="since when the present token is in use")
    next_token_sha256 = models.CharField(
        max_length=64, unique=True, null=True, blank=True, help_text="of the token that was handed out and not used yet"
    )
    next_epoch = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True, help_text="its claim was contested: nothing is accepted from it")

    last_heartbeat_at = models.DateTimeField(null=True, blank=True)
    boot_id = models.UUIDField(null=True, blank=True)
    version = models.CharField(max_length=64, blank=True)
    model_id = models.CharField(max_length=64, blank=True)
    gallery_revision = models.BigIntegerField(default=0)
    settings_revision = models.BigIntegerField(default=0)
    queue_depth = models.BigIntegerField(default=0)
    parked = models.BigIntegerField(default=0)
    crops_waiting = models.BigIntegerField(default=0)
    oldest_boot_age_ms = models.BigIntegerField(null=True, blank=True)
    last_frame_age_ms = models.BigIntegerField(null=True, blank=True)
    free_bytes = models.BigIntegerField(null=True, blank=True)
    camera = models.CharField(max_length=200, blank=True)
    funnel = models.JSONField(default=dict, blank=True)
    health = models.JSONField(default=dict, blank=True, help_text="how its machine was at its last heartbeat")
    epoch = models.BigIntegerField(null=True, blank=True)
    last_seq = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0, help_text="passes it could not record since capture started")
    crops_given_up = models.BigIntegerField(default=0, help_text="crops it shed for room since capture started")
    settings_refused = models.CharField(max_length=200, blank=True, help_text="why the newest settings are not in force")
    held_token_generation = models.BigIntegerField(default=1, help_text="of the token it says it has")
    identify_until = models.DateTimeField(null=True, blank=True, help_text="until when it shall show which node it is")

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """revoked, frozen or active."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.frozen_at is None else "frozen"


class Mount(PublicModel):
    """The node hung at the door from–until. Which door a record belongs to is decided by its captured time."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="mounts")
    door = models.ForeignKey(Door, on_delete=models.PROTECT, related_name="mounts")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-valid_from", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="mount_ends_after_it_began",
                violation_error_message="a mount ends after it began",
            ),
            ExclusionConstraint(
                name="mount_one_door_at_a_time",
                expressions=[
                    (Func(F("node_id"), F("node_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("valid_from"), F("valid_until"), function="tstzrange"), "&&"),
                ],
                violation_error_message="the node already hangs at a door in this time; end that mount first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node} at {self.door}"


class NodeKey(models.Model):
    """The public key a node signed with from–until: its old records stay verifiable when its card has been replaced."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="keys")
    public_key = models.BinaryField(max_length=32)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True, help_text="empty: the key in use")

    class Meta:
        ordering = ("node", "-id")
        constraints = [models.UniqueConstraint(fields=("node",), condition=Q(valid_until__isnull=True), name="node_one_key_in_use")]

    def __str__(self) -> str:
        return f"key of {self.node} from {self.valid_from}"


class SpentToken(models.Model):
    """The hash of a bearer token that is good for nothing any more: whoever still sends it has an old copy of the node's card."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="spent_tokens")
    token_sha256 = models.CharField(max_length=64, unique=True)
    generation = models.BigIntegerField()
    ended_at = models.DateTimeField()

    class Meta:
        ordering = ("node", "-generation")

    def __str__(self) -> str:
        return f"token {self.generation} of {self.node}"


class NodeBoot(models.Model):
    """A boot of a node that was heard of. One that comes back after another one was heard belongs to a second copy of the node."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="boots")
    boot_id = models.UUIDField()
    first_at = models.DateTimeField()

    class Meta:
        ordering = ("node", "-id")
        constraints = [models.UniqueConstraint(fields=("node", "boot_id"), name="node_boot_once")]

    def __str__(self) -> str:
        return f"boot {self.boot_id} of {self.node}"


class EpochGrant(models.Model):
    """An epoch handed out to a node whose numbers were used up by another copy of it. No epoch is handed out twice."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="epoch_grants")
    boot_id = models.UUIDField()
    epoch = models.BigIntegerField(help_text="the one the node was in")
    last_seq = models.BigIntegerField()
    granted = models.BigIntegerField()
    granted_at = models.DateTimeField()

    class Meta:
        ordering = ("node", "-granted")
        constraints = [
            models.UniqueConstraint(fields=("node", "boot_id", "epoch", "last_seq"), name="epoch_granted_once_per_request"),
            models.UniqueConstraint(fields=("node", "granted"), name="epoch_granted_to_one"),
        ]

    def __str__(self) -> str:
        return f"epoch {self.granted} for {self.node}"


class AlarmKind(models.TextChoices):
    """What only a person can put right."""

    CLONED = "cloned", "two computers use this node's identity"
    ROLLED_BACK = "rolled_back", "its card went back to an earlier state"
    CONFLICT = "conflict", "it sent other records under numbers already used"
    OLD_TOKEN = "old_token", "somebody used a token that was replaced"
    CONTESTED = "contested", "its claim token was used with two keys"


class NodeAlarm(PublicModel):
    """Something about a node that only a person can put right. While it is open it is counted, not repeated."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="alarms")
    kind = models.CharField(max_length=16, choices=AlarmKind.choices)
    detail = models.CharField(max_length=200, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.BigIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True, help_text="what was found and done")

    class Meta:
        ordering = ("-last_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=("node", "kind"), condition=Q(resolved_at__isnull=True), name="node_alarm_open_once"),
        ]

    def __str__(self) -> str:
        return f"{self.node}: {self.get_kind_display()}"


class ClaimToken(PublicModel):
    """A one-time token that makes a node of a door, or gives an existing node to a new card. Only its hash is kept."""

    token_sha256 = models.CharField(max_length=64, unique=True)
    door = models.ForeignKey(
        Door, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="empty: it is for a node that is there already"
    )
    name = models.CharField(max_length=120)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    node = models.ForeignKey(
        Node, on_delete=models.SET_NULL, null=True, blank=True, related_name="claims", help_text="the node it made, or is for"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    public_key = models.BinaryField(max_length=32, null=True, blank=True, help_text="the key that it was used with")
    token_generation = models.PositiveIntegerField(default=1, help_text="of the bearer token that it was answered with")
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"claim of {self.name}"


class ClaimConflict(PublicModel):
    """Two keys came with one token: somebody has a copy of it. Both are out until staff decide."""

    claim = models.ForeignKey(ClaimToken, on_delete=models.CASCADE, related_name="conflicts")
    public_key = models.BinaryField(max_length=32)
    hostname = models.CharField(max_length=253, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"conflict over {self.claim}"


class NodeSettingsRevision(models.Model):
    """What a node is told about how to work. Rows are only added; the highest revision counts."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="settings_revisions")
    revision = models.BigIntegerField()
    body = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("node", "-revision")
        constraints = [models.UniqueConstraint(fields=("node", "revision"), name="settings_revision_once")]

    def __str__(self) -> str:
        return f"{self.node} settings {self.revision}"


class ClockOffset(models.Model):
    """Wall time = boot clock + offset, as seen by one contact; the best contact of every hour of a boot is kept."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="clock_offsets")
    boot_id = models.UUIDField()
    hour = models.BigIntegerField(help_text="hour of the boot clock")
    at_boot_ns = models.BigIntegerField()
    offset_ns = models.BigIntegerField()
    half_width_ns = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("node", "boot_id", "hour"), name="clock_offset_once_per_hour")]

    def __str__(self) -> str:
        return f"{self.node} boot {self.boot_id}"
