"""The terms as OpenAPI describes them."""

from dataclasses import fields
from enum import StrEnum

from server.schedules.term_values import LIMITS, SWITCHABLE
from server.schedules.terms import OpenDayTerms, Terms

Schema = dict[str, object]


def schema_of(usual: Terms | OpenDayTerms) -> Schema:
    """An object with a property for every term, and no other."""
    properties = {field.name: _property(field.name, getattr(usual, field.name)) for field in fields(usual)}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _property(name: str, usual: object) -> Schema:
    if isinstance(usual, StrEnum):
        return {"type": "string", "enum": [member.value for member in type(usual)], "default": usual.value}
    if isinstance(usual, bool):
        return {"type": "boolean", "default": usual}
    least, most = LIMITS[name]
    kind: object = ["integer", "null"] if name in SWITCHABLE else "integer"
    return {"type": kind, "minimum": least, "maximum": most, "default": usual}
