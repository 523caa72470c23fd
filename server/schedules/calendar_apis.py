"""Holidays, leave, areas and how open days are counted, for staff."""

from uuid import UUID

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from server.core.csv_lists import CsvList
from server.core.etags import IF_MATCH, require_match
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.schema import refuses
from server.schedules import areas, holidays, leave
from server.schedules.apis import account, given, versioned
from server.schedules.columns import AREA_COLUMNS, HOLIDAY_COLUMNS, LEAVE_COLUMNS
from server.schedules.examples import AREA_EXAMPLES, HOLIDAY_EXAMPLES, LEAVE_EXAMPLES
from server.schedules.filters import AreaFilter, HolidayFilter, LeaveFilter
from server.schedules.models import Area, Holiday, Leave, OpenDayRule
from server.schedules.references import leave_person_get, site_get
from server.schedules.selectors import areas_listed, leave_visible
from server.schedules.serializers import (
    AreaSerializer,
    AreaValues,
    HolidaySerializer,
    HolidayValues,
    LeaveChanges,
    LeaveSerializer,
    LeaveValues,
    OpenDayRuleSerializer,
)
from server.schedules.term_values import terms_values
from server.sites.models import Site


class _Holidays(GenericAPIView[Holiday]):
    resource = Resource.HOLIDAYS
    serializer_class = HolidaySerializer
    queryset = Holiday.objects.select_related("site")
    lookup_field = "uuid"
    lookup_url_kwarg = "id"


@refuses(post=(404, 409, 422))
class HolidaysApi(CsvList, _Holidays, ListAPIView[Holiday]):
    """List holidays, latest first, or enter one for a site or for every site."""

    filterset_class: type[django_filters.FilterSet] | None = HolidayFilter
    pagination_class = ordered_by("-first_day", "-id", first_day=("first_day", "id"))
    csv_name, csv_columns = "holidays", HOLIDAY_COLUMNS

    @extend_schema(request=HolidayValues, responses={201: HolidaySerializer}, examples=HOLIDAY_EXAMPLES)
    def post(self, request: Request) -> Response:
        values = given(HolidayValues, request, self.resource)
        made = holidays.holiday_save(holiday=Holiday(), values=values, by=account(request), now=timezone.now())
        return versioned(HolidaySerializer(made), made.version, 201)


@refuses(patch=(404, 409, 412, 422), delete=(412,))
class HolidayApi(_Holidays):
    """One holiday."""

    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        found = self.get_object()
        return versioned(HolidaySerializer(found), found.version)

    @extend_schema(request=HolidayValues, responses=HolidaySerializer, parameters=[IF_MATCH])
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002
        values = given(HolidayValues, request, self.resource, partial=True)
        with transaction.atomic():
            found = self._locked(request)
            changed = holidays.holiday_save(holiday=found, values=values, by=account(request), now=timezone.now())
        return versioned(HolidaySerializer(changed), changed.version)

    @extend_schema(responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002
        with transaction.atomic():
            holidays.holiday_delete(holiday=self._locked(request), by=account(request), now=timezone.now())
        return Response(status=204)

    def _locked(self, request: Request) -> Holiday:
        found = Holiday.objects.select_for_update(of=("self",)).get(pk=self.get_object().pk)
        require_match(request, found.version)
        return found


class _Leave(GenericAPIView[Leave]):
    resource = Resource.LEAVE
    serializer_class = LeaveSerializer
    queryset = Leave.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Leave]:
        if getattr(self, "swagger_fake_view", False):
            return Leave.objects.none()
        return leave_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))


@refuses(post=(404, 409, 422))
class LeaveListApi(CsvList, _Leave, ListAPIView[Leave]):
    """List leave, latest first, or enter it for somebody."""

    filterset_class: type[django_filters.FilterSet] | None = LeaveFilter
    pagination_class = ordered_by("-first_day", "-id", first_day=("first_day", "id"))
    csv_name, csv_columns = "leave", LEAVE_COLUMNS

    @extend_schema(request=LeaveValues, responses={201: LeaveSerializer}, examples=LEAVE_EXAMPLES)
    def post(self, request: Request) -> Response:
        values = given(LeaveValues, request, self.resource)
        person = leave_person_get(UUID(str(values.pop("person"))), request)
        made = leave.leave_save(leave=Leave(person=person), values=values, by=account(request), now=timezone.now())
        return versioned(LeaveSerializer(made), made.version, 201)


