"""Marks: what must be derived again. They are appended in the transaction that changed a fact and removed in the one that derived."""

from django.db import models


class Mark(models.Model):
    """One window to derive again. Several marks of one window are worked off together."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=200, help_text="the window, in words its kind understands")
    why = models.CharField(
        max_length=32, blank=True, default="", db_default="", help_text="what changed, for those who ask why a record is another one"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=("kind", "key"), name="mark_window")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
