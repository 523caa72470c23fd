"""What the API says about groups of unknown passes. Neither embeddings nor how alike strangers are ever leave the server."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from server.sightings.decision_models import GroupState
from server.sightings.models import CropState, Sighting
from server.sightings.serializers import DoorBrief, PersonBrief
from server.sightings.unknown_selectors import GroupShown


class UnknownGroupSerializer(serializers.Serializer[GroupShown]):
    """Unknown and unsure passes that look like one person.

    `unsure`: passes at which the door was in doubt about somebody enrolled. `unconfirmed`: passes that joined after the group was
    assigned; they count for nobody until it is assigned to the same person once more.
    """

    id = serializers.UUIDField(source="group.uuid")
    state = serializers.ChoiceField(source="group.state", choices=GroupState.choices)
    person = PersonBrief(source="group.person", allow_null=True)
    size = serializers.IntegerField(source="group.size")
    unsure = serializers.IntegerField(source="group.unsure")
    unconfirmed = serializers.IntegerField(source="group.unconfirmed")
    first_at = serializers.DateTimeField(source="group.first_at")
    newest_at = serializers.DateTimeField(source="group.newest_at")
    doors = DoorBrief(many=True)
    crop_url = serializers.SerializerMethodField(help_text="of the newest pass with an image")
    decided_by = serializers.CharField(source="group.decided_by.username", allow_null=True, default=None)
    decided_at = serializers.DateTimeField(source="group.decided_at", allow_null=True)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_crop_url(self, shown: GroupShown) -> str | None:
        return reverse("sighting-crop", args=[shown.faces[0].uuid]) if shown.faces else None


class UnknownMemberSerializer(serializers.ModelSerializer[Sighting]):
    """A pass of a group. `decided` false in an assigned group: it joined later and waits to be confirmed."""

    id = serializers.UUIDField(source="uuid")
    door = DoorBrief(allow_null=True)
    counts_for = PersonBrief(allow_null=True)
    decided = serializers.BooleanField()
    crop_url = serializers.SerializerMethodField()

    class Meta:
        model = Sighting
        fields = ("id", "captured_at", "uncertainty_ms", "time_known", "door", "outcome", "counts_for", "decided", "crop_url")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_crop_url(self, sighting: Sighting) -> str | None:
        crop = getattr(sighting, "crop", None)
        return reverse("sighting-crop", args=[sighting.uuid]) if crop is not None and crop.state == CropState.STORED else None


class AssignSerializer(serializers.Serializer[object]):
    person = serializers.UUIDField()


class SplitSerializer(serializers.Serializer[object]):
    """Passes to take out, together, into an open group of their own."""

    sightings = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=500)
