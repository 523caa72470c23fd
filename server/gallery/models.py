"""The gallery: one template per person and model, and the revision that tells nodes when to fetch it anew."""

from django.db import models
from django.db.models import Q

from server.people.models import Person, Sample


class Template(models.Model):
    """What nodes compare faces with: little-endian float32 of unit length, encrypted at rest."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="templates")
    model_id = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField()
    ciphertext = models.BinaryField()
    samples = models.PositiveIntegerField(help_text="how many samples it was made of")
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("person", "model_id"), name="template_once_per_model")]

    def __str__(self) -> str:
        return f"template of {self.person} by {self.model_id}"


class GalleryRevision(models.Model):
    """The one row that counts changes of the gallery. Triggers raise it in the transaction of a change, so revisions commit in order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    revision = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField()
    first_day = models.DateField(null=True, blank=True, help_text="the earliest local date of any site when it was last swept")
    last_day = models.DateField(null=True, blank=True, help_text="the latest local date of any site when it was last swept")
    log_from = models.BigIntegerField(db_default=1, help_text="changes after this revision are all known")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="gallery_revision_is_one_row")]

    def __str__(self) -> str:
        return f"gallery revision {self.revision}"


class GalleryChange(models.Model):
    """The newest revision that altered a person's entry. Triggers write it in the transaction of the change; old ones are pruned."""

    id = models.BigAutoField(primary_key=True)
    model_id = models.CharField(max_length=64, blank=True, help_text="empty: whatever the model")
    person = models.UUIDField()
    revision = models.BigIntegerField(db_index=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("model_id", "person"), name="gallery_change_newest_alone")]

    def __str__(self) -> str:
        return f"{self.person} at {self.revision}"


class GalleryDigest(models.Model):
    """The digest of a model's gallery at the newest revision at which somebody asked for it."""

    id = models.BigAutoField(primary_key=True)
    model_id = models.CharField(max_length=64, unique=True)
    revision = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.model_id} at {self.revision}"


class GalleryModel(models.Model):
    """An embedder that the gallery has, or will have, templates of. Nodes get them from `completed_at` on."""

    id = models.BigAutoField(primary_key=True)
    model_id = models.CharField(max_length=64, unique=True)
    dimension = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True, help_text="when the last sample had been embedded with it")
    last_error = models.CharField(max_length=200, blank=True, help_text="why embedding stands still")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.model_id


class SampleRefusal(models.Model):
    """A sample that an embedder's pipeline could not use: it is not part of that model's templates."""

    id = models.BigAutoField(primary_key=True)
    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="refusals")
    model_id = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("sample", "model_id"), name="sample_refused_once_per_model")]

    def __str__(self) -> str:
        return f"{self.code} of {self.sample} by {self.model_id}"
