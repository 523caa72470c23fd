from django.contrib import admin

from server.core.admin import Admin
from server.recompute.models import Mark


@admin.register(Mark)
class MarkAdmin(Admin[Mark]):
    list_display = ["kind", "key", "made_at", "attempts", "not_before", "last_error"]
    list_filter = ["kind"]
    search_fields = ["key"]
