from django.urls import path, re_path

from server.sightings.apis import SightingApi, SightingCropApi, SightingListApi
from server.sightings.node_apis import NodeCropApi, RecordsApi
from server.sightings.second_look_apis import (
    AcceptSecondLookApi,
    DismissSecondLookApi,
    SecondLookApi,
    SecondLookListApi,
    SightingSecondLookApi,
    UndoSecondLookApi,
)

urlpatterns = [
    path("node/records", RecordsApi.as_view(), name="node-records"),
    re_path(r"^node/crops/(?P<sha256>[0-9a-f]{64})$", NodeCropApi.as_view(), name="node-crop"),
    path("sightings", SightingListApi.as_view(), name="sightings"),
    path("sightings/<uuid:id>", SightingApi.as_view(), name="sighting"),
    path("sightings/<uuid:id>/crop", SightingCropApi.as_view(), name="sighting-crop"),
    path("sightings/<uuid:id>/second-look", SightingSecondLookApi.as_view(), name="sighting-second-look"),
    path("second-looks", SecondLookListApi.as_view(), name="second-looks"),
    path("second-looks/<uuid:id>", SecondLookApi.as_view(), name="second-look"),
    path("second-looks/<uuid:id>/accept", AcceptSecondLookApi.as_view(), name="second-look-accept"),
    path("second-looks/<uuid:id>/dismiss", DismissSecondLookApi.as_view(), name="second-look-dismiss"),
    path("second-looks/<uuid:id>/undo", UndoSecondLookApi.as_view(), name="second-look-undo"),
]
