from rest_framework import serializers

from server.attendance.models import OpenDayRecord
from server.sightings.serializers import PersonBrief
from server.sites.models import Site


class SiteBrief(serializers.ModelSerializer[Site]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Site
        fields = ("id", "name")


class OpenDaySerializer(serializers.ModelSerializer[OpenDayRecord]):
    """A person's open day at a site."""

    person = PersonBrief()
    site = SiteBrief()
    date = serializers.DateField(source="local_date")

    class Meta:
        model = OpenDayRecord
        fields = ("person", "site", "date", "first_seen", "last_seen", "sightings")
