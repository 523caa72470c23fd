"""People, their groups and their samples. Images and embeddings are encrypted; plain columns hold nothing biometric."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value

from server.core.models import PublicModel


class Person(PublicModel):
    """Somebody who walks through doors. `active_from` and `active_until` are days, both included."""

    name = models.CharField(max_length=200)
    number = models.CharField(max_length=64, null=True, blank=True, unique=True, help_text="staff or student number")
    position = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=64, blank=True)
    active_from = models.DateField(null=True, blank=True)
    active_until = models.DateField(null=True, blank=True)
    consent_at = models.DateTimeField(null=True, blank=True, help_text="when the person agreed to be recognised; empty: not agreed")
    account = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="person")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "id")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="person_has_a_name", violation_error_message="a person has a name"),
            models.CheckConstraint(
                condition=Q(active_from__isnull=True) | Q(active_until__isnull=True) | Q(active_until__gte=F("active_from")),
                name="person_active_in_order",
                violation_error_message="active_until lies before active_from",
            ),
            models.CheckConstraint(condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="person_not_merged_into_itself"),
        ]

    def __str__(self) -> str:
        return self.name


class Group(PublicModel):
    """A department, class or team. `managers` see the attendance of its members."""

    name = models.CharField(max_length=200, unique=True)
    managers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="managed_groups")

    class Meta:
        ordering = ("name", "id")
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="group_has_a_name", violation_error_message="a group has a name")]

    def __str__(self) -> str:
        return self.name


class Membership(PublicModel):
    """A person belongs to a group from a day until a day, both included; nobody is in one group twice at a time."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="memberships")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("-valid_from", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="membership_in_order",
                violation_error_message="valid_until lies before valid_from",
            ),
            ExclusionConstraint(
                name="membership_once_at_a_time",
                expressions=[
                    (Func(F("person_id"), F("person_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("group_id"), F("group_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("valid_from"), F("valid_until"), Value("[]"), function="daterange"), "&&"),
                ],
                violation_error_message="the person already belongs to this group in that time; end that membership first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.group}"


class SampleState(models.TextChoices):
    """Whether a sample is part of the template."""

    ACTIVE = "active"
    SET_ASIDE = "set_aside"


class SetAside(models.TextChoices):
    """Why a sample is not part of the template. The values of the automatic ones are those of the face pipeline."""

    UNLIKE = "unlike", "unlike the other samples of this person"
    REDUNDANT = "redundant", "much like another sample, and there are more than enough"
    DAMAGED = "damaged", "its embedding cannot be read"
    BY_HAND = "by_hand", "set aside by staff"


class Ruling(models.TextChoices):
    """What staff say of a sample. It stands above every automatic rule."""

    AUTOMATIC = "automatic"
    KEEP = "keep"
    SET_ASIDE = "set_aside"


class Sample(PublicModel):
    """An image for enrolment. The image lies encrypted in object storage under a key that says nothing.

    `yaw` is positive when the person looks to their own left; samples from before it was measured have none.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="samples")
    sha256 = models.CharField(max_length=64, help_text="of the image as it was sent")
    object_key = models.CharField(max_length=200, unique=True)
    crop_key = models.CharField(max_length=200, unique=True)
    size_bytes = models.PositiveIntegerField()
    quality = models.FloatField()
    face_px = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=SampleState.choices, default=SampleState.ACTIVE)
    reason = models.CharField(max_length=16, choices=SetAside.choices, blank=True, help_text="why it was set aside")
    ruling = models.CharField(max_length=16, choices=Ruling.choices, default=Ruling.AUTOMATIC)
    ruled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    ruled_at = models.DateTimeField(null=True, blank=True)
    yaw = models.FloatField(null=True, blank=True, help_text="shift of the nose tip, in distances between the eyes")
    brightness = models.FloatField(null=True, blank=True, help_text="mean grey level of the face, 0 to 255")
    sharpness = models.FloatField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("person", "sha256"), name="sample_once_per_person"),
            models.CheckConstraint(
                condition=Q(state=SampleState.ACTIVE, reason="") | (Q(state=SampleState.SET_ASIDE) & ~Q(reason="")),
                name="sample_set_aside_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"sample of {self.person}"


class SampleEmbedding(models.Model):
    """What one embedder made of a sample: little-endian float32, encrypted."""

    id = models.BigAutoField(primary_key=True)
    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="embeddings")
    model_id = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField()
    ciphertext = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("sample", "model_id"), name="sample_embedding_once_per_model")]

    def __str__(self) -> str:
        return f"embedding of {self.sample} by {self.model_id}"
