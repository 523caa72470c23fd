from django.contrib import admin

from server.core.admin import ReadOnlyAdmin
from server.sightings.decision_models import SightingDecision, UnknownGroup
from server.sightings.models import (
    Crop,
    Gap,
    Observation,
    Record,
    RecordConflict,
    SecondLook,
    SecondLookRun,
    SecondLookVerdict,
    Sighting,
)


@admin.register(Record)
class RecordAdmin(ReadOnlyAdmin[Record]):
    list_display = ["uuid", "node", "epoch", "seq", "kind", "received_at"]
    list_filter = ["kind", "node"]
    search_fields = ["uuid", "sha256"]
    exclude = ["payload", "signature"]


@admin.register(Sighting)
class SightingAdmin(ReadOnlyAdmin[Sighting]):
    list_display = ["captured_at", "door", "outcome", "person", "counts_for", "similarity", "margin", "node"]
    list_filter = ["outcome", "door"]
    list_select_related = ["door__site", "person", "counts_for", "node"]
    search_fields = ["uuid", "person__name"]


@admin.register(Crop)
class CropAdmin(ReadOnlyAdmin[Crop]):
    list_display = ["sha256", "node", "state", "size_bytes", "stored_at", "reason"]
    list_filter = ["state"]
    search_fields = ["sha256"]


@admin.register(Observation)
class ObservationAdmin(ReadOnlyAdmin[Observation]):
    list_display = ["record", "boot_id", "last_seq"]


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin[Gap]):
    list_display = ["record", "lost_epoch", "from_seq", "to_seq", "reason"]


@admin.register(RecordConflict)
class RecordConflictAdmin(ReadOnlyAdmin[RecordConflict]):
    list_display = ["record", "sha256", "at"]
    exclude = ["payload", "signature"]


@admin.register(SecondLook)
class SecondLookAdmin(ReadOnlyAdmin[SecondLook]):
    list_display = ["made_at", "sighting", "difference", "reason", "outcome", "person", "similarity", "min_similarity", "gallery_revision"]
    list_filter = ["difference", "reason"]
    list_select_related = ["sighting", "person"]
    search_fields = ["uuid", "sighting__uuid", "person__name"]


@admin.register(SecondLookVerdict)
class SecondLookVerdictAdmin(ReadOnlyAdmin[SecondLookVerdict]):
    list_display = ["at", "second_look", "verdict", "by"]
    list_filter = ["verdict"]
    list_select_related = ["second_look", "by"]


@admin.register(SecondLookRun)
class SecondLookRunAdmin(ReadOnlyAdmin[SecondLookRun]):
    list_display = ["ground", "since", "cursor", "begun_at", "caught_up_at"]


@admin.register(SightingDecision)
class SightingDecisionAdmin(ReadOnlyAdmin[SightingDecision]):
    list_display = ["at", "sighting", "decision", "person", "by", "undone_at", "batch"]
    list_filter = ["decision"]
    list_select_related = ["sighting", "person", "by"]
    search_fields = ["uuid", "sighting__uuid", "person__name", "batch"]


@admin.register(UnknownGroup)
class UnknownGroupAdmin(ReadOnlyAdmin[UnknownGroup]):
    list_display = ["uuid", "state", "person", "size", "newest_at", "decided_by", "decided_at"]
    list_filter = ["state"]
    list_select_related = ["person", "decided_by"]
    search_fields = ["uuid", "person__name", "batch"]
