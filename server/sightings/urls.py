from django.urls import path, re_path

from server.sightings.apis import SightingApi, SightingCropApi, SightingListApi
from server.sightings.node_apis import NodeCropApi, RecordsApi

urlpatterns = [
    path("node/records", RecordsApi.as_view(), name="node-records"),
    re_path(r"^node/crops/(?P<sha256>[0-9a-f]{64})$", NodeCropApi.as_view(), name="node-crop"),
    path("sightings", SightingListApi.as_view(), name="sightings"),
    path("sightings/<uuid:id>", SightingApi.as_view(), name="sighting"),
    path("sightings/<uuid:id>/crop", SightingCropApi.as_view(), name="sighting-crop"),
]
