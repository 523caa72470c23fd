from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from server.people.models import Person
from server.sightings.models import CropState, Sighting
from server.sites.models import Door


class DoorBrief(serializers.ModelSerializer[Door]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Door
        fields = ("id", "name")


class PersonBrief(serializers.ModelSerializer[Person]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Person
        fields = ("id", "name")


class SightingSerializer(serializers.ModelSerializer[Sighting]):
    """A pass through a door, at some time from `earliest_at` to `latest_at`; `captured_at` stands for it.

    `time_known` false: that is more than an hour wide, and `captured_at` is only the latest it can have been.

    `person` is the node's match, `counts_for` whose attendance it is: another one after staff accepted a second look.
    """

    id = serializers.UUIDField(source="uuid")
    node = serializers.UUIDField(source="node.uuid")
    door = DoorBrief(allow_null=True)
    person = PersonBrief(allow_null=True)
    counts_for = PersonBrief(allow_null=True)
    names_nobody_here = serializers.BooleanField()
    crop_url = serializers.SerializerMethodField()

    class Meta:
        model = Sighting
        fields = (
            "id", "door", "node", "captured_at", "earliest_at", "latest_at", "uncertainty_ms", "time_known", "received_at", "outcome",
            "person", "counts_for", "names_nobody_here", "similarity", "margin", "quality", "frames", "agreeing_frames", "model_id",
            "gallery_revision", "crop_url",
        )  # fmt: skip

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_crop_url(self, sighting: Sighting) -> str | None:
        crop = getattr(sighting, "crop", None)
        return reverse("sighting-crop", args=[sighting.uuid]) if crop is not None and crop.state == CropState.STORED else None
