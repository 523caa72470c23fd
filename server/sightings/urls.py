from django.urls import path, re_path

from server.sightings.apis import SightingApi, SightingCropApi, SightingListApi
from server.sightings.decision_apis import DecideManyApi, SightingDecisionsApi, SightingDecisionUndoApi, UndoManyApi
from server.sightings.node_apis import NodeCropApi, RecordsApi
from server.sightings.second_look_apis import (
    AcceptSecondLookApi,
    DismissSecondLookApi,
    SecondLookApi,
    SecondLookListApi,
    SightingSecondLookApi,
    UndoSecondLookApi,
)
from server.sightings.unknown_apis import (
    AssignUnknownGroupApi,
    GroupUnknownApi,
    IgnoreUnknownGroupApi,
    SplitUnknownGroupApi,
    UndoUnknownGroupApi,
    UnknownGroupApi,
    UnknownGroupListApi,
    UnknownMembersApi,
)

urlpatterns = [
    path("node/records", RecordsApi.as_view(), name="node-records"),
    re_path(r"^node/crops/(?P<sha256>[0-9a-f]{64})$", NodeCropApi.as_view(), name="node-crop"),
    path("sightings", SightingListApi.as_view(), name="sightings"),
    path("sightings/<uuid:id>", SightingApi.as_view(), name="sighting"),
    path("sightings/<uuid:id>/crop", SightingCropApi.as_view(), name="sighting-crop"),
    path("sightings/<uuid:id>/second-look", SightingSecondLookApi.as_view(), name="sighting-second-look"),
    path("sightings/decisions", DecideManyApi.as_view(), name="sightings-decide"),
    path("sightings/decisions/undo", UndoManyApi.as_view(), name="sightings-decisions-undo"),
    path("sightings/<uuid:id>/decisions", SightingDecisionsApi.as_view(), name="sighting-decisions"),
    path("sightings/<uuid:id>/decisions/<uuid:decision>/undo", SightingDecisionUndoApi.as_view(), name="sighting-decision-undo"),
    path("unknown-groups", UnknownGroupListApi.as_view(), name="unknown-groups"),
    path("unknown-groups/update", GroupUnknownApi.as_view(), name="unknown-groups-update"),
    path("unknown-groups/<uuid:id>", UnknownGroupApi.as_view(), name="unknown-group"),
    path("unknown-groups/<uuid:id>/members", UnknownMembersApi.as_view(), name="unknown-group-members"),
    path("unknown-groups/<uuid:id>/assign", AssignUnknownGroupApi.as_view(), name="unknown-group-assign"),
    path("unknown-groups/<uuid:id>/ignore", IgnoreUnknownGroupApi.as_view(), name="unknown-group-ignore"),
    path("unknown-groups/<uuid:id>/undo", UndoUnknownGroupApi.as_view(), name="unknown-group-undo"),
    path("unknown-groups/<uuid:id>/split", SplitUnknownGroupApi.as_view(), name="unknown-group-split"),
    path("second-looks", SecondLookListApi.as_view(), name="second-looks"),
    path("second-looks/<uuid:id>", SecondLookApi.as_view(), name="second-look"),
    path("second-looks/<uuid:id>/accept", AcceptSecondLookApi.as_view(), name="second-look-accept"),
    path("second-looks/<uuid:id>/dismiss", DismissSecondLookApi.as_view(), name="second-look-dismiss"),
    path("second-looks/<uuid:id>/undo", UndoSecondLookApi.as_view(), name="second-look-undo"),
]
