from django.urls import path
from rest_framework.routers import SimpleRouter

from server.nodes.alarm_apis import NodeAlarmViewSet
from server.nodes.apis import ClaimApi, MountViewSet, NodeUnfreezeApi, NodeViewSet
from server.nodes.node_apis import HeartbeatApi, NodeClaimApi, NodeEpochApi, NodeSettingsApi, NodeTokenApi

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("nodes", NodeViewSet, basename="node")
router.register("node-alarms", NodeAlarmViewSet, basename="node-alarm")
router.register("mounts", MountViewSet, basename="mount")
urlpatterns = [
    *router.urls,
    path("nodes/<uuid:id>/unfreeze", NodeUnfreezeApi.as_view(), name="node-unfreeze"),
    path("node-claims", ClaimApi.as_view(), name="node-claims"),
    path("node/claim", NodeClaimApi.as_view(), name="node-claim"),
    path("node/token", NodeTokenApi.as_view(), name="node-token"),
    path("node/epoch", NodeEpochApi.as_view(), name="node-epoch"),
    path("node/heartbeat", HeartbeatApi.as_view(), name="node-heartbeat"),
    path("node/settings", NodeSettingsApi.as_view(), name="node-settings"),
]
