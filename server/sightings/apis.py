"""Sightings for staff: list, filter, one of them, its crop."""

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request

from server.core.errors import NotFound
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.renderers import IMAGE, PRIVATE_IMAGE
from server.sightings import crops
from server.sightings.models import Outcome, Sighting
from server.sightings.selectors import sightings_visible
from server.sightings.serializers import SightingSerializer


class SightingFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By person it counts for, door and node (UUIDs), outcome, and captured time: `since` inclusive, `until` exclusive."""

    person = django_filters.UUIDFilter(field_name="counts_for__uuid")
    door = django_filters.UUIDFilter(field_name="door__uuid")
    node = django_filters.UUIDFilter(field_name="node__uuid")
    outcome = django_filters.ChoiceFilter(choices=Outcome.choices)
    since = django_filters.IsoDateTimeFilter(field_name="captured_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="captured_at", lookup_expr="lt")

    class Meta:
        model = Sighting
        fields: tuple[str, ...] = ()


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


class SightingListApi(_Sightings, ListAPIView[Sighting]):
    """Newest first."""

    filterset_class = SightingFilter
    pagination_class = ordered_by("-captured_at", "-record_id")


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
