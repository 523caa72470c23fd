"""Attendance and presence for staff."""

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.generics import ListAPIView

from server.attendance.models import OpenDayRecord
from server.attendance.selectors import in_now, open_days_visible
from server.attendance.serializers import OpenDaySerializer
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


# `from` is no name that a class body can have
OpenDayFilter.base_filters["from"] = django_filters.DateFilter(field_name="local_date", lookup_expr="gte")


class AttendanceApi(ListAPIView[OpenDayRecord]):
    """Open days, newest first: first seen, last seen and how often."""

    resource = Resource.ATTENDANCE
    serializer_class = OpenDaySerializer
    filterset_class: type[OpenDayFilter] | None = OpenDayFilter
    pagination_class = ordered_by("-local_date", "-id")
    queryset = OpenDayRecord.objects.none()

    def get_queryset(self) -> QuerySet[OpenDayRecord]:
        if getattr(self, "swagger_fake_view", False):
            return OpenDayRecord.objects.none()
        return open_days_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))


class PresenceApi(AttendanceApi):
    """Who is in now: sighted today, and last at this site and not at a door for going out. Last seen first."""

    resource = Resource.PRESENCE
    filterset_class: type[OpenDayFilter] | None = None
    pagination_class = ordered_by("-last_seen", "-id")

    def get_queryset(self) -> QuerySet[OpenDayRecord]:
        return in_now(super().get_queryset(), now=timezone.now())
