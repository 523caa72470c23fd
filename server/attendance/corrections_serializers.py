from collections.abc import Sequence

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from server.attendance.correction_models import SAID, Correction, CorrectionAttachment, CorrectionComment
from server.attendance.corrections_preview import computed_for
from server.attendance.corrections_values import Changes, Diff, changes_of, diff_of, published_for
from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State
from server.attendance.serializers import SessionBrief
from server.sightings.serializers import PersonBrief

MOST_AT_ONCE = 200


class ChangesSerializer(serializers.Serializer[Changes]):
    """What should become of a record; what is left out or null stays, an empty note clears it."""

    state = serializers.ChoiceField(choices=SAID, allow_null=True, default=None)
    first_in = serializers.DateTimeField(allow_null=True, default=None)
    last_out = serializers.DateTimeField(allow_null=True, default=None)
    note = serializers.CharField(allow_null=True, allow_blank=True, default=None, max_length=2000)


class CorrectionRequestSerializer(ChangesSerializer):
    """A request. `at_once`: staff who may decide correct somebody else's record without a request that waits."""

    person = serializers.UUIDField()
    session = serializers.UUIDField()
    reason = serializers.CharField(max_length=2000)
    at_once = serializers.BooleanField(default=False)

    def changes(self) -> Changes:
        given = self.validated_data
        state = None if given["state"] is None else State(given["state"])
        return Changes(state, given["first_in"], given["last_out"], given["note"])


class FieldSerializer(serializers.Serializer[object]):
    """One field: when the request was made, as it is published now, as it would be."""

    name = serializers.CharField()
    before = serializers.JSONField()
    now = serializers.JSONField()
    after = serializers.JSONField()


class DiffSerializer(serializers.Serializer[Diff]):
    """`stale`: the record has changed since the request was made. `computed`: `after` is what the rules make of the wish."""

    stale = serializers.BooleanField()
    computed = serializers.BooleanField()
    differences = FieldSerializer(many=True, source="fields")


class CommentSerializer(serializers.ModelSerializer[CorrectionComment]):
    id = serializers.UUIDField(source="uuid", read_only=True)
    by = serializers.CharField(source="by.username", allow_null=True, default=None, read_only=True)
    text = serializers.CharField(max_length=5000)

    class Meta:
        model = CorrectionComment
        fields = ("id", "by", "at", "text")
        read_only_fields = ("at",)


class AttachmentSerializer(serializers.ModelSerializer[CorrectionAttachment]):
    """A paper; its content is at `…/attachments/<id>`."""

    id = serializers.UUIDField(source="uuid")
    by = serializers.CharField(source="by.username", allow_null=True, default=None)

    class Meta:
        model = CorrectionAttachment
        fields = ("id", "name", "media_type", "size_bytes", "sha256", "by", "at")


class AttachmentUploadSerializer(serializers.Serializer[object]):
    file = serializers.FileField(help_text="PDF, PNG or JPEG, at most 5 MB")


class ReasonSerializer(serializers.Serializer[object]):
    """Why it is approved; it may be empty."""

    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")


class NeededReasonSerializer(serializers.Serializer[object]):
    """Why it is rejected, undone or lifted."""

    reason = serializers.CharField(max_length=2000)


class ManyApprovedSerializer(ReasonSerializer):
    corrections = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_AT_ONCE)


class ManyRejectedSerializer(NeededReasonSerializer):
    corrections = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_AT_ONCE)


class _Corrections(serializers.ListSerializer[Correction]):
    """Looks up what is published for all of them in one query."""

    def to_representation(self, data: object) -> list[object]:
        rows = list(data) if isinstance(data, Sequence) else list(data.all())  # type: ignore[attr-defined]
        self.context["published"] = published_for(rows)
        return [self.child.to_representation(row) for row in rows]  # type: ignore[union-attr]


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    """A correction with its diff against the record as it is published now."""

    id = serializers.UUIDField(source="uuid")
    person = PersonBrief()
    session = SessionBrief()
    changes = serializers.SerializerMethodField()
    diff = serializers.SerializerMethodField()
    requested_by = serializers.CharField(source="requested_by.username", allow_null=True, default=None)
    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)
    comments = CommentSerializer(many=True)
    attachments = AttachmentSerializer(many=True)

    class Meta:
        model = Correction
        list_serializer_class = _Corrections
        fields = (
            "id", "person", "session", "state", "changes", "diff", "reason", "requested_by", "requested_at", "decided_by", "decided_at",
            "decision_reason", "approval", "version", "comments", "attachments",
        )  # fmt: skip

    @extend_schema_field(ChangesSerializer)
    def get_changes(self, row: Correction) -> dict[str, object]:
        return dict(ChangesSerializer(changes_of(row)).data)

    @extend_schema_field(DiffSerializer)
    def get_diff(self, row: Correction) -> dict[str, object]:
        return dict(DiffSerializer(self._diff(row)).data)

    def _diff(self, row: Correction) -> Diff:
        many: dict[tuple[int, int], AttendanceRecord] | None = self.context.get("published")
        key = (row.session_id, row.person_id)
        if many is not None:
            return diff_of(row, published=many.get(key))
        return diff_of(row, published=published_for([row]).get(key), computed=computed_for(row))
