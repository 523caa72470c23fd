"""Gallery check: does it work on the people who are enrolled, in words."""

from collections.abc import Mapping

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from server.core.errors import LintelError
from server.core.permissions import Resource
from server.gallery.check import GalleryCheck, gallery_check
from server.web.access import Page, no_store
from server.web.curves import pictures
from shared_schema.evaluate.gallery_report import LISTED, Advice, GalleryReport, ends_wrong

HEADLINES = {
    Advice.KEEP: "The setting fits these people",
    Advice.RAISE: "Raise the setting",
    Advice.LOWER: "A lower bar would do",
    Advice.LOOK: "Look into the people below",
    Advice.ENROL: "Add samples first",
}


class SettingForm(forms.Form):
    """At which setting to try."""

    strangers_named_one_in = forms.IntegerField(
        label="At most one stranger in",
        min_value=10,
        max_value=1_000_000,
        required=False,
        error_messages={
            "invalid": "Type a whole number from 10 to 1,000,000.",
            "min_value": "Type a whole number from 10 to 1,000,000.",
            "max_value": "Type a whole number from 10 to 1,000,000.",
        },
    )


class GalleryCheckPage(Page):
    """Tries everybody while the page is asked for, so what it says is true now."""

    resource = Resource.SAMPLES

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SettingForm(request.GET)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            found = gallery_check(one_in=form.cleaned_data["strangers_named_one_in"])
        except LintelError as error:
            form.add_error(None, str(error))
            return self._page(request, form, status=error.status)
        shown = SettingForm({"strangers_named_one_in": found.report.strangers_named_one_in})
        shown.is_valid()
        return self._page(request, shown, told=_told(found))

    def _page(
        self, request: HttpRequest, form: SettingForm, *, told: Mapping[str, object] | None = None, status: int = 200
    ) -> HttpResponse:
        return no_store(render(request, "web/gallery.html", {"form": form, "page": "gallery", **(told or {})}, status=status))


def _told(found: GalleryCheck) -> dict[str, object]:
    report = found.report
    return {
        "check": found,
        "report": report,
        "headline": HEADLINES[report.suggestion.advice],
        "trouble": bool(report.ended.misassigned),
        "shares": _shares(report),
        "confusions": [{"of": one, "wrong": ends_wrong(one)} for one in report.confusions],
        "single": report.one_sample_only[:LISTED],
        "curves": pictures(found.tried.own, found.tried.strangers),
    }


def _shares(report: GalleryReport) -> list[tuple[str, int, str]]:
    """What became of the samples that could be tried, in the order of how good that is: word, number, share."""
    ended, tested = report.ended, max(report.tested, 1)
    rows = (("right", ended.right), ("unsure", ended.unsure), ("unknown", ended.unknown), ("wrong", ended.wrong))
    return [(word, number, f"{number / tested:.1%}") for word, number in rows]
