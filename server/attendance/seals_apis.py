"""Seals and discrepancies."""

from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from server.attendance import discrepancies, seals
from server.attendance.corrections_apis import account_of
from server.attendance.corrections_serializers import NeededReasonSerializer
from server.attendance.seal_models import Discrepancy, DiscrepancyState, Seal, Subject
from server.attendance.seals_selectors import discrepancies_visible, seals_visible
from server.attendance.seals_serializers import DiscrepancySerializer, NoteSerializer, SealRequestSerializer, SealSerializer
from server.core.csv_lists import Columns, CsvList
from server.core.errors import Forbidden, NotFound
from server.core.pagination import ordered_by
from server.core.permissions import Resource, Scope, Verb, scope_for, scope_of_request
from server.core.schema import refuses
from server.sites.models import Site

EXAMPLE = OpenApiExample(
    "A week",
    request_only=True,
    value={"site": "5f0f7d0e-7f4e-4a55-8a5e-6b8a7b1f2c55", "first_day": "2026-11-09", "last_day": "2026-11-15", "note": "paid"},
)


class SealFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By site (UUID), a day that is covered, and whether it was lifted."""

    site = django_filters.UUIDFilter(field_name="site__uuid")
    day = django_filters.DateFilter(method="with_day")
    lifted = django_filters.BooleanFilter(field_name="lifted_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Seal
        fields: tuple[str, ...] = ()

    def with_day(self, rows: QuerySet[Seal], _name: str, day: object) -> QuerySet[Seal]:
        return rows.filter(first_day__lte=day, last_day__gte=day)


class _Seals(GenericAPIView[Seal]):
    resource = Resource.SEALS
    serializer_class = SealSerializer
    queryset = Seal.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Seal]:
        return seals_visible(scope=scope_of_request(self.request, self.resource))

    @staticmethod
    def told(seal: Seal, status: int = 200) -> Response:
        return Response(SealSerializer(seals_visible(scope=Scope.ALL).get(pk=seal.pk)).data, status=status)


@refuses(post=(404, 409, 422))
class SealsApi(CsvList, _Seals):
    """Sealed days, newest first; POST seals some. Their records stay; what contradicts them is a discrepancy."""

    filterset_class = SealFilter
    pagination_class = ordered_by("-first_day", "-id")
    csv_name = "seals"
    csv_columns: Columns = (
        ("site", "site.name"),
        ("first_day", "first_day"),
        ("last_day", "last_day"),
        ("note", "note"),
        ("sealed_by", "sealed_by.username"),
        ("sealed_at", "sealed_at"),
        ("lifted_by", "lifted_by.username"),
        ("lifted_at", "lifted_at"),
        ("lifted_because", "lifted_because"),
    )

    @extend_schema(responses=SealSerializer(many=True))
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(request=SealRequestSerializer, responses={201: SealSerializer}, examples=[EXAMPLE])
    def post(self, request: Request) -> Response:
        body = SealRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        given["site"] = Site.objects.filter(uuid=given["site"]).first()
        if given["site"] is None:
            raise NotFound("not_found", "There is no such site here.")
        return self.told(seals.seal_make(**given, by=account_of(request), now=timezone.now()), 201)


class SealApi(_Seals, RetrieveAPIView[Seal]):
    """One seal."""


@refuses(post=(409,))
class LiftSealApi(_Seals):
    """Open the days again; for those who may delete seals. Say why."""

    @extend_schema(request=NeededReasonSerializer, responses=SealSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        if scope_for(request.user, self.resource, Verb.DELETE) is Scope.NONE:
            raise Forbidden("cannot_lift", "Seals are lifted by administrators; ask one of them.")
        seal = self.get_object()
        body = NeededReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.told(seals.seal_lift(seal=seal, reason=body.validated_data["reason"], by=account_of(request), now=timezone.now()))


class DiscrepancyFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By state, kind of record, person and site (UUIDs), and local date (`since` and `until`, both included)."""

    state = django_filters.ChoiceFilter(choices=DiscrepancyState.choices)
    subject = django_filters.ChoiceFilter(choices=Subject.choices)
    person = django_filters.UUIDFilter(field_name="person__uuid")
    site = django_filters.UUIDFilter(field_name="site__uuid")
    since = django_filters.DateFilter(field_name="local_date", lookup_expr="gte")
    until = django_filters.DateFilter(field_name="local_date", lookup_expr="lte")

    class Meta:
        model = Discrepancy
        fields: tuple[str, ...] = ()


class _Discrepancies(GenericAPIView[Discrepancy]):
    resource = Resource.DISCREPANCIES
    serializer_class = DiscrepancySerializer
    queryset = Discrepancy.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Discrepancy]:
        if getattr(self, "swagger_fake_view", False):
            return Discrepancy.objects.none()
        return discrepancies_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))


class DiscrepanciesApi(CsvList, _Discrepancies):
    """What contradicts sealed records, newest first."""

    filterset_class = DiscrepancyFilter
    pagination_class = ordered_by("-id")
    csv_name = "discrepancies"
    csv_columns: Columns = (
        ("date", "local_date"),
        ("site", "site.name"),
        ("person", "person.name"),
        ("number", "person.number"),
        ("subject", "subject"),
        ("state", "state"),
        ("published", "published"),
        ("derived", "derived"),
        ("found_at", "found_at"),
        ("acknowledged_by", "acknowledged_by.username"),
        ("acknowledged_at", "acknowledged_at"),
        ("note", "note"),
    )

    @extend_schema(responses=DiscrepancySerializer(many=True))
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return self.list(request, *args, **kwargs)


class DiscrepancyApi(_Discrepancies, RetrieveAPIView[Discrepancy]):
    """One discrepancy."""


@refuses(post=(409,))
class AcknowledgeDiscrepancyApi(_Discrepancies):
    """Staff have seen it and leave the sealed record as it is."""

    @extend_schema(request=NoteSerializer, responses=DiscrepancySerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        row = self.get_object()
        body = NoteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        note = body.validated_data["note"]
        told = discrepancies.discrepancy_acknowledge(discrepancy=row, note=note, by=account_of(request), now=timezone.now())
        return Response(DiscrepancySerializer(told).data)
