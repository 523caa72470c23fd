"""Who is in now, and the muster list, with until when the doors are known."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.attendance.presence import DoorNow, Here, Muster, Presence, Whereabouts, doors_now, muster, present
from server.core.answers import said
from server.core.csv_lists import Columns, CsvList, at_site, attachment, csv_text, wants_csv
from server.core.errors import Malformed, NotFound
from server.core.permissions import Resource, scope_of_request
from server.core.schema import refuses
from server.schedules.serializers import SiteBrief
from server.sightings.serializers import DoorBrief, PersonBrief
from server.sites.models import Site

SITE = OpenApiParameter("site", UUID, description="one site alone")
SITE_NEEDED = OpenApiParameter("site", UUID, required=True)
PRESENCE_COLUMNS: Columns = (
    ("person", "person.name"), ("person_id", "person.uuid"), ("number", "person.number"), ("site", "door.site.name"),
    ("door", "door.name"), ("last_seen", at_site("at", "door.site.zone")), ("way", "way"),
)  # fmt: skip
MUSTER_COLUMNS: Columns = (
    ("person", "whereabouts.person.name"), ("person_id", "whereabouts.person.uuid"), ("number", "whereabouts.person.number"),
    ("in", "is_in"), ("uncertain", "uncertain"), ("door", "whereabouts.door.name"),
    ("last_seen", at_site("whereabouts.at", "whereabouts.door.site.zone")),
)  # fmt: skip


class DoorNowSerializer(serializers.Serializer[DoorNow]):
    """Whoever passed the door until `as_of` is known; null: nothing is known for a week. `silent`: people may have passed unseen since."""

    door = DoorBrief()
    site = SiteBrief(source="door.site")
    as_of = serializers.DateTimeField(allow_null=True)
    silent = serializers.BooleanField(source="is_silent")


class WhereaboutsSerializer(serializers.Serializer[Whereabouts]):
    """Where somebody was last seen today, and which way they went."""

    person = PersonBrief()
    site = SiteBrief(source="door.site")
    door = DoorBrief()
    last_seen = serializers.DateTimeField(source="at")
    way = serializers.CharField(help_text="in, out or both")


@extend_schema_serializer(many=False)
class PresenceSerializer(serializers.Serializer[Presence]):
    at = serializers.DateTimeField()
    doors = DoorNowSerializer(many=True)
    results = WhereaboutsSerializer(many=True, source="people")


class HereSerializer(serializers.Serializer[Here]):
    """`in` false: went out as far as is known, but may have come back unseen. `uncertain`: a door that is silent may have been passed."""

    person = PersonBrief(source="whereabouts.person")
    door = DoorBrief(source="whereabouts.door")
    last_seen = serializers.DateTimeField(source="whereabouts.at")
    uncertain = serializers.BooleanField()

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        return {**super().get_fields(), "in": serializers.BooleanField(source="is_in")}


@extend_schema_serializer(many=False)
class MusterSerializer(serializers.Serializer[Muster]):
    site = SiteBrief()
    at = serializers.DateTimeField()
    doors = DoorNowSerializer(many=True)
    people = HereSerializer(many=True)


@refuses(get=(400, 404))
class PresenceApi(CsvList, APIView):
    """Who is in now, last seen first: sighted today, and not last at a door for going out. With until when each door is known."""

    resource = Resource.PRESENCE
    csv_name, csv_columns = "presence", PRESENCE_COLUMNS

    @extend_schema(parameters=[SITE], responses=PresenceSerializer)
    def get(self, request: Request) -> Response:
        now = timezone.now()
        chosen = _site(request)
        people = present(user=request.user, scope=scope_of_request(request, self.resource), now=now)
        people = [one for one in people if chosen is None or one.door.site_id == chosen.pk]
        if wants_csv(request):
            return Response(csv_text(self.csv_columns, people), headers=attachment("presence.csv"))
        doors = doors_now(Site.objects.all() if chosen is None else [chosen], now=now)
        return Response(said(PresenceSerializer, Presence(now, doors, people)))


@refuses(get=(400, 404))
class MusterApi(CsvList, APIView):
    """Who has to be looked for at a site, by name: everybody who is in, and who may have come back through a door that is silent."""

    resource = Resource.PRESENCE
    csv_name, csv_columns = "muster", MUSTER_COLUMNS

    @extend_schema(parameters=[SITE_NEEDED], responses=MusterSerializer)
    def get(self, request: Request) -> Response:
        site = _site(request)
        if site is None:
            raise Malformed("missing", "Say at which site: add `?site=` with its id.", errors={"site": ["This is needed."]})
        found = muster(site=site, user=request.user, scope=scope_of_request(request, self.resource), now=timezone.now())
        if wants_csv(request):
            return Response(csv_text(self.csv_columns, found.people), headers=attachment("muster.csv"))
        return Response(said(MusterSerializer, found))


def _site(request: Request) -> Site | None:
    """That of the address. Raises Malformed for what is no id, NotFound for no site."""
    text = request.query_params.get("site")
    if not text:
        return None
    try:
        found = Site.objects.filter(uuid=UUID(text)).first()
    except ValueError as error:
        raise Malformed("bad_site", "`site` is the id (a UUID) of a site.", errors={"site": ["This is no UUID."]}) from error
    if found is None:
        raise NotFound("not_found", "There is no such site.")
    return found
