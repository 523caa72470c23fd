"""Second looks for staff: ask for one, list what differs, accept, dismiss, undo."""

from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.accounts.models import User
from server.core.csv_lists import Columns, CsvList, at_site
from server.core.errors import NotFound
from server.core.filters import MomentFilter
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.schema import refuses
from server.sightings.models import SecondLook
from server.sightings.second_look import Difference, Verdict
from server.sightings.second_look_decisions import verdict_give
from server.sightings.second_look_selectors import State, second_looks_visible
from server.sightings.second_look_serializers import SecondLookSerializer
from server.sightings.second_look_services import second_look_make
from server.sightings.selectors import sightings_visible

LOOK_COLUMNS: Columns = (
    ("id", "uuid"), ("state", "state"), ("difference", "difference"), ("made_at", "made_at"), ("sighting_id", "sighting.uuid"),
    ("captured_at", at_site("sighting.captured_at", "sighting.door.site.zone")), ("door", "sighting.door.name"),
    ("counts_for", "sighting.counts_for.name"), ("counts_for_id", "sighting.counts_for.uuid"), ("person", "person.name"),
    ("person_id", "person.uuid"), ("outcome", "outcome"), ("similarity", "similarity"), ("margin", "margin"), ("model_id", "model_id"),
)  # fmt: skip


class SecondLookFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By state, difference, person named (UUID), door (UUID), and captured time: `since` inclusive, `until` exclusive."""

    state = django_filters.ChoiceFilter(choices=State.choices)
    difference = django_filters.ChoiceFilter(choices=Difference.choices)
    person = django_filters.UUIDFilter(field_name="person__uuid")
    door = django_filters.UUIDFilter(field_name="sighting__door__uuid")
    since = MomentFilter(field_name="sighting__captured_at", lookup_expr="gte")
    until = MomentFilter(field_name="sighting__captured_at", lookup_expr="lt")

    class Meta:
        model = SecondLook
        fields: tuple[str, ...] = ()


class _SecondLooks(GenericAPIView[SecondLook]):
    resource = Resource.SIGHTINGS
    serializer_class = SecondLookSerializer
    queryset = SecondLook.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[SecondLook]:
        if getattr(self, "swagger_fake_view", False):
            return SecondLook.objects.none()
        return second_looks_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))


class SecondLookListApi(CsvList, _SecondLooks, ListAPIView[SecondLook]):
    """Newest first. `state=open`: those that name somebody else than the sighting counts for, and wait for a decision."""

    filterset_class = SecondLookFilter
    csv_name, csv_columns = "second-looks", LOOK_COLUMNS
    pagination_class = ordered_by("-id")


class SecondLookApi(_SecondLooks, RetrieveAPIView[SecondLook]):
    """One second look with what staff made of it."""


@refuses(post=(409,))
class SightingSecondLookApi(APIView):
    """Look at a sighting again, against the gallery of now: 201, or 200 when that was done already and nothing has changed since."""

    resource = Resource.SIGHTINGS

    @extend_schema(request=None, responses={201: SecondLookSerializer, 200: SecondLookSerializer})
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        scope = scope_of_request(request, self.resource)
        sighting = sightings_visible(user=request.user, scope=scope).filter(uuid=id).first()
        if sighting is None:
            raise NotFound("not_found", "There is no such sighting here.")
        look, made = second_look_make(sighting=sighting, now=timezone.now())
        found = second_looks_visible(user=request.user, scope=scope).get(pk=look.pk)
        return Response(SecondLookSerializer(found).data, status=201 if made else 200)


@refuses(post=(409,))
class _GiveVerdict(_SecondLooks):
    """Changes whose attendance it is, so whoever may change attendance may do it."""

    resource = Resource.ATTENDANCE
    verdict: Verdict

    @extend_schema(request=None, responses=SecondLookSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        by = request.user if isinstance(request.user, User) else None
        verdict_give(look=self.get_object(), verdict=self.verdict, by=by, now=timezone.now())
        return Response(SecondLookSerializer(self.get_object()).data)


class AcceptSecondLookApi(_GiveVerdict):
    """The sighting counts for whom the second look names, or for nobody."""

    verdict = Verdict.ACCEPTED


class DismissSecondLookApi(_GiveVerdict):
    """The sighting stays as it is, and the second look is not shown as open any more."""

    verdict = Verdict.DISMISSED


class UndoSecondLookApi(_GiveVerdict):
    """Take the last decision back."""

    verdict = Verdict.UNDONE
