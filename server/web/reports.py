"""Reports: ask, look at the first rows, and download all of it in the format that is needed."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from server.core.errors import LintelError, NotFound
from server.core.permissions import Resource
from server.people.selectors import groups_visible
from server.reports.making import Report, report_make
from server.reports.questions import NEEDED, Period, question_read
from server.reports.renderers import WRITERS
from server.reports.tables import Kind, text_of
from server.schedules.models import Area
from server.sites.models import Door, Site
from server.web.access import Page, no_store
from server.web.visits import person_named

SHOWN = 100
KINDS = {
    Kind.DAY: "Day of a site",
    Kind.MONTHLY: "Monthly sheet of a group, to sign",
    Kind.LATE: "Late and early",
    Kind.HOURS: "Hours",
    Kind.GROUP: "Summary of a group",
    Kind.PERSON: "One person",
    Kind.DOOR: "Passes at a door",
    Kind.VISITS: "Log of visits",
}
FORMATS = {"xlsx": "Excel (XLSX)", "csv": "CSV", "pdf": "PDF", "docx": "Word (DOCX)"}
GIVEN = ("from", "to", "by", "site", "group", "door", "area")


@dataclass(frozen=True, slots=True)
class Preview:
    """A report as a page shows it: its first rows in words, and where to get all of them."""

    report: Report
    query: str

    @property
    def rows(self) -> list[list[str]]:
        return [[text_of(cell) for cell in row] for row in self.report.table.rows[:SHOWN]]

    @property
    def footers(self) -> list[list[str]]:
        return [[text_of(cell) for cell in row] for row in self.report.table.footers]

    @property
    def more(self) -> int:
        return max(0, len(self.report.table.rows) - SHOWN)

    @property
    def files(self) -> list[tuple[str, str, str]]:
        """Address, file name and label of every format."""
        address = reverse("report", args=[self.report.kind])
        return [(f"{address}?format={form}&{self.query}", f"{self.report.name}.{form}", FORMATS[form]) for form in WRITERS]


class ReportsPage(Page):
    """Choose a report and whom it is about; with enough said, its preview and its downloads."""

    resource = Resource.REPORTS

    def get(self, request: HttpRequest) -> HttpResponse:
        today = timezone.localdate()
        first = {"kind": Kind.LATE.value, "from": str(today - timedelta(days=6)), "to": str(today)}
        given = request.GET.dict() if "kind" in request.GET else first
        preview, refusal = None, None
        if "kind" in request.GET:
            try:
                preview = self._preview(request, given)
            except LintelError as error:
                refusal = error
        context = {
            "given": given,
            "kinds": KINDS,
            "periods": list(Period),
            "sites": Site.objects.order_by("name"),
            "groups": groups_visible(user=request.user, scope=self.scope(request)).order_by("name"),
            "doors": Door.objects.select_related("site").order_by("site__name", "name"),
            "areas": Area.objects.select_related("site").order_by("site__name", "name"),
            "preview": preview,
            "refusal": refusal,
            "page": "reports",
        }
        return no_store(render(request, "web/reports.html", context, status=refusal.status if refusal else 200))

    def _preview(self, request: HttpRequest, given: dict[str, str]) -> Preview:
        """Raises LintelError with what to do."""
        if given["kind"] not in set(Kind):
            raise NotFound("not_found", "Choose one of these reports.")
        kind = Kind(given["kind"])
        asked = {name: given[name] for name in GIVEN if given.get(name)}
        if kind is Kind.DAY:
            asked["to"] = asked.get("from", "")
        if given.get("who"):
            asked["person"] = str(person_named(given["who"], user=request.user, scope=self.scope(request)).uuid)
        asked = {name: value for name, value in asked.items() if name in {*_used(kind), *NEEDED.get(kind, ())}}
        question = question_read(kind, asked, user=request.user)
        return Preview(report_make(question, now=timezone.now()), urlencode(asked))


def _used(kind: Kind) -> set[str]:
    """What a report is narrowed by; the other fields of the form are left alone."""
    common = {"from", "to", "site", "group", "person"}
    return common | {Kind.HOURS: {"by"}, Kind.VISITS: {"area"}, Kind.LATE: {"door"}, Kind.DAY: {"door"}}.get(kind, set())
