from rest_framework.routers import SimpleRouter

from server.sites.apis import DoorViewSet, SiteViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("sites", SiteViewSet, basename="site")
router.register("doors", DoorViewSet, basename="door")
urlpatterns = router.urls
