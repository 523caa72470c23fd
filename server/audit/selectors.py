"""Reading the audit."""

import django_filters
from django.db.models import QuerySet

from server.audit.models import AuditEntry
from server.core.filters import MomentFilter
from server.core.permissions import Scope


def audit_visible(*, scope: Scope) -> QuerySet[AuditEntry]:
    """Everything, or nothing: nobody sees a part of it."""
    return AuditEntry.objects.select_related("actor") if scope is Scope.ALL else AuditEntry.objects.none()


class AuditFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By who did it (`actor`: UUID, `actor_name`), what was done, to what (`target_kind`, `target`), whose data it is, and when.

    `action` is one action (`correction.approved`) or all that begin so (`correction.`). `since` is inclusive, `until` exclusive.
    """

    actor = django_filters.UUIDFilter(field_name="actor__uuid")
    actor_name = django_filters.CharFilter(field_name="actor_name")
    action = django_filters.CharFilter(field_name="action", method="of_action")
    target_kind = django_filters.CharFilter(field_name="target_kind")
    target = django_filters.UUIDFilter(field_name="target")
    person = django_filters.UUIDFilter(field_name="person")
    since = MomentFilter(field_name="at", lookup_expr="gte")
    until = MomentFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()

    def of_action(self, rows: QuerySet[AuditEntry], _name: str, action: str) -> QuerySet[AuditEntry]:
        return rows.filter(action__startswith=action) if action.endswith(".") else rows.filter(action=action)
