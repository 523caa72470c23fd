"""Reading seals and discrepancies."""

from django.db.models import QuerySet

from server.attendance.corrections_selectors import about_visible
from server.attendance.seal_models import Discrepancy, Seal
from server.core.permissions import Scope


def seals_visible(*, scope: Scope) -> QuerySet[Seal]:
    """All, for whoever may see seals: everybody is told that their days are settled. Lifted ones too."""
    rows = Seal.objects.select_related("site", "sealed_by", "lifted_by")
    return rows.none() if scope is Scope.NONE else rows


def discrepancies_visible(*, user: object, scope: Scope) -> QuerySet[Discrepancy]:
    """About the people the caller may see."""
    return about_visible(Discrepancy.objects.select_related("person", "site", "acknowledged_by"), user=user, scope=scope)
