"""Filters that every list may use."""

from datetime import UTC, datetime

import django_filters
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A time in UTC, whatever its offset was: PostgreSQL takes none beyond 15:59."""

    def to_python(self, value: object) -> datetime | None:
        at = super().to_python(value)
        try:
            return at.astimezone(UTC) if isinstance(at, datetime) else None
        except OverflowError as error:
            raise ValidationError("Use a time between the years 1 and 9999.", code="invalid") from error


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """By a moment, in ISO 8601."""

    field_class = MomentField
