"""Addresses of the pages about what is expected of whom."""

from django.urls import path

from server.web import schedules, schedules_edit, schedules_holidays, schedules_leave

SCHEDULE, SESSION = "schedules/<uuid:schedule>/", "schedules/sessions/<uuid:session>/"

urlpatterns = [
    path("schedules/", schedules.SchedulesPage.as_view(), name="schedules-page"),
    path("schedules/new/", schedules_edit.ScheduleNewPage.as_view(), name="schedule-new-page"),
    path("schedules/lecture/", schedules_edit.LectureNewPage.as_view(), name="lecture-new-page"),
    path("schedules/doors/", schedules.SiteDoorsPart.as_view(), name="schedule-doors-part"),
    path(SCHEDULE, schedules.SchedulePage.as_view(), name="schedule-page"),
    path(f"{SCHEDULE}change/", schedules_edit.ScheduleEditPage.as_view(), name="schedule-edit-page"),
    path(f"{SCHEDULE}end/", schedules.ScheduleEndPage.as_view(), name="schedule-end-page"),
    path(f"{SESSION}change/", schedules_edit.SessionEditPage.as_view(), name="session-edit-page"),
    path(f"{SESSION}cancel/", schedules.SessionCancelPage.as_view(), name="session-cancel-page"),
    path(f"{SESSION}restore/", schedules.SessionRestorePage.as_view(), name="session-restore-page"),
    path("holidays/", schedules_holidays.HolidaysPage.as_view(), name="holidays-page"),
    path("holidays/<uuid:holiday>/", schedules_holidays.HolidayPage.as_view(), name="holiday-page"),
    path("holidays/<uuid:holiday>/delete/", schedules_holidays.HolidayDeletePage.as_view(), name="holiday-delete-page"),
    path("leave/", schedules_leave.LeavePage.as_view(), name="leave-page"),
    path("leave/<uuid:leave>/", schedules_leave.LeaveChangePage.as_view(), name="leave-change-page"),
    path("leave/<uuid:leave>/cancel/", schedules_leave.LeaveCancelPage.as_view(), name="leave-cancel-page"),
]
