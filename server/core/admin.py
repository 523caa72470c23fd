"""What the admin pages share."""

from typing import TYPE_CHECKING, Generic, TypeVar

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from server.core.errors import LintelError

_M = TypeVar("_M", bound=Model)


class _Refusals:
    """What a service refuses is said on the page it was asked from."""

    def changeform_view(self, request: HttpRequest, *args: object, **options: object) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)  # type: ignore[misc,no-any-return]  # Django's, behind this class
        except LintelError as refusal:
            messages.error(request, str(refusal))
            return redirect(request.get_full_path())


if TYPE_CHECKING:

    class Admin(_Refusals, admin.ModelAdmin[_M]):
        """An admin page of rows of one type."""
else:

    class Admin(_Refusals, admin.ModelAdmin, Generic[_M]):
        """Django's own class is generic for the type checker only."""


class ReadOnlyAdmin(Admin[_M]):
    """Rows that are seen here and changed nowhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: _M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: _M | None = None) -> bool:
        return False
