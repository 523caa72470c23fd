"""Attendance, open days and visits for staff: what the rules derived, with what staff said about it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.response import Response

from server.attendance.columns import ATTENDANCE_COLUMNS, OPEN_DAY_COLUMNS, VISIT_COLUMNS
from server.attendance.examples import RECORD_EXAMPLE, VISIT_EXAMPLE
from server.attendance.filters import AttendanceFilter, OpenDayFilter, VisitFilter
from server.attendance.models import AttendanceRecord, Derivation, OpenDayRecord, VisitRow
from server.attendance.selectors import attendance_visible, open_days_visible, visits_visible
from server.attendance.serializers import AttendanceSerializer, OpenDaySerializer, VisitSerializer
from server.core.csv_lists import CsvList
from server.core.errors import Malformed
from server.core.pagination import CursorPages
from server.core.permissions import Resource, scope_of_request
from server.core.since import SINCE_PARAMETER, changes_ordered_by, since_of

_R = TypeVar("_R", bound=Derivation)
BY_DATE: Mapping[str, tuple[str, ...]] = {
    "date": ("local_date", "id"), "-date": ("-local_date", "-id"), "changed_at": ("changed_at", "id"), "-changed_at": ("-changed_at", "-id")
}  # fmt: skip


class _Derived(CsvList, ListAPIView[_R]):
    """JSON in pages, or all of it as CSV, oldest first. With `since`: only changes."""

    resource: Resource
    visible: ClassVar[Callable[..., QuerySet[Any]]]
    pagination_class: type[CursorPages] | None = changes_ordered_by("-local_date", "-id", **BY_DATE)
    csv_ordering: tuple[str, ...] = ("local_date", "person__name", "id")

    def csv_answer(self, rows: QuerySet[_R], *, order: Sequence[str] = ()) -> Response:
        if since_of(self.request) is not None:
            raise Malformed("since_in_csv", "Changes are told in JSON alone; leave out `since`, or ask for JSON.")
        return super().csv_answer(rows, order=order)

    def get_queryset(self) -> QuerySet[_R]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset  # type: ignore[return-value]  # every list of these names an empty one
        scope = scope_of_request(self.request, self.resource)
        return type(self).visible(user=self.request.user, scope=scope, gone=since_of(self.request) is not None)


@extend_schema_view(get=extend_schema(parameters=[SINCE_PARAMETER]))
class OpenDaysApi(_Derived[OpenDayRecord]):
    """Open days, newest first: first seen, last seen and how often, of everybody who was seen, with a schedule or without."""

    resource = Resource.ATTENDANCE
    visible = staticmethod(open_days_visible)
    queryset = OpenDayRecord.objects.none()
    serializer_class = OpenDaySerializer
    filterset_class: type[django_filters.FilterSet] | None = OpenDayFilter
    csv_name, csv_columns = "open-days", OPEN_DAY_COLUMNS


@extend_schema_view(get=extend_schema(parameters=[SINCE_PARAMETER], examples=[RECORD_EXAMPLE]))
class AttendanceApi(_Derived[AttendanceRecord]):
    """Everybody at every session they were expected at, newest day first."""

    resource = Resource.ATTENDANCE
    visible = staticmethod(attendance_visible)
    queryset = AttendanceRecord.objects.none()
    serializer_class = AttendanceSerializer
    filterset_class: type[django_filters.FilterSet] | None = AttendanceFilter
    csv_name, csv_columns = "attendance", ATTENDANCE_COLUMNS
    csv_ordering: tuple[str, ...] = ("local_date", "session__begins_at", "session_id", "person__name", "id")


@extend_schema_view(get=extend_schema(parameters=[SINCE_PARAMETER], examples=[VISIT_EXAMPLE]))
class VisitsApi(_Derived[VisitRow]):
    """Who was in which area, from when until when. Latest entry first."""

    resource = Resource.VISITS
    visible = staticmethod(visits_visible)
    queryset = VisitRow.objects.none()
    serializer_class = VisitSerializer
    filterset_class: type[django_filters.FilterSet] | None = VisitFilter
    pagination_class = changes_ordered_by("-at", "-id", **{**BY_DATE, "at": ("at", "id"), "-at": ("-at", "-id")})
    csv_name, csv_columns = "visits", VISIT_COLUMNS
    csv_ordering: tuple[str, ...] = ("at", "id")
