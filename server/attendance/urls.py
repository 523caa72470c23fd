from django.urls import path

from server.attendance.apis import AttendanceApi, AttendanceRecordApi, OpenDaysApi, PresenceApi, VisitsApi

urlpatterns = [
    path("attendance", AttendanceApi.as_view(), name="attendance"),
    path("attendance/<uuid:id>", AttendanceRecordApi.as_view(), name="attendance-record"),
    path("open-days", OpenDaysApi.as_view(), name="open-days"),
    path("visits", VisitsApi.as_view(), name="visits"),
    path("presence", PresenceApi.as_view(), name="presence"),
]
