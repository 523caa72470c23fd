from django.urls import path

from server.schedules import apis, calendar_apis

urlpatterns = [
    path("schedules", apis.SchedulesApi.as_view(), name="schedules"),
    path("schedules/<uuid:id>", apis.ScheduleApi.as_view(), name="schedule"),
    path("schedules/<uuid:id>/end", apis.ScheduleEndApi.as_view(), name="schedule-end"),
    path("sessions", apis.SessionsApi.as_view(), name="sessions"),
    path("sessions/<uuid:id>", apis.SessionApi.as_view(), name="session"),
    path("sessions/<uuid:id>/cancel", apis.SessionCancelApi.as_view(), name="session-cancel"),
    path("sessions/<uuid:id>/restore", apis.SessionRestoreApi.as_view(), name="session-restore"),
    path("holidays", calendar_apis.HolidaysApi.as_view(), name="holidays"),
    path("holidays/<uuid:id>", calendar_apis.HolidayApi.as_view(), name="holiday"),
    path("leave", calendar_apis.LeaveListApi.as_view(), name="leave-list"),
    path("leave/<uuid:id>", calendar_apis.LeaveApi.as_view(), name="leave"),
    path("leave/<uuid:id>/cancel", calendar_apis.LeaveCancelApi.as_view(), name="leave-cancel"),
    path("areas", calendar_apis.AreasApi.as_view(), name="areas"),
    path("areas/<uuid:id>", calendar_apis.AreaApi.as_view(), name="area"),
    path("sites/<uuid:id>/open-day-rule", calendar_apis.OpenDayRuleApi.as_view(), name="open-day-rule"),
]
