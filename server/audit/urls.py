from django.urls import path

from server.audit.apis import AuditApi, AuditEntryApi

urlpatterns = [
    path("audit", AuditApi.as_view(), name="audit"),
    path("audit/<uuid:id>", AuditEntryApi.as_view(), name="audit-entry"),
]
