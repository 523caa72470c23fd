from django.contrib.auth.views import LogoutView
from django.urls import include, path

from server.sightings.second_look import Verdict
from server.web import enrol, gallery_check, nodes, reports, second_looks, views, visits

verdict_page = second_looks.SecondLookVerdictPage.as_view

urlpatterns = [
    path("", views.TodayPage.as_view(), name="today"),
    path("today/now", views.TodayPart.as_view(), name="today-part"),
    path("", include("server.web.people_urls")),
    path("", include("server.web.attendance_urls")),
    path("", include("server.web.schedules_urls")),
    path("visits/", visits.VisitsPage.as_view(), name="visits-page"),
    path("visits/<uuid:visit>/pass/", visits.VisitPassPage.as_view(), name="visit-pass-page"),
    path("reports/", reports.ReportsPage.as_view(), name="reports-page"),
    path("enrol/", enrol.EnrolPage.as_view(), name="enrol"),
    path("enrol/<uuid:person>/", enrol.EnrolMorePage.as_view(), name="enrol-more"),
    path("enrol/<uuid:person>/samples/<uuid:sample>/", enrol.SampleRulePage.as_view(), name="sample-rule-page"),
    path("gallery/", gallery_check.GalleryCheckPage.as_view(), name="gallery-page"),
    path("nodes/", nodes.NodesPage.as_view(), name="nodes-page"),
    path("nodes/<uuid:node>/settings/", nodes.NodeSettingsPage.as_view(), name="node-settings-page"),
    path("nodes/<uuid:node>/identify/", nodes.NodeIdentifyPage.as_view(), name="node-identify-page"),
    path("nodes/<uuid:node>/replace/", nodes.NodeReplacePage.as_view(), name="node-replace-page"),
    path("nodes/<uuid:node>/unfreeze/", nodes.NodeUnfreezePage.as_view(), name="node-unfreeze-page"),
    path("nodes/<uuid:node>/revoke/", nodes.NodeRevokePage.as_view(), name="node-revoke-page"),
    path("nodes/alarms/<uuid:alarm>/resolve/", nodes.AlarmResolvePage.as_view(), name="alarm-resolve-page"),
    path("second-looks/", second_looks.SecondLooksPage.as_view(), name="second-looks-page"),
    path("second-looks/<uuid:look>/", second_looks.SecondLookPage.as_view(), name="second-look-page"),
    path("second-looks/<uuid:look>/accept/", verdict_page(verdict=Verdict.ACCEPTED), name="second-look-accept-page"),
    path("second-looks/<uuid:look>/dismiss/", verdict_page(verdict=Verdict.DISMISSED), name="second-look-dismiss-page"),
    path("second-looks/<uuid:look>/undo/", verdict_page(verdict=Verdict.UNDONE), name="second-look-undo-page"),
    path("sightings/<uuid:sighting>/look-again/", second_looks.LookAgainPage.as_view(), name="look-again-page"),
    path("favicon.ico", views.favicon),
    path("sign-in/", views.SignInPage.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
]
