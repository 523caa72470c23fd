"""The audit for administrators and auditors. It is read; nothing here changes it."""

from django.db.models import QuerySet
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView

from server.audit.models import AuditEntry
from server.audit.selectors import AuditFilter, audit_visible
from server.audit.serializers import AuditEntrySerializer
from server.core.csv_lists import Columns, CsvList
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request


class _Audit(GenericAPIView[AuditEntry]):
    resource = Resource.AUDIT
    serializer_class = AuditEntrySerializer
    queryset = AuditEntry.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return audit_visible(scope=scope_of_request(self.request, self.resource))


class AuditApi(CsvList, _Audit, ListAPIView[AuditEntry]):
    """Who did what, newest first."""

    filterset_class = AuditFilter
    pagination_class = ordered_by("-id")
    csv_name = "audit"
    csv_columns: Columns = tuple((name, name) for name in (
        "at", "actor_name", "action", "target_kind", "target", "person", "reason", "before", "after",
    ))  # fmt: skip


class AuditEntryApi(_Audit, RetrieveAPIView[AuditEntry]):
    """One entry."""