@refuses(patch=(409, 412, 422))
class LeaveApi(_Leave):
    """Somebody's leave."""

    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002
        found = self.get_object()
        return versioned(LeaveSerializer(found), found.version)

    @extend_schema(request=LeaveChanges, responses=LeaveSerializer, parameters=[IF_MATCH])
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002
        values = given(LeaveChanges, request, self.resource, partial=True)
        with transaction.atomic():
            found = Leave.objects.select_for_update(of=("self",)).get(pk=self.get_object().pk)
            require_match(request, found.version)
            changed = leave.leave_save(leave=found, values=values, by=account(request), now=timezone.now())
        return versioned(LeaveSerializer(changed), changed.version)


class LeaveCancelApi(_Leave):
    """The person is there after all. The entry stays, as cancelled."""

    @extend_schema(request=None, responses=LeaveSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002
        found = leave.leave_cancel(leave=self.get_object(), by=account(request), now=timezone.now())
        return versioned(LeaveSerializer(found), found.version)


class _Areas(GenericAPIView[Area]):
    resource = Resource.AREAS
    serializer_class = AreaSerializer
    queryset = Area.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Area]:
        return areas_listed()


@refuses(post=(404, 409, 422))
class AreasApi(CsvList, _Areas, ListAPIView[Area]):
    """List areas by name, or make one: doors around a room, whose passes make visits."""

    filterset_class: type[django_filters.FilterSet] | None = AreaFilter
    pagination_class = ordered_by("name", "id")
    csv_name, csv_columns = "areas", AREA_COLUMNS

    @extend_schema(request=AreaValues, responses={201: AreaSerializer}, examples=AREA_EXAMPLES)
    def post(self, request: Request) -> Response:
        values = given(AreaValues, request, self.resource)
        made = areas.area_save(area=Area(), values=values, by=account(request), now=timezone.now())
        return versioned(AreaSerializer(made), made.version, 201)


@refuses(patch=(404, 409, 412, 422), delete=(409, 412))
class AreaApi(_Areas):
    """One area. All its visits follow its doors and rules."""

    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002
        found = self.get_object()
        return versioned(AreaSerializer(found), found.version)

    @extend_schema(request=AreaValues, responses=AreaSerializer, parameters=[IF_MATCH])
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002
        values = given(AreaValues, request, self.resource, partial=True)
        with transaction.atomic():
            found = self._locked(request)
            changed = areas.area_save(area=found, values=values, by=account(request), now=timezone.now())
        return versioned(AreaSerializer(changed), changed.version)

    @extend_schema(responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002
        with transaction.atomic():
            areas.area_delete(area=self._locked(request), by=account(request), now=timezone.now())
        return Response(status=204)

    def _locked(self, request: Request) -> Area:
        found = Area.objects.select_for_update(of=("self",)).get(pk=self.get_object().pk)
        require_match(request, found.version)
        return found


@refuses(patch=(412, 422))
class OpenDayRuleApi(GenericAPIView[OpenDayRule]):
    """How the hours of open days are counted at a site: of people without a schedule, and beside the sessions of the others."""

    resource = Resource.AREAS
    serializer_class = OpenDayRuleSerializer
    queryset = OpenDayRule.objects.none()

    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002
        terms, version = areas.open_day_terms(site_get(id))
        return versioned(OpenDayRuleSerializer(OpenDayRule(terms=terms_values(terms), version=version)), version)

    @extend_schema(request=OpenDayRuleSerializer, parameters=[IF_MATCH])
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002
        site = site_get(id)
        body = OpenDayRuleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            Site.objects.select_for_update().get(pk=site.pk)  # one after the other for each site
            require_match(request, areas.open_day_terms(site)[1])
            rule = areas.open_day_rule_save(site=site, values=body.validated_data["terms"], by=account(request), now=timezone.now())
        return versioned(OpenDayRuleSerializer(rule), rule.version)
