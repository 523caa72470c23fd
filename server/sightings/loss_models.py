"""What nodes say will never come."""

from django.db import models

from server.nodes.models import Node


class CropShed(models.Model):
    """A signed statement that a crop will never come. It may arrive before the sighting it is about."""

    record = models.OneToOneField("sightings.Record", on_delete=models.CASCADE, primary_key=True, related_name="crop_shed")
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

    record = models.OneToOneField("sightings.Record", on_delete=models.CASCADE, primary_key=True, related_name="gap")
    lost_epoch = models.BigIntegerField()
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    reason = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"gap {self.lost_epoch}/{self.from_seq}–{self.to_seq}"
