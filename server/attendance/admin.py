from django.contrib import admin

from server.attendance.models import OpenDayRecord
from server.core.admin import ReadOnlyAdmin


@admin.register(OpenDayRecord)
class OpenDayRecordAdmin(ReadOnlyAdmin[OpenDayRecord]):
    list_display = ["local_date", "person", "site", "first_seen", "last_seen", "sightings"]
    list_filter = ["site", "local_date"]
    search_fields = ["person__name"]
