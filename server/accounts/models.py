"""Accounts: who may sign in, with which role, and the tokens programs use. Whom an account belongs to stands in people."""

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models

from server.core.models import PublicModel
from server.core.roles import Role

ROLES = [(role.value, role.value.capitalize()) for role in Role]


class User(AbstractUser):
    """An account. The weakest role is the default."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)
    role = models.CharField(max_length=16, choices=ROLES, default=Role.SELF.value)

    class Meta:
        verbose_name = "user"
        ordering = ("username",)
        constraints = [models.CheckConstraint(condition=models.Q(role__in=[role.value for role in Role]), name="user_role_known")]


class ApiToken(PublicModel):
    """A bearer of the API for one account. Only the hash is kept; the token is shown once, when it is made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    token_sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list, blank=True, help_text="empty: everything the account may do")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class SignInFailures(models.Model):
    """Failed sign-ins in a row for one name, known or not. The name is kept as a hash: people type passwords into it."""

    id = models.BigAutoField(primary_key=True)
    name_sha256 = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "sign-in failures"

    def __str__(self) -> str:
        return f"{self.failures} failures"
