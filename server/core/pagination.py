"""Cursor pagination: `{next, previous, results}`. Every list states its ordering.

A cursor holds the whole position of a row, so that any number of rows may share the first field of an ordering (a day, a name).
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.utils.timezone import is_naive
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

ORDERING = "ordering"
MAX_CURSOR = 4096


@dataclass(frozen=True, slots=True)
class _Place:
    """Between two rows: after (backwards: before) the row with these values; without values at the list's beginning or end."""

    backwards: bool = False
    values: tuple[str, ...] = ()


class CursorPages(CursorPagination):
    """Oldest first by key; a list with another order derives its own class. `orderings`: by name, what callers may ask for instead."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering: Any = "id"
    orderings: Mapping[str, tuple[str, ...]] = {}
    _place = _Place()
    page: list[Any]
    base_url: str

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.base_url = request.build_absolute_uri()
        order = self._asked_order(request)
        self._fields = tuple(name.removeprefix("-") for name in order)
        self._place = self._read_place(request, queryset.model)
        size = cast("int", self.get_page_size(request))
        if self._place.backwards:
            order = _reversed(order)
        rows = queryset.order_by(*order)
        if self._place.values:
            rows = rows.filter(_after(order, self._place.values))
        found = list(rows[: size + 1])
        self._more = len(found) > size
        self.page = found[:size][:: -1 if self._place.backwards else 1]
        return self.page

    def get_next_link(self) -> str | None:
        if self._place.backwards:
            return self._link(_Place(values=self._values(self.page[-1]) if self.page else ()))
        return self._link(_Place(values=self._values(self.page[-1]))) if self._more else None

    def get_previous_link(self) -> str | None:
        if self._place.backwards:
            return self._link(_Place(backwards=True, values=self._values(self.page[0]))) if self._more else None
        if not self._place.values:
            return None
        return self._link(_Place(backwards=True, values=self._values(self.page[0]) if self.page else ()))

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        if self.orderings:
            choices = {"type": "string", "enum": sorted(self.orderings)}
            parameters.append({"name": ORDERING, "required": False, "in": "query", "description": "another order", "schema": choices})
        return parameters

    def _asked_order(self, request: Request) -> tuple[str, ...]:
        asked = request.query_params.get(ORDERING) if self.orderings else None
        if not asked:
            return (self.ordering,) if isinstance(self.ordering, str) else tuple(self.ordering)
        if asked not in self.orderings:
            raise exceptions.ValidationError({ORDERING: [f"Order by one of: {', '.join(sorted(self.orderings))}."]})
        return self.orderings[asked]

    def _values(self, row: object) -> tuple[str, ...]:
        return tuple(_text(getattr(row, name)) for name in self._fields)

    def _link(self, place: _Place) -> str:
        token = base64.urlsafe_b64encode(json.dumps([place.backwards, *place.values]).encode()).decode()
        return replace_query_param(self.base_url, self.cursor_query_param, token)

    def _read_place(self, request: Request, model: type[Model]) -> _Place:
        """Raises NotFound for what is no cursor of this list in this order."""
        token = request.query_params.get(self.cursor_query_param)
        if not token:
            return _Place()
        try:
            place = _read(token, len(self._fields))
            for name, value in zip(self._fields, place.values, strict=False):
                _check(model, name, value)
        except (ValueError, TypeError, RecursionError, ValidationError, OverflowError) as error:
            raise exceptions.NotFound(self.invalid_cursor_message) from error
        return place


def ordered_by(*fields: str, **orderings: tuple[str, ...]) -> type[CursorPages]:
    """Pages in this order, or in another of those by name. No field may be empty, and the last one must be unique."""
    return type("OrderedCursorPages", (CursorPages,), {"ordering": fields, "orderings": orderings})


def _read(token: str, fields: int) -> _Place:
    """Raises ValueError or TypeError for what no list of so many fields has written."""
    if len(token) > MAX_CURSOR:
        raise ValueError("too long for a cursor")
    backwards, *values = json.loads(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True))
    if not isinstance(backwards, bool) or (values and len(values) != fields):
        raise ValueError("not a cursor of this list")
    return _Place(backwards=backwards, values=tuple(values))


def _reversed(order: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in order)


def _after(order: Sequence[str], values: Sequence[str]) -> Q:
    """The rows after this position. The first condition says nothing new, but an index can follow it."""
    first = order[0].removeprefix("-")
    found, same = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field = name.removeprefix("-")
        found |= same & Q(**{f"{field}__{_direction(name)}": value})
        same &= Q(**{field: value})
    return Q(**{f"{first}__{_direction(order[0])}e": values[0]}) & found


def _direction(name: str) -> str:
    return "lt" if name.startswith("-") else "gt"


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _check(model: type[Model], name: str, value: object) -> None:
    """Raises ValueError or ValidationError for what cannot stand in this field."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("no value of a cursor")
    try:
        field = cast("Field[Any, Any]", model._meta.get_field(name))  # noqa: SLF001  (Django's own name for it)
    except FieldDoesNotExist:
        return
    found = field.to_python(value)
    if isinstance(found, datetime) and is_naive(found):
        raise ValueError("a time without an offset")
