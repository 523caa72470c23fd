from django.urls import path
from rest_framework.routers import SimpleRouter

from server.nodes.apis import ClaimApi, MountViewSet, NodeViewSet
from server.nodes.node_apis import HeartbeatApi, NodeClaimApi, NodeSettingsApi

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("nodes", NodeViewSet, basename="node")
router.register("mounts", MountViewSet, basename="mount")
urlpatterns = [
    *router.urls,
    path("node-claims", ClaimApi.as_view(), name="node-claims"),
    path("node/claim", NodeClaimApi.as_view(), name="node-claim"),
    path("node/heartbeat", HeartbeatApi.as_view(), name="node-heartbeat"),
    path("node/settings", NodeSettingsApi.as_view(), name="node-settings"),
]
