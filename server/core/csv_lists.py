"""Lists as CSV (RFC 4180, UTF-8): `Accept: text/csv` or `?format=csv` answers the whole list, as filtered, instead of one page.

A list view takes `CsvList` as its first base and says `csv_name` and `csv_columns`. Generic views and view sets need nothing else; a plain
view answers with `self.answer(...)`. Times are ISO 8601 with an offset: that of the site where the column says so with `at_site`.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from rest_framework.mixins import ListModelMixin
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from server.core.errors import Rejected

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView

MAX_ROWS = 50_000
_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
Getter = Callable[[Any], object] | str
"""What stands in a column: a function of the row, or a dotted path of attributes; None anywhere on the path is an empty cell."""
Columns = Sequence[tuple[str, Getter]]


class CsvRenderer(JSONRenderer):
    """The text of `csv_text`; a refusal is rendered as a problem in JSON."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: object, accepted_media_type: str | None = None, renderer_context: Mapping[str, object] | None = None) -> bytes:
        return data.encode() if isinstance(data, str) else super().render(data, None, renderer_context)


class CsvList(ListModelMixin):
    """A list that is answered as CSV too. More than `csv_max_rows` rows are refused: a file that was cut off looks whole."""

    csv_name: str
    csv_columns: Columns
    csv_max_rows = MAX_ROWS
    csv_ordering: tuple[str, ...] = ()
    """Empty: the order of the pages."""

    def get_renderers(self) -> list[BaseRenderer]:
        found: list[BaseRenderer] = super().get_renderers()  # type: ignore[misc]  # that of the view this is mixed into
        return [*found, CsvRenderer()] if self._is_list() else found

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not wants_csv(request):
            return super().list(request, *args, **kwargs)
        view = cast("GenericAPIView[Any]", self)
        return self.csv_answer(view.filter_queryset(view.get_queryset()), order=_order(view.pagination_class))

    def answer(
        self, request: Request, rows: QuerySet[Any], *, serializer: type[BaseSerializer[Any]], pages: type[CursorPagination]
    ) -> Response:
        """One page of the rows, or all of them as CSV."""
        if wants_csv(request):
            return self.csv_answer(rows, order=_order(pages))
        paginator = pages()
        found = paginator.paginate_queryset(rows, request, self)  # type: ignore[arg-type]  # a mixin is part of a view
        return paginator.get_paginated_response(serializer(found, many=True).data)

    def csv_answer(self, rows: QuerySet[Any], *, order: Sequence[str] = ()) -> Response:
        """All the rows. Raises Rejected for more than `csv_max_rows`."""
        found = list(rows.order_by(*(self.csv_ordering or order))[: self.csv_max_rows + 1])
        if len(found) > self.csv_max_rows:
            raise Rejected("too_many_rows", f"There are more than {self.csv_max_rows} rows; ask for fewer with the filters of this list.")
        return Response(csv_text(self.csv_columns, found), headers=attachment(f"{self.csv_name}.csv"))

    def _is_list(self) -> bool:
        if hasattr(self, "action"):
            return bool(self.action == "list")
        return getattr(getattr(self, "request", None), "method", None) in {"GET", "HEAD"}


def wants_csv(request: Request) -> bool:
    """Whether the caller asked for CSV where there is CSV."""
    return isinstance(getattr(request, "accepted_renderer", None), CsvRenderer)


def attachment(name: str) -> dict[str, str]:
    """Headers of an answer that is saved as a file. `name` is ours: letters, digits, dots, dashes."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}


def csv_text(columns: Columns, rows: Iterable[object]) -> str:
    """A line of headings, then a line per row."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([heading for heading, _ in columns])
    getters = [_getter(getter) for _, getter in columns]
    lines.writerows([cell(getter(row)) for getter in getters] for row in rows)
    return text.getvalue()


def at_site(moment: Getter, zone: Getter) -> Callable[[Any], object]:
    """A time on the clock of a site: `zone` gives its ZoneInfo, None leaves the time in UTC."""
    moment_of, zone_of = _getter(moment), _getter(zone)

    def local(row: object) -> object:
        at, there = moment_of(row), zone_of(row)
        return at.astimezone(there) if isinstance(at, datetime) and isinstance(there, ZoneInfo) else at

    return local


def cell(value: object) -> str:
    """A value as text. Lists are joined by semicolons, true and false are words, nothing is empty."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return harmless(value)
    if isinstance(value, (list, tuple)):
        return harmless("; ".join(_plain(item) for item in value))
    return _plain(value)


def harmless(text: str) -> str:
    """A spreadsheet takes what begins like a formula for one: an apostrophe before it makes it text."""
    return f"'{text}" if text.startswith(_FORMULA_BEGINS) else text


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value.isoformat() if isinstance(value, date) else str(value)


def _getter(getter: Getter) -> Callable[[Any], object]:
    if not isinstance(getter, str):
        return getter
    names = getter.split(".")
    return lambda row: reduce(lambda found, name: None if found is None else getattr(found, name), names, row)


def _order(pages: object) -> tuple[str, ...]:
    ordering = getattr(pages, "ordering", ())
    return (ordering,) if isinstance(ordering, str) else tuple(ordering)
