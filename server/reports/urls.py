from django.urls import path

from server.reports.apis import ExportFileApi, ExportRunsApi, ExportsApi, ReportApi

urlpatterns = [
    path("reports/<slug:kind>", ReportApi.as_view(), name="report"),
    path("exports", ExportsApi.as_view(), name="exports"),
    path("exports/runs", ExportRunsApi.as_view(), name="export-runs"),
    path("exports/<uuid:id>/file", ExportFileApi.as_view(), name="export-file"),
]
