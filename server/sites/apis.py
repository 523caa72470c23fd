"""Sites and doors for staff."""

from typing import TypeVar

from django.utils import timezone
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet

from server.accounts.models import User
from server.core.csv_lists import Columns, CsvList, at_site
from server.core.pagination import ordered_by
from server.core.permissions import Resource
from server.core.schema import refuses
from server.sites import services
from server.sites.models import Door, Site
from server.sites.serializers import DoorSerializer, SiteSerializer

_M = TypeVar("_M", Site, Door)
SITE_COLUMNS: Columns = (("id", "uuid"), ("name", "name"), ("time_zone", "time_zone"), ("day_cut", "day_cut"))
DOOR_COLUMNS: Columns = (
    ("id", "uuid"), ("site", "site.name"), ("site_id", "site.uuid"), ("name", "name"), ("direction", "direction"),
    ("restricted", "restricted"), ("used_from", at_site("used_from", "site.zone")), ("used_until", at_site("used_until", "site.zone")),
)  # fmt: skip
METHODS = ["get", "post", "patch", "delete", "head", "options"]


@refuses(partial_update=(409,), destroy=(409,))
class SiteViewSet(CsvList, ModelViewSet[Site]):
    """Places with their own local days."""

    resource = Resource.SITES
    queryset = Site.objects.all()
    serializer_class = SiteSerializer
    pagination_class = ordered_by("name")
    lookup_field = "uuid"
    lookup_value_converter = "uuid"
    lookup_url_kwarg = "id"
    http_method_names = METHODS
    filterset_fields = ["name"]
    csv_name, csv_columns = "sites", SITE_COLUMNS

    def perform_update(self, serializer: BaseSerializer[Site]) -> None:
        by = self.request.user if isinstance(self.request.user, User) else None
        site = _filled(self.get_object(), serializer)
        serializer.instance = services.site_save(site=site, by=by, now=timezone.now())


@refuses(destroy=(409,))
class DoorViewSet(CsvList, ModelViewSet[Door]):
    """Doors of the sites."""

    resource = Resource.DOORS
    queryset = Door.objects.select_related("site")
    serializer_class = DoorSerializer
    pagination_class = ordered_by("id")
    lookup_field = "uuid"
    lookup_value_converter = "uuid"
    lookup_url_kwarg = "id"
    http_method_names = METHODS
    filterset_fields = ["name", "restricted"]
    csv_name, csv_columns = "doors", DOOR_COLUMNS

    def perform_update(self, serializer: BaseSerializer[Door]) -> None:
        serializer.instance = services.door_save(door=_filled(self.get_object(), serializer))

    def perform_destroy(self, instance: Door) -> None:
        services.door_delete(door=instance)


def _filled(row: _M, serializer: BaseSerializer[_M]) -> _M:
    for name, value in serializer.validated_data.items():
        setattr(row, name, value)
    return row
