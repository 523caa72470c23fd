"""Groups of unknown passes for staff: list, look into, assign, ignore, undo, take passes out."""

from typing import Any
from uuid import UUID

import django_filters
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django_q.tasks import async_task
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from server.core.csv_lists import Columns, CsvList, at_site
from server.core.errors import NotFound
from server.core.filters import MomentFilter
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.schema import refuses
from server.sightings.decision_apis import WHO, account_of, person_named
from server.sightings.decision_models import GroupState, UnknownGroup, UnknownMember
from server.sightings.models import Sighting
from server.sightings.unknown_groups import group_assign, group_ignore, group_split, group_undo
from server.sightings.unknown_selectors import groups_shown, groups_visible, members_of
from server.sightings.unknown_serializers import AssignSerializer, SplitSerializer, UnknownGroupSerializer, UnknownMemberSerializer
from server.sightings.unknown_tasks import GROUP

ASSIGN = OpenApiExample("All of it was this person", request_only=True, value={"person": WHO})
COLUMNS = (
    ("id", "uuid"), ("state", "state"), ("person", "person.name"), ("passes", "size"), ("unsure", "unsure"),
    ("unconfirmed", "unconfirmed"), ("first_at", "first_at"), ("newest_at", "newest_at"), ("decided_by", "decided_by.username"),
    ("decided_at", "decided_at"),
)  # fmt: skip

MEMBER_COLUMNS: Columns = (
    ("id", "uuid"), ("captured_at", at_site("captured_at", "door.site.zone")), ("door", "door.name"), ("door_id", "door.uuid"),
    ("outcome", "outcome"), ("similarity", "similarity"), ("counts_for", "counts_for.name"),
)  # fmt: skip


class UnknownGroupFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By state, by a door that one of its passes was at (UUID), and by its newest pass: `since` inclusive."""

    state = django_filters.ChoiceFilter(choices=GroupState.choices)
    since = MomentFilter(field_name="newest_at", lookup_expr="gte")
    door = django_filters.UUIDFilter(method="at_door")

    class Meta:
        model = UnknownGroup
        fields: tuple[str, ...] = ()

    def at_door(self, groups: QuerySet[UnknownGroup], _name: str, door: UUID) -> QuerySet[UnknownGroup]:
        return groups.filter(Exists(UnknownMember.objects.filter(group=OuterRef("pk"), sighting__door__uuid=door)))


class _Groups(GenericAPIView[Any]):
    resource = Resource.SIGHTING_DECISIONS
    serializer_class = UnknownGroupSerializer
    queryset = UnknownGroup.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[UnknownGroup]:
        if getattr(self, "swagger_fake_view", False):
            return UnknownGroup.objects.none()
        return groups_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))

    def told(self, group: UnknownGroup) -> Response:
        (shown,) = groups_shown([self.get_queryset().get(pk=group.pk)], faces=1)
        return Response(UnknownGroupSerializer(shown).data)


class UnknownGroupListApi(CsvList, _Groups, ListAPIView[Any]):
    """Those seen last come first; `ordering=size`: the largest."""

    filterset_class = UnknownGroupFilter
    pagination_class = ordered_by("-newest_at", "-id", size=("-size", "-newest_at", "-id"))
    csv_name = "unknown-groups"
    csv_columns = COLUMNS

    def paginate_queryset(self, queryset: Any) -> Any:
        return groups_shown(super().paginate_queryset(queryset) or [], faces=1)


class UnknownGroupApi(_Groups, RetrieveAPIView[Any]):
    """One group; its passes are listed under `members`."""

    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return self.told(self.get_object())


class UnknownMembersApi(CsvList, ListAPIView[Sighting]):
    """The passes of a group, newest first, with links to their images."""

    resource = Resource.SIGHTING_DECISIONS
    serializer_class = UnknownMemberSerializer
    pagination_class = ordered_by("-captured_at", "-record_id")
    csv_name, csv_columns = "unknown-passes", MEMBER_COLUMNS
    queryset = Sighting.objects.none()

    def get_queryset(self) -> QuerySet[Sighting]:
        if getattr(self, "swagger_fake_view", False):
            return Sighting.objects.none()
        groups = groups_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))
        group = groups.filter(uuid=self.kwargs["id"]).first()
        if group is None:
            raise NotFound("not_found", "There is no such group here.")
        return members_of(group)


@refuses(post=(409, 422))
class AssignUnknownGroupApi(_Groups):
    """All of its passes were this person, and their attendance changes with it. Again with the same person confirms what joined since."""

    @extend_schema(request=AssignSerializer, responses=UnknownGroupSerializer, examples=[ASSIGN])
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        body = AssignSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        group, person = self.get_object(), person_named(request, body.validated_data["person"])
        if person is not None:
            group = group_assign(group=group, person=person, by=account_of(request), now=timezone.now())
        return self.told(group)


@refuses(post=(409,))
class IgnoreUnknownGroupApi(_Groups):
    """Nobody of ours: its passes are left out, and those that join it later, unless they are like somebody enrolled."""

    @extend_schema(request=None, responses=UnknownGroupSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        return self.told(group_ignore(group=self.get_object(), by=account_of(request), now=timezone.now()))


@refuses(post=(409,))
class UndoUnknownGroupApi(_Groups):
    """Take assigning or ignoring back: every pass counts for whom it counted before."""

    @extend_schema(request=None, responses=UnknownGroupSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        return self.told(group_undo(group=self.get_object(), by=account_of(request), now=timezone.now()))


@refuses(post=(409,))
class SplitUnknownGroupApi(_Groups):
    """Take passes out of a group; answers with the open group that they make now."""

    @extend_schema(request=SplitSerializer, responses=UnknownGroupSerializer)
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        body = SplitSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data["sightings"]
        return self.told(group_split(group=self.get_object(), sightings=wanted, by=account_of(request), now=timezone.now()))


class GroupUnknownApi(_Groups):
    """Group what came since, now instead of within minutes: 202, a worker does it."""

    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request) -> Response:
        transaction.on_commit(lambda: async_task(GROUP), robust=True)
        return Response(status=202)
