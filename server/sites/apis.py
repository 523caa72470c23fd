"""Sites and doors for staff."""

from rest_framework.viewsets import ModelViewSet

from server.core.pagination import ordered_by
from server.core.permissions import Resource
from server.core.schema import refuses
from server.sites.models import Door, Site
from server.sites.serializers import DoorSerializer, SiteSerializer

METHODS = ["get", "post", "patch", "delete", "head", "options"]


@refuses(destroy=(409,))
class SiteViewSet(ModelViewSet[Site]):
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


@refuses(destroy=(409,))
class DoorViewSet(ModelViewSet[Door]):
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
