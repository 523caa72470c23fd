"""Reports in every format, and exports."""

from uuid import UUID

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django_q.tasks import async_task
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.accounts.models import User
from server.core import objects
from server.core.csv_lists import Columns, CsvList, CsvRenderer, attachment
from server.core.errors import NotFound
from server.core.pagination import ordered_by
from server.core.permissions import Resource
from server.core.schema import refuses
from server.reports.exports import export_read, run_ask
from server.reports.making import report_make
from server.reports.models import Export, ExportKind, ExportRun
from server.reports.questions import Period, question_read
from server.reports.renderers import FILES, WRITERS, FileRenderer
from server.reports.serializers import ExportRunInput, ExportRunSerializer, ExportSerializer, ReportSerializer
from server.reports.tables import Kind
from server.reports.tasks import EXPORT

ABOUT = [
    OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=[kind.value for kind in Kind]),
    OpenApiParameter("from", OpenApiTypes.DATE, required=True, description="the first day"),
    OpenApiParameter("to", OpenApiTypes.DATE, description="the last day, included; none: the first day alone"),
    OpenApiParameter("site", UUID, description="needed for `day`"),
    OpenApiParameter("group", UUID, description="needed for `monthly` and `group`"),
    OpenApiParameter("person", UUID, description="needed for `person`"),
    OpenApiParameter("door", UUID, description="needed for `door`; else: sessions that this door serves"),
    OpenApiParameter("area", UUID, description="for `visits`: one area alone"),
    OpenApiParameter("by", str, enum=[period.value for period in Period], description="for `hours`: added up by"),
]
ANSWERS = {(200, "application/json"): ReportSerializer, (200, "text/csv"): OpenApiTypes.STR} | {
    (200, renderer.media_type): OpenApiTypes.BINARY for renderer in FILES[1:]
}
EXAMPLE = OpenApiExample(
    "Late",
    response_only=True,
    media_type="application/json",
    value={
        "title": "Late and early, 20 Nov 2026 to 20 Nov 2026",
        "about": ["1 times late, 0 times left early."],
        "generated": "Made 21 Nov 2026 08:00 CET",
        "as_of": ["As of, Mill: Main door is known until 21 Nov 07:55."],
        "columns": ["Date", "Person", "Late"],
        "rows": [["2026-11-20", "Ann", "12 min, not certain: Main door was not looked at 08:40–08:55"]],
        "footers": [],
        "legend": [],
    },
)


@refuses(get=(400, 422))
class ReportApi(APIView):
    """A report: `day`, `monthly` sheet, `late` and early, `hours`, or about a `group`, `person` or `door`; or the log of `visits`."""

    resource = Resource.REPORTS
    renderer_classes = (JSONRenderer, *FILES)

    @extend_schema(parameters=ABOUT, responses=ANSWERS, examples=[EXAMPLE])
    def get(self, request: Request, kind: str) -> Response:
        if kind not in set(Kind):
            raise NotFound("not_found", f"There is no such report; there are {', '.join(Kind)}.")
        question = question_read(Kind(kind), request.query_params.dict(), user=request.user)
        report = report_make(question, now=timezone.now())
        chosen = request.accepted_renderer
        if not isinstance(chosen, FileRenderer):
            return Response(ReportSerializer(report).data, headers={"Cache-Control": "private, no-store"})
        return Response(WRITERS[chosen.format](report), headers=attachment(f"{report.name}.{chosen.format}"))


class ExportFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By kind and day; `from` and `to`, both inclusive."""

    kind = django_filters.ChoiceFilter(choices=ExportKind.choices)
    day = django_filters.DateFilter()
    to = django_filters.DateFilter(field_name="day", lookup_expr="lte")

    class Meta:
        model = Export
        fields: tuple[str, ...] = ()


ExportFilter.base_filters["from"] = django_filters.DateFilter(field_name="day", lookup_expr="gte")  # `from` is no name in a class body
EXPORT_COLUMNS: Columns = tuple((name, "uuid" if name == "id" else name) for name in ExportSerializer.Meta.fields)

RUN_COLUMNS: Columns = tuple((name, "uuid" if name == "id" else name) for name in ExportRunSerializer.Meta.fields)


class ExportsApi(CsvList, ListAPIView[Export]):
    """Files in the object storage, newest first; POST has those written that changed."""

    resource = Resource.EXPORTS
    queryset = Export.objects.all()
    serializer_class = ExportSerializer
    filterset_class = ExportFilter
    pagination_class = ordered_by("-id")
    csv_name, csv_columns = "exports", EXPORT_COLUMNS

    @extend_schema(request=ExportRunInput, responses={202: ExportRunSerializer}, filters=False)
    def post(self, request: Request) -> Response:
        """Export now. The answer is 202: workers do it."""
        body = ExportRunInput(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        days = (given["first_day"], given["last_day"]) if given else None
        by = request.user if isinstance(request.user, User) else None
        run = run_ask(by=by, now=timezone.now(), days=days)
        transaction.on_commit(lambda: async_task(EXPORT))
        return Response(ExportRunSerializer(run).data, status=202)


class ExportRunsApi(CsvList, ListAPIView[ExportRun]):
    """Exports that were done, or are to be done, newest first: whether one came to its end, and why not."""

    resource = Resource.EXPORTS
    queryset = ExportRun.objects.all()
    serializer_class = ExportRunSerializer
    pagination_class = ordered_by("-id")
    csv_name, csv_columns = "export-runs", RUN_COLUMNS


@refuses(get=(409,))
class ExportFileApi(GenericAPIView[Export]):
    """The file itself, proven to be the one that was exported."""

    resource = Resource.EXPORTS
    queryset: QuerySet[Export] = Export.objects.all()
    renderer_classes = (JSONRenderer, CsvRenderer)
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, id: object) -> HttpResponse:  # noqa: A002  (the name in the address)
        export = self.get_object()
        content = export_read(export, objects=objects.current())
        name = f"lintel-{export.kind}-{export.day}-v{export.version}.csv"
        return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=attachment(name))
