"""Schedules and sessions for staff."""

from typing import Any
from uuid import UUID

import django_filters
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from server.accounts.models import User
from server.core.csv_lists import CsvList
from server.core.etags import IF_MATCH, etag, require_match
from server.core.permissions import Resource, scope_of_request
from server.core.schema import refuses
from server.core.since import SINCE_PARAMETER, changes_ordered_by
from server.schedules import services, sessions
from server.schedules.columns import SCHEDULE_COLUMNS, SESSION_COLUMNS
from server.schedules.examples import LECTURE_EXAMPLES, SCHEDULE_CHANGE_EXAMPLES, SCHEDULE_EXAMPLES, SESSION_CHANGE_EXAMPLES
from server.schedules.filters import ScheduleFilter, SessionFilter
from server.schedules.models import Schedule, Session
from server.schedules.references import resolved
from server.schedules.selectors import schedules_visible, sessions_visible
from server.schedules.serializers import LectureValues, ScheduleChanges, ScheduleSerializer, ScheduleValues, SessionSerializer

BY_NAME = {"name": ("name", "id"), "-name": ("-name", "-id"), "changed_at": ("changed_at", "id"), "-changed_at": ("-changed_at", "-id")}
BY_TIME = {
    "begins_at": ("begins_at", "id"), "-begins_at": ("-begins_at", "-id"), "changed_at": ("changed_at", "id"),
    "-changed_at": ("-changed_at", "-id"),
}  # fmt: skip


def given(serializer: type[BaseSerializer[Any]], request: Request, resource: Resource, *, partial: bool = False) -> dict[str, object]:
    """The body's values, with rows instead of their ids."""
    body = serializer(data=request.data, partial=partial)
    body.is_valid(raise_exception=True)
    return resolved(body.validated_data, request, resource)


def account(request: Request) -> AbstractBaseUser | None:
    """Who asks, for the audit."""
    return request.user if isinstance(request.user, User) else None


def versioned(serializer: BaseSerializer[Any], version: int, status: int = 200) -> Response:
    """A row with the ETag of its version."""
    return Response(serializer.data, status=status, headers={"ETag": etag(version)})


class _Schedules(GenericAPIView[Schedule]):
    resource = Resource.SCHEDULES
    serializer_class = ScheduleSerializer
    queryset = Schedule.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Schedule]:
        if getattr(self, "swagger_fake_view", False):
            return Schedule.objects.none()
        return schedules_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))


@refuses(post=(404, 409, 422))
@extend_schema_view(get=extend_schema(parameters=[SINCE_PARAMETER]))
class SchedulesApi(CsvList, _Schedules, ListAPIView[Schedule]):
    """List schedules by name, or make one: its sessions are made at once, from `valid_from` until 60 days ahead."""

    filterset_class: type[django_filters.FilterSet] | None = ScheduleFilter
    pagination_class = changes_ordered_by("name", "id", **BY_NAME)
    csv_name, csv_columns = "schedules", SCHEDULE_COLUMNS

    @extend_schema(request=ScheduleValues, responses={201: ScheduleSerializer}, examples=SCHEDULE_EXAMPLES)
    def post(self, request: Request) -> Response:
        values = given(ScheduleValues, request, self.resource)
        made = services.schedule_save(schedule=Schedule(), values=values, by=account(request), now=timezone.now())
        return versioned(ScheduleSerializer(made), made.version, 201)


@refuses(patch=(404, 409, 412, 422), delete=(409, 412))
class ScheduleApi(_Schedules):
    """One schedule. A change holds from today at its site, or from `from_day`; earlier sessions stay as they are."""

    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        found = self.get_object()
        return versioned(ScheduleSerializer(found), found.version)

    @extend_schema(request=ScheduleChanges, responses=ScheduleSerializer, parameters=[IF_MATCH], examples=SCHEDULE_CHANGE_EXAMPLES)
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002
        values = given(ScheduleChanges, request, self.resource, partial=True)
        from_day: Any = values.pop("from_day", None)
        with transaction.atomic():
            found = services.schedule_locked(self.get_object())
            require_match(request, found.version)
            changed = services.schedule_save(
                schedule=found, values=values, by=account(request), now=timezone.now(), from_day=from_day
            )  # fmt: skip
        return versioned(ScheduleSerializer(changed), changed.version)

    @extend_schema(responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002
        with transaction.atomic():
            found = Schedule.objects.select_for_update(of=("self",)).get(pk=self.get_object().pk)
            require_match(request, found.version)
            services.schedule_delete(schedule=found, by=account(request), now=timezone.now())
        return Response(status=204)


@refuses(post=(409,))
class ScheduleEndApi(_Schedules):
    """The schedule makes no further sessions, and those that have not begun are cancelled."""

    @extend_schema(request=None, responses=ScheduleSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002
        ended = services.schedule_end(schedule=self.get_object(), by=account(request), now=timezone.now())
        return versioned(ScheduleSerializer(ended), ended.version)


class _Sessions(GenericAPIView[Session]):
    resource = Resource.SESSIONS
    serializer_class = SessionSerializer
    queryset = Session.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Session]:
        if getattr(self, "swagger_fake_view", False):
            return Session.objects.none()
        return sessions_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))


@refuses(post=(404, 409, 422))
@extend_schema_view(get=extend_schema(parameters=[SINCE_PARAMETER]))
class SessionsApi(CsvList, _Sessions, ListAPIView[Session]):
    """List sessions by their beginning, or make a lecture: a session of its own, without a schedule."""

    filterset_class: type[django_filters.FilterSet] | None = SessionFilter
    pagination_class = changes_ordered_by("begins_at", "id", **BY_TIME)
    csv_name, csv_columns = "sessions", SESSION_COLUMNS

    @extend_schema(request=LectureValues, responses={201: SessionSerializer}, examples=LECTURE_EXAMPLES)
    def post(self, request: Request) -> Response:
        values = given(LectureValues, request, self.resource)
        made = sessions.lecture_create(values=values, by=account(request), now=timezone.now())
        return versioned(SessionSerializer(made), made.version, 201)


@refuses(patch=(404, 409, 412, 422))
class SessionApi(_Sessions):
    """One session. Whatever is changed here by hand its schedule leaves alone from then on."""

    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002
        found = self.get_object()
        return versioned(SessionSerializer(found), found.version)

    @extend_schema(request=LectureValues, responses=SessionSerializer, parameters=[IF_MATCH], examples=SESSION_CHANGE_EXAMPLES)
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002
        values = given(LectureValues, request, self.resource, partial=True)
        with transaction.atomic():
            found = sessions.session_locked(self.get_object())
            require_match(request, found.version)
            changed = sessions.session_update(session=found, changes=values, by=account(request), now=timezone.now())
        return versioned(SessionSerializer(changed), changed.version)


class SessionCancelApi(_Sessions):
    """Nobody is expected there any more. What was seen stays; the session can be restored."""

    @extend_schema(request=None, responses=SessionSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002
        found = sessions.session_cancel(session=self.get_object(), by=account(request), now=timezone.now())
        return versioned(SessionSerializer(found), found.version)


@refuses(post=(409,))
class SessionRestoreApi(_Sessions):
    """A cancelled session takes place after all."""

    @extend_schema(request=None, responses=SessionSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002
        found = sessions.session_restore(session=self.get_object(), by=account(request), now=timezone.now())
        return versioned(SessionSerializer(found), found.version)
