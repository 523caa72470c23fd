"""What people did. Rows are only ever added: the database refuses every change."""

from django.conf import settings
from django.db import models

from server.core.models import PublicModel


class AuditEntry(PublicModel):
    """One deed: who did what to which thing, and how it was before and after. `actor_name` stays when the account is gone."""

    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    actor_name = models.CharField(max_length=150, help_text="empty: the server itself")
    action = models.CharField(max_length=64, help_text="for example correction.approved")
    target_kind = models.CharField(max_length=64)
    target = models.UUIDField(null=True, blank=True)
    person = models.UUIDField(null=True, blank=True, help_text="whose data it is about")
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=("target_kind", "target", "-id"), name="audit_target"),
            models.Index(fields=("person", "-id"), name="audit_person"),
            models.Index(fields=("actor", "-id"), name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name or 'the server'}"
