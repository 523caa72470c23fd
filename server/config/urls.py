"""Every address of the server."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

API = "api/v1/"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="web/api_docs.html"), name="docs"),
    path(API, include("server.core.urls")),
    path(API, include("server.accounts.urls")),
    path(API, include("server.sites.urls")),
    path(API, include("server.nodes.urls")),
    path(API, include("server.people.urls")),
    path(API, include("server.gallery.urls")),
    path(API, include("server.sightings.urls")),
    path(API, include("server.schedules.urls")),
    path(API, include("server.attendance.urls")),
    path(API, include("server.attendance.corrections_urls")),
    path(API, include("server.audit.urls")),
    path(API, include("server.reports.urls")),
    path("", include("server.web.urls")),
]

handler400 = "server.core.problems.bad_request"
handler403 = "server.core.problems.forbidden"
handler404 = "server.core.problems.not_found"
handler500 = "server.core.problems.server_error"
