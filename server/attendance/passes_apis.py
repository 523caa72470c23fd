"""Passes entered by hand."""

from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from server.attendance import passes
from server.attendance.correction_models import ManualPass
from server.attendance.corrections_apis import account_of
from server.attendance.corrections_selectors import passes_visible
from server.attendance.marks_serializers import PassRequestSerializer, PassSerializer
from server.attendance.rules.facts import Way
from server.core.csv_lists import Columns, CsvList, at_site
from server.core.errors import NotFound
from server.core.filters import MomentFilter
from server.core.pagination import ordered_by
from server.core.permissions import Resource, Scope, scope_of_request
from server.core.schema import refuses
from server.people.selectors import people_visible, person_get
from server.sites.models import Door

EXAMPLE = OpenApiExample(
    "A forgotten exit",
    request_only=True,
    value={
        "person": "7d1e4f5a-3f43-4f5e-9c7e-2f6b1c0f3a11",
        "door": "f3b1c9aa-51c9-4d5b-a7bb-0a2f5f3e9d44",
        "at": "2026-11-20T17:02:00+01:00",
        "way": "out",
        "note": "left through the garage",
    },
)


class PassFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By person and door (UUIDs), whether it was undone, and when the person passed: `since` inclusive, `until` exclusive."""

    person = django_filters.UUIDFilter(field_name="person__uuid")
    door = django_filters.UUIDFilter(field_name="door__uuid")
    undone = django_filters.BooleanFilter(field_name="undone_at", lookup_expr="isnull", exclude=True)
    since = MomentFilter(field_name="at", lookup_expr="gte")
    until = MomentFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = ManualPass
        fields: tuple[str, ...] = ()


class _Passes(GenericAPIView[ManualPass]):
    resource = Resource.MANUAL_MARKS
    serializer_class = PassSerializer
    queryset = ManualPass.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[ManualPass]:
        if getattr(self, "swagger_fake_view", False):
            return ManualPass.objects.none()
        return passes_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))

    @staticmethod
    def told(row: ManualPass, status: int = 200) -> Response:
        return Response(PassSerializer(passes_visible(user=None, scope=Scope.ALL).get(pk=row.pk)).data, status=status)


@refuses(post=(404, 409, 422))
class PassesApi(CsvList, _Passes):
    """Passes entered by hand, newest first; POST enters one: a forgotten exit, or an entry where no camera saw the person."""

    filterset_class = PassFilter
    pagination_class = ordered_by("-id")
    csv_name = "passes"
    csv_columns: Columns = (
        ("at", at_site("at", "door.site.zone")),
        ("site", "door.site.name"),
        ("door", "door.name"),
        ("way", "way"),
        ("person", "person.name"),
        ("number", "person.number"),
        ("note", "note"),
        ("made_by", "made_by.username"),
        ("made_at", "made_at"),
        ("undone_by", "undone_by.username"),
        ("undone_at", "undone_at"),
    )

    @extend_schema(responses=PassSerializer(many=True))
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(request=PassRequestSerializer, responses={201: PassSerializer}, examples=[EXAMPLE])
    def post(self, request: Request) -> Response:
        body = PassRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        people = people_visible(user=request.user, scope=scope_of_request(request, self.resource))
        person = person_get(people, given["person"])
        door = Door.objects.select_related("site").filter(uuid=given["door"]).first()
        if door is None:
            raise NotFound("not_found", "There is no such door here.")
        way, by = Way(given["way"]), account_of(request)
        row = passes.pass_add(person=person, door=door, at=given["at"], way=way, note=given["note"], by=by, now=timezone.now())
        return self.told(row, 201)


@refuses(post=(409,))
class UndoPassApi(_Passes):
    """Take it back; the row stays, and counts no more."""

    @extend_schema(request=None, responses=PassSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        return self.told(passes.pass_undo(row=self.get_object(), by=account_of(request), now=timezone.now()))
