from django.urls import path

from server.attendance.apis import AttendanceApi, OpenDaysApi, VisitsApi
from server.attendance.presence_apis import MusterApi, PresenceApi
from server.attendance.record_apis import AttendanceRecordApi, RecordChangesApi, SessionSheetApi

urlpatterns = [
    path("attendance", AttendanceApi.as_view(), name="attendance"),
    path("attendance/<uuid:id>", AttendanceRecordApi.as_view(), name="attendance-record"),
    path("attendance/<uuid:id>/changes", RecordChangesApi.as_view(), name="attendance-record-changes"),
    path("sessions/<uuid:id>/sheet", SessionSheetApi.as_view(), name="session-sheet"),
    path("open-days", OpenDaysApi.as_view(), name="open-days"),
    path("visits", VisitsApi.as_view(), name="visits"),
    path("presence/muster", MusterApi.as_view(), name="muster"),
    path("presence", PresenceApi.as_view(), name="presence"),
]
