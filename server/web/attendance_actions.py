"""What is done on the page of a session: correct, mark, enter a pass, mark everybody, take it back."""

from abc import ABC, abstractmethod
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.attendance.correction_models import ManualMark
from server.attendance.corrections import correction_make, correction_request
from server.attendance.corrections_guards import record_of
from server.attendance.corrections_selectors import marks_visible, passes_visible
from server.attendance.marks import Said, mark_make, marks_undo, session_mark
from server.attendance.passes import pass_add, pass_undo
from server.attendance.publishing import person_days_publish
from server.attendance.rules.facts import State, Way
from server.attendance.sheets import SheetRow, session_sheet
from server.core.errors import LintelError, Rejected
from server.core.permissions import Resource, Verb, scope_for
from server.people.models import Person
from server.people.selectors import people_visible
from server.recompute.why import Why
from server.schedules.models import Session
from server.web.access import Page, is_part, no_store
from server.web.attendance import account_of
from server.web.attendance_forms import SAID, CorrectForm, MarkForm, PassForm
from server.web.attendance_session import may_mark, person_answer, person_here, rights_of, session_here, session_url
from server.web.people_choice import person_chosen

NOT_NOW = "Choose how the person was, then try again."


class _PersonAction(Page, ABC):
    """One of the forms in somebody's details; the answer is that person's rows, derived anew."""

    why = Why.MARK

    def post(self, request: HttpRequest, session: UUID, person: UUID) -> HttpResponse:
        found = session_here(request, session)
        whose = person_here(request, person, self.scope(request))
        refusal, form = "", None
        try:
            form = self.act(request, found, whose)
        except LintelError as refused:
            refusal = str(refused)
        if form is None and not refusal:
            show_at_once(found, [whose], self.why)
        if not is_part(request):
            for sentence in [refusal] if refusal else sentences_of(form):
                messages.error(request, sentence)
        return person_answer(request, found, whose, refusal=refusal, form=form)

    @abstractmethod
    def act(self, request: HttpRequest, session: Session, person: Person) -> CorrectForm | None:
        """Do it; a form that comes back is shown with its errors."""


class CorrectPersonPart(_PersonAction):
    """Corrects at once where the account decides, and asks for a correction otherwise."""

    resource = Resource.CORRECTIONS
    why = Why.CORRECTION

    def act(self, request: HttpRequest, session: Session, person: Person) -> CorrectForm | None:
        form = CorrectForm(request.POST, zone=session.site.zone, auto_id=f"c-{person.pk}-%s")
        if not form.is_valid():
            return form
        at_once = rights_of(request.user, session, person).at_once
        make = correction_make if at_once else correction_request
        changes = form.changes(record_of(person=person, session=session))
        try:
            make(
                person=person,
                session=session,
                changes=changes,
                reason=form.cleaned_data["reason"],
                by=account_of(request),
                now=timezone.now(),
            )
        except LintelError as refused:
            form.add_error(None, str(refused))
            return form
        return None


class MarkPersonPart(_PersonAction):
    """Present, absent or excused by hand."""

    resource = Resource.MANUAL_MARKS

    def act(self, request: HttpRequest, session: Session, person: Person) -> CorrectForm | None:
        form = MarkForm(request.POST)
        if not form.is_valid() or not may_mark(request.user, session):
            raise Rejected("no_mark", NOT_NOW)
        mark_make(person=person, session=session, said=form.said(), by=account_of(request), now=timezone.now())
        return None


class PassPersonPart(_PersonAction):
    """A forgotten exit or entry."""

    resource = Resource.MANUAL_MARKS

    def act(self, request: HttpRequest, session: Session, person: Person) -> CorrectForm | None:
        form = PassForm(request.POST, zone=session.site.zone, site=session.site_id)
        if not form.is_valid():
            raise Rejected("no_pass", " ".join(sentences_of(form)))
        given = form.cleaned_data
        by, way = account_of(request), Way(given["way"])
        pass_add(person=person, door=given["door"], at=given["at"], way=way, note=given["note"], by=by, now=timezone.now())
        return None


class UndoMarkPart(_PersonAction):
    """Takes back a mark of this person."""

    resource = Resource.MANUAL_MARKS

    def act(self, request: HttpRequest, session: Session, person: Person) -> CorrectForm | None:
        rows = marks_visible(user=request.user, scope=self.scope(request)).filter(session=session, person=person)
        marks_undo(rows=[get_object_or_404(rows, uuid=asked(request))], by=account_of(request), now=timezone.now())
        return None


