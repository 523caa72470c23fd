from django.contrib import admin

from server.core.admin import ReadOnlyAdmin
from server.schedules.models import Area, Holiday, Leave, OpenDayRule, Schedule, Session


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin[Schedule]):
    """For looking only: a change of a schedule changes its sessions, which the API keeps in step."""

    list_display = ["name", "kind", "site", "group", "begins", "ends", "valid_from", "valid_until", "ended_at"]
    list_filter = ["kind", "site", "group"]
    search_fields = ["name"]


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin[Session]):
    list_display = ["name", "local_date", "site", "group", "begins_at", "ends_at", "cancelled_at", "covered_at", "given_up_at"]
    list_filter = ["kind", "site", "group"]
    search_fields = ["name"]
    date_hierarchy = "local_date"


@admin.register(Holiday)
class HolidayAdmin(ReadOnlyAdmin[Holiday]):
    list_display = ["name", "site", "first_day", "last_day"]


@admin.register(Leave)
class LeaveAdmin(ReadOnlyAdmin[Leave]):
    list_display = ["person", "reason", "first_day", "last_day", "from_time", "until_time", "cancelled_at"]
    search_fields = ["person__name"]


@admin.register(Area)
class AreaAdmin(ReadOnlyAdmin[Area]):
    list_display = ["name", "site", "auto_close"]


@admin.register(OpenDayRule)
class OpenDayRuleAdmin(ReadOnlyAdmin[OpenDayRule]):
    list_display = ["site", "terms"]
