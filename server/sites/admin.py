from django.contrib import admin

from server.core.admin import Admin
from server.sites.models import Door, Site


@admin.register(Site)
class SiteAdmin(Admin[Site]):
    list_display = ["name", "time_zone", "day_cut"]
    search_fields = ["name"]
    readonly_fields = ["uuid"]


@admin.register(Door)
class DoorAdmin(Admin[Door]):
    list_display = ["name", "site", "direction", "restricted"]
    list_filter = ["site", "direction", "restricted"]
    search_fields = ["name", "site__name"]
    readonly_fields = ["uuid"]