class UndoPassPart(_PersonAction):
    """Takes back a pass entered by hand."""

    resource = Resource.MANUAL_MARKS

    def act(self, request: HttpRequest, session: Session, person: Person) -> CorrectForm | None:
        rows = passes_visible(user=request.user, scope=self.scope(request)).filter(person=person, door__site=session.site_id)
        pass_undo(row=get_object_or_404(rows, uuid=asked(request)), by=account_of(request), now=timezone.now())
        return None


class GuestPage(Page):
    """Marks somebody whom the session does not expect as present."""

    resource = Resource.MANUAL_MARKS

    def post(self, request: HttpRequest, session: UUID) -> HttpResponse:
        found = session_here(request, session)
        if not may_mark(request.user, found):
            raise Http404
        try:
            guest = person_chosen(request)
            said = Said(State.PRESENT, note=request.POST.get("note", "").strip()[:2000])
            mark_make(person=guest, session=found, said=said, by=account_of(request), now=timezone.now())
            show_at_once(found, [guest], Why.MARK)
        except LintelError as refusal:
            messages.error(request, str(refusal))
        return redirect(session_url(found))


class RollCallPage(Page):
    """Marks everybody of a session at once."""

    resource = Resource.MANUAL_MARKS

    def get(self, request: HttpRequest, session: UUID) -> HttpResponse:
        return self._page(request, self._session(request, session), status=200)

    def post(self, request: HttpRequest, session: UUID) -> HttpResponse:
        found = self._session(request, session)
        people = {str(row.person.uuid): row.person for row in self._rows(request, found)}
        said = {person: Said(State(state)) for uuid, person in people.items() if (state := request.POST.get(f"p-{uuid}")) in dict(SAID)}
        try:
            session_mark(session=found, said=said, by=account_of(request), now=timezone.now())
        except LintelError as refusal:
            messages.error(request, str(refusal))
            return self._page(request, found, status=refusal.status)
        show_at_once(found, list(said), Why.MARK)
        return redirect(session_url(found))

    def _session(self, request: HttpRequest, uuid: UUID) -> Session:
        found = session_here(request, uuid)
        if not may_mark(request.user, found):
            raise Http404
        return found

    @staticmethod
    def _rows(request: HttpRequest, session: Session) -> list[SheetRow]:
        people = people_visible(user=request.user, scope=scope_for(request.user, Resource.MANUAL_MARKS, Verb.CHANGE))
        rows = session_sheet(session, people=people, now=timezone.now()).rows
        return [row for row in rows if row.person.account_id != getattr(request.user, "pk", 0)]

    def _page(self, request: HttpRequest, session: Session, *, status: int) -> HttpResponse:
        everybody = "present" if "all" in request.GET else ""
        rows = [{"person": row.person, "state": everybody or _known(row)} for row in self._rows(request, session)]
        context = {"session": session, "rows": rows, "said": SAID, "page": "attendance"}
        return no_store(render(request, "web/attendance_roll_call.html", context, status=status))


class UndoBatchPage(Page):
    """Takes back what was marked at once."""

    resource = Resource.MANUAL_MARKS

    def post(self, request: HttpRequest, session: UUID, batch: UUID) -> HttpResponse:
        found = session_here(request, session)
        rows: QuerySet[ManualMark] = marks_visible(user=request.user, scope=self.scope(request)).filter(session=found, batch=batch)
        try:
            undone = marks_undo(rows=list(rows), by=account_of(request), now=timezone.now())
            show_at_once(found, [row.person for row in undone], Why.MARK)
        except LintelError as refusal:
            messages.error(request, str(refusal))
        return redirect(session_url(found))


def show_at_once(session: Session, people: list[Person], why: str) -> None:
    """Derive these people now, so that the page shows what was done; the workers find nothing left to change."""
    keys, now = [person.pk for person in people], timezone.now()
    person_days_publish(site=session.site, days=[session.local_date], people=keys, why=frozenset({why}), now=now)


def sentences_of(form: Form | None) -> list[str]:
    """Everything that stands against a form."""
    return [] if form is None else [str(error) for errors in form.errors.values() for error in errors]


def asked(request: HttpRequest) -> UUID:
    """Which mark or pass is meant. Raises Http404 for garbage."""
    try:
        return UUID(request.POST.get("row", ""))
    except ValueError as error:
        raise Http404 from error


def _known(row: SheetRow) -> str:
    return row.state if row.state in dict(SAID) else ""
