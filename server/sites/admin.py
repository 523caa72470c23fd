from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from server.accounts.models import User
from server.core.admin import Admin
from server.sites import services
from server.sites.models import Door, Site

if TYPE_CHECKING:
    from django.forms import ModelForm


@admin.register(Site)
class SiteAdmin(Admin[Site]):
    list_display = ["name", "time_zone", "day_cut"]
    search_fields = ["name"]
    readonly_fields = ["uuid"]

    def save_model(self, request: HttpRequest, obj: Site, form: "ModelForm[Site]", change: bool) -> None:  # noqa: FBT001 (Django's)
        services.site_save(site=obj, by=request.user if isinstance(request.user, User) else None, now=timezone.now())


@admin.register(Door)
class DoorAdmin(Admin[Door]):
    list_display = ["name", "site", "direction", "restricted"]
    list_filter = ["site", "direction", "restricted"]
    search_fields = ["name", "site__name"]
    readonly_fields = ["uuid"]

    def save_model(self, request: HttpRequest, obj: Door, form: "ModelForm[Door]", change: bool) -> None:  # noqa: FBT001
        services.door_save(door=obj)
