"""Marks by hand: one person, a whole session at once, and taking them back."""

from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from server.attendance import marks
from server.attendance.correction_models import SAID, ManualMark
from server.attendance.corrections_apis import account_of
from server.attendance.corrections_selectors import marks_visible
from server.attendance.marks_serializers import (
    MadeMarkSerializer,
    MarkSaidSerializer,
    MarkSerializer,
    SessionMarksSerializer,
    said_of,
)
from server.core.csv_lists import Columns, CsvList, at_site
from server.core.errors import NotFound, Rejected
from server.core.filters import MomentFilter
from server.core.pagination import ordered_by
from server.core.permissions import Resource, Scope, scope_of_request
from server.core.schema import refuses
from server.people.models import Person
from server.people.selectors import people_visible, person_get
from server.schedules.models import Session
from server.schedules.selectors import sessions_visible

EXAMPLE = OpenApiExample(
    "A roll call",
    request_only=True,
    value={
        "marks": [
            {"person": "7d1e4f5a-3f43-4f5e-9c7e-2f6b1c0f3a11", "state": "present"},
            {"person": "c2a4c1de-6f0e-4a0b-8a5e-9f1f4d1b6e33", "state": "excused", "note": "dentist"},
        ]
    },
)


class MarkFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By session, person, batch (UUIDs), state, whether it was undone, and when it was made: `since` inclusive, `until` exclusive."""

    session = django_filters.UUIDFilter(field_name="session__uuid")
    person = django_filters.UUIDFilter(field_name="person__uuid")
    batch = django_filters.UUIDFilter(field_name="batch")
    state = django_filters.ChoiceFilter(choices=SAID)
    undone = django_filters.BooleanFilter(field_name="undone_at", lookup_expr="isnull", exclude=True)
    since = MomentFilter(field_name="made_at", lookup_expr="gte")
    until = MomentFilter(field_name="made_at", lookup_expr="lt")

    class Meta:
        model = ManualMark
        fields: tuple[str, ...] = ()


class _Marks(GenericAPIView[ManualMark]):
    resource = Resource.MANUAL_MARKS
    serializer_class: type[MarkSerializer] = MarkSerializer
    queryset = ManualMark.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[ManualMark]:
        if getattr(self, "swagger_fake_view", False):
            return ManualMark.objects.none()
        return marks_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))

    def people(self, request: Request) -> QuerySet[Person]:
        return people_visible(user=request.user, scope=scope_of_request(request, self.resource))

    def session(self, request: Request, uuid: UUID) -> Session:
        found = sessions_visible(user=request.user, scope=scope_of_request(request, self.resource)).filter(uuid=uuid).first()
        if found is None:
            raise NotFound("not_found", "There is no such session here.")
        return found

    @staticmethod
    def told(rows: list[ManualMark]) -> QuerySet[ManualMark]:
        keys = [row.pk for row in rows]
        return marks_visible(user=None, scope=Scope.ALL).filter(pk__in=keys).order_by("pk")


@refuses(post=(404, 409, 422))
class MarksApi(CsvList, _Marks):
    """Marks, newest first; POST marks one person. Saying again what stands already changes nothing."""

    filterset_class = MarkFilter
    pagination_class = ordered_by("-id")
    csv_name = "marks"
    csv_columns: Columns = (
        ("date", "session.local_date"),
        ("session", "session.name"),
        ("person", "person.name"),
        ("number", "person.number"),
        ("state", "state"),
        ("arrived_at", at_site("arrived_at", "session.site.zone")),
        ("left_at", at_site("left_at", "session.site.zone")),
        ("note", "note"),
        ("made_by", "made_by.username"),
        ("made_at", "made_at"),
        ("undone_by", "undone_by.username"),
        ("undone_at", "undone_at"),
    )

    @extend_schema(responses=MarkSerializer(many=True))
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(request=MarkSaidSerializer, responses={201: MadeMarkSerializer})
    def post(self, request: Request) -> Response:
        body = MarkSaidSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        person, session = person_get(self.people(request), given["person"]), self.session(request, given["session"])
        made = marks.mark_make(person=person, session=session, said=said_of(given), by=account_of(request), now=timezone.now())
        return Response(MadeMarkSerializer(self.told([made]).get()).data, status=201)


class MarkApi(_Marks):
    """One mark."""

    @extend_schema(responses=MadeMarkSerializer)
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        return Response(MadeMarkSerializer(self.get_object()).data)


@refuses(post=(409,))
class UndoMarkApi(_Marks):
    """Take a mark back: the one before it counts again, or the sightings."""

    @extend_schema(request=None, responses=MadeMarkSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        row = marks.mark_undo(row=self.get_object(), by=account_of(request), now=timezone.now())
        return Response(MadeMarkSerializer(self.told([row]).get()).data)


@refuses(post=(409,))
class UndoMarksApi(_Marks):
    """Take back what of a whole session marked at once still stands."""

    pagination_class = None

    @extend_schema(request=None, responses=MarkSerializer(many=True))
    def post(self, request: Request, batch: UUID) -> Response:
        rows = list(self.get_queryset().filter(batch=batch))
        if not rows:
            raise NotFound("not_found", "There are no such marks here.")
        if len(rows) < ManualMark.objects.filter(batch=batch).count():
            raise NotFound("not_all_here", "Some of these marks are about people whom you do not lead; undo them one by one.")
        undone = marks.marks_undo(rows=rows, by=account_of(request), now=timezone.now())
        return Response(MarkSerializer(self.told(undone), many=True).data)


@refuses(post=(409, 422))
class SessionMarksApi(_Marks):
    """Mark a whole session at once, all or nobody. What is new has one `batch`, by which it can be undone."""

    pagination_class = None

    @extend_schema(request=SessionMarksSerializer, responses={201: MarkSerializer(many=True)}, examples=[EXAMPLE])
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        session = self.session(request, id)
        body = SessionMarksSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = {given["person"]: said_of(given) for given in body.validated_data["marks"]}
        if len(said) < len(body.validated_data["marks"]):
            raise Rejected("twice", "Somebody is named twice; name everybody once.")
        found = {person.uuid: person for person in self.people(request).filter(uuid__in=said)}
        if missing := said.keys() - found.keys():
            errors = {str(uuid): ["There is no such person here."] for uuid in sorted(missing)}
            raise NotFound("not_found", f"Nobody was marked: {len(missing)} of {len(said)} are not here.", errors=errors)
        by_person = {found[uuid]: how for uuid, how in said.items()}
        made = marks.session_mark(session=session, said=by_person, by=account_of(request), now=timezone.now())
        return Response(MarkSerializer(self.told(made), many=True).data, status=201)
