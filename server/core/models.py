"""What the tables have in common: a bigint key inside, a UUID for everybody outside."""

from uuid import uuid4

from django.db import models


class PublicModel(models.Model):
    """A row with a public name."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)

    class Meta:
        abstract = True
