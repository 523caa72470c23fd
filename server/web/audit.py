"""The audit for those who may read it."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from server.audit.selectors import AuditFilter, audit_visible
from server.core.permissions import Resource
from server.people.models import Person
from server.web.access import Page, no_store

PER_PAGE = 50
FILTERS = ("actor_name", "action", "target_kind", "person", "since", "until")


class AuditPage(Page):
    """Who did what, newest first. The filters are those of the API."""

    resource = Resource.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = {name: value.strip() for name in FILTERS if (value := request.GET.get(name, "")).strip()}
        found = AuditFilter(asked, audit_visible(scope=self.scope(request)).order_by("-id"))
        errors = [] if found.is_valid() else [f"{name}: {message}" for name, said in found.errors.items() for message in said]
        rows = found.qs if not errors else audit_visible(scope=self.scope(request)).none()
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        people = dict(Person.objects.filter(uuid__in=[row.person for row in page if row.person]).values_list("uuid", "name"))
        kept = request.GET.copy()
        kept.pop("page", None)
        context = {
            "rows": [(row, people.get(row.person)) for row in page],
            "pages": page,
            "asked": asked,
            "errors": errors,
            "kept": kept.urlencode(),
            "page": "audit",
        }
        return no_store(render(request, "web/audit.html", context))
