"""What serializers say, without looking at their fields again for every row: a list of hundreds takes a fifth of the time.

For answers alone, whose fields are all there and whose serializers need no request.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, cast

from rest_framework import serializers

Says = Callable[[Any], Any]


def said(serializer: type[serializers.BaseSerializer[Any]], value: object) -> Any:
    """What `serializer(value).data` is, in plain dicts and lists."""
    return _class_says(cast("type", serializer))(value)


@lru_cache(maxsize=64)
def _class_says(serializer: type) -> Says:
    return _says(serializer())


def _says(field: serializers.Field[Any, Any, Any, Any]) -> Says:
    """What the field says of a value that is not None."""
    if isinstance(field, serializers.ListSerializer):
        each = _says(cast("serializers.Field[Any, Any, Any, Any]", field.child))
        return lambda rows: [each(row) for row in rows]
    if isinstance(field, serializers.Serializer):
        return _object_says(field)
    return _PLAIN.get(type(field), field.to_representation)


def _object_says(serializer: serializers.Serializer[Any]) -> Says:
    fields = [(str(field.field_name), _reads(field), _says(field)) for field in serializer.fields.values() if not field.write_only]

    def says(row: object) -> dict[str, object]:
        told = {}
        for name, read, say in fields:
            value = read(row)
            told[name] = None if value is None else say(value)
        return told

    return says


def _reads(field: serializers.Field[Any, Any, Any, Any]) -> Says:
    """The value of the field in a row; a field about the whole row reads that."""
    return attrgetter(".".join(field.source_attrs)) if field.source_attrs else lambda row: row


def _moment(at: datetime) -> str:
    """ISO 8601 in UTC, which is the time zone of every answer."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


_PLAIN: dict[type, Says] = {
    serializers.BooleanField: bool,
    serializers.CharField: str,
    serializers.DateTimeField: _moment,
    serializers.IntegerField: int,
    serializers.UUIDField: str,
}
