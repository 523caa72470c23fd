"""Reading what has changed: `since`, and the `next_since` to ask with next time.

Rows carry `changed_at`, the time at which the transaction that changed them began. A long transaction may commit late, with a time that
lies behind what others were told long ago; so `next_since` reaches no further than the beginning of the oldest transaction that still
runs. Every change is told at least once, and one may be told again. Times, not transaction numbers: they still hold after a restore.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from server.core.pagination import CursorPages

SINCE = "since"
NEXT_SINCE = "next_since"
SINCE_PARAMETER = OpenApiParameter(
    SINCE,
    datetime,
    description="what changed at or after this time, oldest change first, with rows that are no more (`gone`). Follow `next` to the end, "
    "then ask again with `next_since`; a change may be told twice. Begin with 1970-01-01T00:00:00Z. Not for CSV",
)
_UNQUOTED_PLUS = re.compile(r" (\d\d:?\d\d)$")
LAG = timedelta(seconds=5)
"""What a database session shows of itself lags behind what it does by a moment; a small step of the clock is made up for, too."""
_SETTLED = """
    SELECT least(clock_timestamp() - %s * interval '1 second', min(xact_start)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def settled() -> datetime:
    """No row will appear any more whose `changed_at` lies before this. Ask before reading the rows."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLED, [LAG.total_seconds()])
        found: datetime = cursor.fetchone()[0]
    return found.astimezone(UTC)


def transaction_began() -> datetime:
    """When the running transaction began: the `changed_at` of whatever it changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT transaction_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found.astimezone(UTC)


def since_of(request: Request) -> datetime | None:
    """What the request asks for; None: everything as it is. Raises ValidationError for what is no time with an offset."""
    return _moment(request, SINCE)


class ChangePages(CursorPages):
    """Pages of a list that may be asked for its changes: those are in the order of their change, and tell `next_since`."""

    _next_since: datetime | None = None

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: APIView | None = None) -> list[Any]:
        since = since_of(request)
        if since is None:
            return super().paginate_queryset(queryset, request, view)
        self.ordering, self.orderings = ("changed_at", "id"), {}
        self._next_since = _moment(request, NEXT_SINCE) or settled()
        page = super().paginate_queryset(queryset.filter(changed_at__gte=since), request, view)
        self.base_url = replace_query_param(self.base_url, NEXT_SINCE, self._next_since.isoformat())
        return page

    def get_paginated_response(self, data: Any) -> Response:
        answer = super().get_paginated_response(data)
        if self._next_since is not None:
            answer.data[NEXT_SINCE] = self._next_since
        return answer

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        words = "only where `since` was asked: ask with it when you have read the last page"
        described["properties"][NEXT_SINCE] = {
            "type": "string", "format": "date-time", "description": words, "example": "2026-11-20T09:41:00Z"
        }  # fmt: skip
        return described


def changes_ordered_by(*fields: str, **orderings: tuple[str, ...]) -> type[ChangePages]:
    """As `ordered_by`, for tables with `changed_at`."""
    return type("OrderedChangePages", (ChangePages,), {"ordering": fields, "orderings": orderings})


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        found = parse_datetime(_UNQUOTED_PLUS.sub(r"+\1", text))
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise exceptions.ValidationError({name: ["Write a time with its offset, for example 2026-01-31T08:00:00Z."]})
