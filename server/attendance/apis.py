"""Attendance and presence for staff."""

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from server.attendance.models import OpenDayRecord
from server.attendance.selectors import in_now, open_days_visible
from server.attendance.serializers import OpenDaySerializer
from server.attendance.spreadsheet import MAX_ROWS, CsvRenderer, csv_of
from server.core.errors import Rejected
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request


class OpenDayFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By local date (`date`, or `from` and `to`, both inclusive), person and site (UUIDs)."""

    date = django_filters.DateFilter(field_name="local_date")
    to = django_filters.DateFilter(field_name="local_date", lookup_expr="lte")
    person = django_filters.UUIDFilter(field_name="person__uuid")
    site = django_filters.UUIDFilter(field_name="site__uuid")

    class Meta:
        model = OpenDayRecord
        fields: tuple[str, ...] = ()


FORMAT = OpenApiParameter("format", str, enum=("json", "csv"), description="instead of the Accept header")
ANSWERS = {(200, "application/json"): OpenDaySerializer(many=True), (200, "text/csv"): OpenApiTypes.STR}

# `from` is no name that a class body can have
OpenDayFilter.base_filters["from"] = django_filters.DateFilter(field_name="local_date", lookup_expr="gte")


class _OpenDays(ListAPIView[OpenDayRecord]):
    """JSON in pages, or all of it as CSV: `Accept: text/csv` or `?format=csv`."""

    resource = Resource.ATTENDANCE
    serializer_class = OpenDaySerializer
    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer, CsvRenderer)
    queryset = OpenDayRecord.objects.none()

    def get_queryset(self) -> QuerySet[OpenDayRecord]:
        if getattr(self, "swagger_fake_view", False):
            return OpenDayRecord.objects.none()
        return open_days_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        if getattr(request.accepted_renderer, "format", "") != CsvRenderer.format:
            return super().list(request, *args, **kwargs)
        found = list(self.filter_queryset(self.get_queryset()).order_by("local_date", "person__name", "id")[: MAX_ROWS + 1])
        if len(found) > MAX_ROWS:
            raise Rejected("too_many_rows", f"There are more than {MAX_ROWS} rows; ask for fewer days with `from` and `to`.")
        return Response(csv_of(found), headers={"Content-Disposition": 'attachment; filename="attendance.csv"'})


@extend_schema_view(get=extend_schema(parameters=[FORMAT], responses=ANSWERS))
class AttendanceApi(_OpenDays):
    """Open days, newest first: first seen, last seen and how often. As CSV (oldest first, times of the site) for a spreadsheet."""

    filterset_class: type[OpenDayFilter] | None = OpenDayFilter
    pagination_class = ordered_by("-local_date", "-id")


@extend_schema_view(get=extend_schema(parameters=[FORMAT], responses=ANSWERS))
class PresenceApi(_OpenDays):
    """Who is in now: sighted today, and last at this site and not at a door for going out. Last seen first."""

    resource = Resource.PRESENCE
    filterset_class: type[OpenDayFilter] | None = None
    pagination_class = ordered_by("-last_seen", "-id")

    def get_queryset(self) -> QuerySet[OpenDayRecord]:
        return in_now(super().get_queryset(), now=timezone.now())
