"""Sightings for staff: list, filter, one of them, its crop."""

import django_filters
from django.db.models import QuerySet, TextChoices
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request

from server.core.csv_lists import CsvList, at_site
from server.core.errors import NotFound
from server.core.filters import MomentFilter
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.renderers import IMAGE, PRIVATE_IMAGE
from server.sightings import crops
from server.sightings.models import Outcome, Sighting
from server.sightings.selectors import decided_exists, ignored_exists, sightings_visible
from server.sightings.serializers import SightingSerializer

ORDERINGS = {
    "captured_at": ("captured_at", "record_id"),
    "-captured_at": ("-captured_at", "-record_id"),
    "received_at": ("received_at", "record_id"),
    "-received_at": ("-received_at", "-record_id"),
}
COLUMNS = (
    ("id", "uuid"), ("captured_at", at_site("captured_at", "door.site.zone")), ("uncertainty_ms", "uncertainty_ms"),
    ("time_known", "time_known"), ("received_at", "received_at"), ("site", "door.site.name"), ("door", "door.name"), ("node", "node.name"),
    ("outcome", "outcome"), ("person", "person.name"), ("counts_for", "counts_for.name"), ("counts_for_number", "counts_for.number"),
    ("similarity", "similarity"), ("margin", "margin"), ("quality", "quality"),
)  # fmt: skip


class Named(TextChoices):
    """Whether a pass counts for somebody."""

    SOMEBODY = "somebody"
    NONE = "none"


class SightingFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By person it counts for, door and node (UUIDs), outcome, and captured time: `since` inclusive, `until` exclusive.

    `named=none`: it counts for nobody. `decided`: staff decided about it. `ignored`: they said it is nobody of ours.
    """

    person = django_filters.UUIDFilter(field_name="counts_for__uuid")
    door = django_filters.UUIDFilter(field_name="door__uuid")
    node = django_filters.UUIDFilter(field_name="node__uuid")
    outcome = django_filters.ChoiceFilter(choices=Outcome.choices)
    since = MomentFilter(field_name="captured_at", lookup_expr="gte")
    until = MomentFilter(field_name="captured_at", lookup_expr="lt")

    named = django_filters.ChoiceFilter(choices=Named.choices, method="by_named")
    decided = django_filters.BooleanFilter(method="by_decided")
    ignored = django_filters.BooleanFilter(method="by_ignored")

    class Meta:
        model = Sighting
        fields: tuple[str, ...] = ()

    def by_named(self, sightings: QuerySet[Sighting], _name: str, named: str) -> QuerySet[Sighting]:
        return sightings.filter(counts_for__isnull=named == Named.NONE)

    def by_decided(self, sightings: QuerySet[Sighting], _name: str, decided: bool) -> QuerySet[Sighting]:  # noqa: FBT001 (the filter's)
        return sightings.filter(decided_exists() if decided else ~decided_exists())

    def by_ignored(self, sightings: QuerySet[Sighting], _name: str, ignored: bool) -> QuerySet[Sighting]:  # noqa: FBT001
        return sightings.filter(ignored_exists() if ignored else ~ignored_exists())


class _Sightings(GenericAPIView[Sighting]):
    resource = Resource.SIGHTINGS
    serializer_class = SightingSerializer
    queryset = Sighting.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Sighting]:
        if getattr(self, "swagger_fake_view", False):
            return Sighting.objects.none()
        return sightings_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))


class SightingListApi(CsvList, _Sightings, ListAPIView[Sighting]):
    """Newest first, by captured time; `ordering` asks for another order, by captured or by received time."""

    filterset_class = SightingFilter
    pagination_class = ordered_by("-captured_at", "-record_id", **ORDERINGS)
    csv_name = "sightings"
    csv_columns = COLUMNS


class SightingApi(_Sightings, RetrieveAPIView[Sighting]):
    """One sighting."""


class SightingCropApi(_Sightings):
    """The evidence image of a sighting."""

    resource = Resource.CROPS
    renderer_classes = IMAGE

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: object) -> HttpResponse:  # noqa: A002  (the name in the address)
        crop = getattr(self.get_object(), "crop", None)
        if crop is None:
            raise NotFound("no_crop", "This sighting has no crop.")
        return HttpResponse(crops.crop_read(crop), content_type="image/jpeg", headers=PRIVATE_IMAGE)
