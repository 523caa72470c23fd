"""What is kept of the boots of a node, for the times of those that were never in contact."""

from django.db import models

from server.nodes.models import Node


class BootSpan(models.Model):
    """What the records of one boot in one epoch show of the boot's place in the order and of its clocks."""

    id = models.BigAutoField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="boot_spans")
    epoch = models.BigIntegerField()
    boot_id = models.UUIDField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    last_boot_ns = models.BigIntegerField(help_text="its last reading")
    arrived_boot_ns = models.BigIntegerField(help_text="a reading that had arrived at arrived_ns; of all, the one that says most")
    arrived_ns = models.BigIntegerField(help_text="nanoseconds since 1970")
    least_wall_ns = models.BigIntegerField(null=True, blank=True, help_text="wall clock − boot clock where it was called synchronised")
    greatest_wall_ns = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("node", "epoch", "boot_id"), name="boot_span_once")]

    def __str__(self) -> str:
        return f"{self.boot_id} in {self.epoch}/{self.first_seq}–{self.last_seq}"
