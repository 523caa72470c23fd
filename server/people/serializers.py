"""What the API says about people. Ids are public UUIDs."""

from rest_framework import serializers

from server.people.models import Group, Membership, Person, Ruling, Sample, SetAside


class PersonSerializer(serializers.ModelSerializer[Person]):
    """`consent` true records that the person agreed to be recognised, false withdraws it."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    number = serializers.CharField(max_length=64, required=False, allow_null=True, allow_blank=True)
    consent = serializers.BooleanField(write_only=True, required=False)
    samples = serializers.IntegerField(source="sample_count", read_only=True, default=0)

    class Meta:
        model = Person
        fields = (
            "id", "name", "number", "position", "email", "phone", "active_from", "active_until", "consent", "consent_at", "samples"
        )  # fmt: skip
        read_only_fields = ("consent_at",)


class GroupSerializer(serializers.ModelSerializer[Group]):
    id = serializers.UUIDField(source="uuid", read_only=True)

    class Meta:
        model = Group
        fields = ("id", "name")


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """`valid_from` and `valid_until` are days, both included."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    person = serializers.UUIDField(source="person.uuid")
    group = serializers.UUIDField(source="group.uuid")

    class Meta:
        model = Membership
        fields = ("id", "person", "group", "valid_from", "valid_until")


class MembershipDaysSerializer(serializers.Serializer[Membership]):
    valid_from = serializers.DateField(required=False)
    valid_until = serializers.DateField(required=False, allow_null=True)


class SampleSerializer(serializers.ModelSerializer[Sample]):
    """`state` set_aside: kept, but not part of the template, for the given reason. `ruling`: what staff say, above every automatic rule.

    `yaw` is the nose tip's shift in distances between the eyes, positive towards the person's own left; `brightness` a grey level.
    """

    id = serializers.UUIDField(source="uuid", read_only=True)
    reason = serializers.CharField(read_only=True, help_text=f"why it was set aside: {', '.join(SetAside.values)}; else empty")
    explanation = serializers.CharField(source="get_reason_display", read_only=True, help_text="the reason in words")

    class Meta:
        model = Sample
        fields: tuple[str, ...] = (
            "id", "sha256", "quality", "face_px", "yaw", "brightness", "sharpness", "state", "reason", "explanation", "ruling", "ruled_at",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields


class RulingSerializer(serializers.Serializer[Sample]):
    """`keep` takes the sample into the template, `set_aside` takes it out, `automatic` leaves it to the rules again."""

    ruling = serializers.ChoiceField(choices=Ruling.choices)


class SampleUploadSerializer(serializers.Serializer[Sample]):
    image = serializers.FileField(help_text="JPEG, PNG, WebP or BMP with one face")
    accept_likeness = serializers.BooleanField(
        default=False, help_text="true: this is somebody else than the enrolled person they look like, for example a twin"
    )
