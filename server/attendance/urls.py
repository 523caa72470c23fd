from django.urls import path

from server.attendance.apis import AttendanceApi, PresenceApi

urlpatterns = [
    path("attendance", AttendanceApi.as_view(), name="attendance"),
    path("presence", PresenceApi.as_view(), name="presence"),
]
