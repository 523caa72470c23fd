from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from server.accounts.models import ApiToken, User


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg] # not generic when it runs
    list_display = ("username", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Lintel", {"fields": ("role",)}))
    add_fieldsets = (*UserAdmin.add_fieldsets, ("Lintel", {"fields": ("role",)}))


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    list_display = ("name", "user", "created_at", "last_used_at", "revoked_at")
    readonly_fields = ("user", "name", "scopes", "created_at", "last_used_at")
    exclude = ("token_sha256",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A token is shown once, where it is made; here it could not be."""
        return False
