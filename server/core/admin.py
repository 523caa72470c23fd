"""What the admin pages share."""

from typing import TYPE_CHECKING, Generic, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

_M = TypeVar("_M", bound=Model)

if TYPE_CHECKING:

    class Admin(admin.ModelAdmin[_M]):
        """An admin page of rows of one type."""
else:

    class Admin(admin.ModelAdmin, Generic[_M]):
        """Django's own class is generic for the type checker only."""


class ReadOnlyAdmin(Admin[_M]):
    """Rows that are seen here and changed nowhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: _M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: _M | None = None) -> bool:
        return False
