"""Corrections: what waits for a decision, and one of them with its diff, papers and comments."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionState
from server.attendance.corrections import (
    Verdict,
    comment_add,
    correction_undo,
    correction_withdraw,
    corrections_decide,
)
from server.attendance.corrections_attachments import MAX_BYTES, Paper, attachment_add
from server.attendance.corrections_guards import is_own
from server.attendance.corrections_preview import computed_for
from server.attendance.corrections_selectors import corrections_to_decide, corrections_visible, may_decide, may_open_papers
from server.attendance.corrections_values import Diff, diff_of, published_for
from server.core.errors import LintelError, NotFound
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.core.roles import Role
from server.web.access import Page, no_store
from server.web.attendance import account_of
from server.web.attendance_actions import show_at_once
from server.web.attendance_words import FIELDS, field_words

PER_PAGE = 30
MOST_AT_ONCE = 200
VERDICTS: dict[str, Verdict] = {"approve": CorrectionState.APPROVED, "reject": CorrectionState.REJECTED}


@dataclass(frozen=True, slots=True)
class Line:
    """A field in words: when it was asked for, as it is now, as it would be."""

    name: str
    before: str
    now: str
    after: str
    stale: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A correction as a page shows it; times are in the zone of its site."""

    row: Correction
    diff: Diff
    requested_at: datetime
    may_decide: bool
    why_not: str

    @property
    def lines(self) -> list[Line]:
        zone = self.row.session.site.zone
        return [
            Line(
                FIELDS[field.name],
                before=field_words(field.name, field.before, zone),
                now=field_words(field.name, field.now, zone),
                after=field_words(field.name, field.after, zone),
                stale=field.stale,
            )
            for field in self.diff.fields
        ]


class _Corrections(Page):
    resource = Resource.CORRECTIONS

    def one(self, request: HttpRequest, uuid: UUID) -> Correction:
        return get_object_or_404(corrections_visible(user=request.user, scope=scope_for(request.user, self.resource, Verb.VIEW)), uuid=uuid)


