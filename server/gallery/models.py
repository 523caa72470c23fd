"""The gallery: one template per person and model, and the revision that tells nodes when to fetch it anew."""

from django.db import models
from django.db.models import Q

from server.people.models import Person


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

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="gallery_revision_is_one_row")]

    def __str__(self) -> str:
        return f"gallery revision {self.revision}"
