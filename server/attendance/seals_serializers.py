from rest_framework import serializers

from server.attendance.seal_models import Discrepancy, Seal
from server.schedules.serializers import SiteBrief
from server.sightings.serializers import PersonBrief


class SealRequestSerializer(serializers.Serializer[object]):
    """Which days, both included. `unsettled_too`: also where records are undecided or requests are open."""

    site = serializers.UUIDField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)
    unsettled_too = serializers.BooleanField(default=False)


class SealSerializer(serializers.ModelSerializer[Seal]):
    """Days of a site whose attendance is approved; lifted ones do not hold any more."""

    id = serializers.UUIDField(source="uuid")
    site = SiteBrief()
    sealed_by = serializers.CharField(source="sealed_by.username", allow_null=True, default=None)
    lifted_by = serializers.CharField(source="lifted_by.username", allow_null=True, default=None)

    class Meta:
        model = Seal
        fields = (
            "id", "site", "first_day", "last_day", "note", "sealed_by", "sealed_at", "lifted_by", "lifted_at", "lifted_because",
        )  # fmt: skip


class DiscrepancySerializer(serializers.ModelSerializer[Discrepancy]):
    """A sealed record (`published`) and what its facts say now (`derived`); null: no such record."""

    id = serializers.UUIDField(source="uuid")
    person = PersonBrief()
    site = SiteBrief()
    date = serializers.DateField(source="local_date")
    published = serializers.JSONField()
    derived = serializers.JSONField()
    acknowledged_by = serializers.CharField(source="acknowledged_by.username", allow_null=True, default=None)

    class Meta:
        model = Discrepancy
        fields = (
            "id", "subject", "person", "site", "date", "published", "derived", "state", "found_at", "acknowledged_by", "acknowledged_at",
            "note",
        )  # fmt: skip


class NoteSerializer(serializers.Serializer[object]):
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)
