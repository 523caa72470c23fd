"""What is missing of a node's records, for coverage."""

from django.db import models
from django.db.models import F, Q

from server.nodes.models import Node


class MissingRange(models.Model):
    """Numbers of an epoch that have not arrived although later ones have. What they tell was seen between the two times."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="missing_ranges")
    epoch = models.BigIntegerField()
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    earliest_at = models.DateTimeField()
    latest_at = models.DateTimeField()
    found_at = models.DateTimeField()

    class Meta:
        ordering = ("node", "epoch", "from_seq")
        constraints = [
            models.UniqueConstraint(fields=("node", "epoch", "from_seq"), name="missing_range_once"),
            models.CheckConstraint(condition=Q(to_seq__gte=F("from_seq")), name="missing_range_in_order"),
        ]
        indexes = [models.Index(fields=("node", "latest_at"), name="missing_range_time")]

    def __str__(self) -> str:
        return f"{self.epoch}/{self.from_seq}–{self.to_seq}"
