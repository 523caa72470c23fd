from django.contrib import admin

from server.audit.models import AuditEntry
from server.core.admin import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    list_display = ["at", "actor_name", "action", "target_kind", "target", "reason"]
    list_filter = ["target_kind", "action"]
    search_fields = ["actor_name", "target", "person"]