class CorrectionsPage(_Corrections):
    """A list by state; without one, those that wait. Whoever decides can decide about many at once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("state", CorrectionState.REQUESTED)
        state = asked if asked in CorrectionState.values else CorrectionState.REQUESTED
        rows = corrections_visible(user=request.user, scope=self.scope(request)).filter(state=state).order_by("-id")
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        found = list(page)
        published = published_for(found)
        scope = scope_for(request.user, Resource.CORRECTION_DECISIONS, Verb.CHANGE)
        led = set(
            corrections_to_decide(user=request.user, scope=scope).filter(pk__in=[row.pk for row in found]).values_list("pk", flat=True)
        )
        diffs = {row.pk: diff_of(row, published=published.get((row.session_id, row.person_id))) for row in found}
        shown = [shown_of(request.user, row, diffs[row.pk], led=row.pk in led) for row in found]
        context = {
            "rows": shown,
            "pages": page,
            "state": state,
            "states": CorrectionState,
            "may_decide": state == CorrectionState.REQUESTED and any(row.may_decide for row in shown),
            "may_ask": scope_for(request.user, self.resource, Verb.CHANGE) is not Scope.NONE,
            "page": "corrections",
        }
        return no_store(render(request, "web/corrections.html", context))


class CorrectionsDecidePage(Page):
    """The buttons below the list: all that are ticked, or none."""

    resource = Resource.CORRECTION_DECISIONS

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = {uuid for text in request.POST.getlist("correction")[:MOST_AT_ONCE] if (uuid := uuid_of(text))}
        rows = list(corrections_to_decide(user=request.user, scope=self.scope(request)).filter(uuid__in=wanted))
        verdict = VERDICTS.get(request.POST.get("verdict", ""))
        if not rows or verdict is None or len(rows) < len(wanted):
            messages.error(request, "Tick the requests you want to decide about; nothing was decided.")
            return redirect("corrections-page")
        decide(request, rows, verdict)
        return redirect("corrections-page")


class CorrectionPage(_Corrections):
    """One correction: what it was, what it is now, what it would become, and what was said about it."""

    def get(self, request: HttpRequest, correction: UUID) -> HttpResponse:
        row = self.one(request, correction)
        published = published_for([row]).get((row.session_id, row.person_id))
        led = may_decide(user=request.user, session=row.session)
        shown = shown_of(request.user, row, diff_of(row, published=published, computed=computed_for(row)), led=led)
        may_change = scope_for(request.user, self.resource, Verb.CHANGE) is not Scope.NONE
        context = {
            "shown": shown,
            "row": row,
            "may_open_papers": may_open_papers(user=request.user, correction=row),
            "may_write": may_change,
            "may_withdraw": may_change and row.requested_by_id == request.user.pk and row.state == CorrectionState.REQUESTED,
            "may_undo": row.state == CorrectionState.APPROVED and not shown.why_not and led,
            "max_mb": MAX_BYTES // 1_000_000,
            "page": "corrections",
        }
        return no_store(render(request, "web/correction.html", context))


class _CorrectionAction(_Corrections, ABC):
    """A form of the page; the answer is the page."""

    def post(self, request: HttpRequest, correction: UUID) -> HttpResponse:
        row = self.one(request, correction)
        try:
            self.act(request, row)
        except LintelError as refusal:
            messages.error(request, str(refusal))
        return redirect("correction-page", row.uuid)

    @abstractmethod
    def act(self, request: HttpRequest, row: Correction) -> None:
        """Do it. Raises LintelError, which is shown."""


class CorrectionDecidePage(_CorrectionAction):
    """Approve or reject, or undo what was approved."""

    resource = Resource.CORRECTION_DECISIONS

    def act(self, request: HttpRequest, row: Correction) -> None:
        if not corrections_to_decide(user=request.user, scope=self.scope(request)).filter(pk=row.pk).exists():
            raise NotFound("not_led", "Somebody who leads this group decides about it.")
        verdict = VERDICTS.get(request.POST.get("verdict", ""))
        if verdict is not None:
            decide(request, [row], verdict)
            return
        correction_undo(correction=row, reason=reason_of(request), by=account_of(request), now=timezone.now())
        show_at_once(row.session, [row.person], "correction")


class CorrectionWithdrawPage(_CorrectionAction):
    """Whoever asked takes it back."""

    def act(self, request: HttpRequest, row: Correction) -> None:
        correction_withdraw(correction=row, by=account_of(request), now=timezone.now())


class CorrectionCommentPage(_CorrectionAction):
    """Writes something, and keeps a paper if one comes with it."""

    def act(self, request: HttpRequest, row: Correction) -> None:
        by, now = account_of(request), timezone.now()
        paper, text = request.FILES.get("file"), request.POST.get("text", "").strip()[:5000]
        if isinstance(paper, UploadedFile):
            content = paper.read(MAX_BYTES + 1)
            attachment_add(correction=row, paper=Paper(paper.name or "", content), by=by, now=now)
        if text or not paper:
            comment_add(correction=row, text=text, by=by, now=now)


def decide(request: HttpRequest, rows: list[Correction], verdict: Verdict) -> None:
    """Decide, show it at once, or say what stands against it."""
    try:
        decided = corrections_decide(
            corrections=rows, verdict=verdict, reason=reason_of(request), by=account_of(request), now=timezone.now()
        )
    except LintelError as refusal:
        names = {str(row.uuid): f"{row.person.name}, {row.session.name}" for row in rows}
        messages.error(request, str(refusal))
        for uuid, said in refusal.errors.items():
            if uuid in names:
                messages.error(request, f"{names[uuid]}: {' '.join(said)}")
        return
    if verdict == CorrectionState.APPROVED:
        for row in decided:
            show_at_once(row.session, [row.person], "correction")


def shown_of(user: object, row: Correction, diff: Diff, *, led: bool) -> Shown:
    """With what keeps this account from deciding, in words. `led`: it decides about the others of this group."""
    why_not = why_not_of(user, row)
    decides = row.state == CorrectionState.REQUESTED and led and not why_not
    return Shown(row, diff, row.requested_at.astimezone(row.session.site.zone), decides, why_not)


def why_not_of(user: object, row: Correction) -> str:
    if not isinstance(user, User) or user.role == Role.ADMIN:
        return ""
    if is_own(person=row.person, by=user):
        return "This is about you, so somebody else decides."
    if row.state == CorrectionState.REQUESTED and row.requested_by_id == user.pk:
        return "You asked for this yourself, so somebody else decides."
    return ""


def reason_of(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:2000]


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
