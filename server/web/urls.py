from django.contrib.auth.views import LogoutView
from django.urls import path

from server.web import enrol, views

urlpatterns = [
    path("", views.TodayPage.as_view(), name="today"),
    path("today/now", views.TodayPart.as_view(), name="today-part"),
    path("people/", views.PeoplePage.as_view(), name="people-page"),
    path("enrol/", enrol.EnrolPage.as_view(), name="enrol"),
    path("enrol/<uuid:person>/", enrol.EnrolMorePage.as_view(), name="enrol-more"),
    path("nodes/", views.NodesPage.as_view(), name="nodes-page"),
    path("nodes/<uuid:node>/revoke/", views.NodeRevokePage.as_view(), name="node-revoke-page"),
    path("favicon.ico", views.favicon),
    path("sign-in/", views.SignInPage.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
]
