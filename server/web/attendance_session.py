"""The page of a session: everyone expected, what is known of them and why, corrected in place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from server.attendance.correction_models import Correction, ManualMark, ManualPass
from server.attendance.corrections_guards import is_own, record_of
from server.attendance.corrections_selectors import (
    corrections_visible,
    marks_visible,
    may_decide,
    passes_visible,
    sessions_to_speak_of,
)
from server.attendance.evidence import Evidence, evidence_of
from server.attendance.models import AttendanceRecord
from server.attendance.publishing_rows import session_key
from server.attendance.seal_models import RecordChange
from server.attendance.seals import seal_of
from server.attendance.sheets import SHOWN, WAITING, SheetRecord, SheetRow, session_sheet
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.core.roles import Role
from server.people.models import Person
from server.people.selectors import people_visible
from server.schedules.models import Session
from server.schedules.selectors import expected_people, sessions_visible
from server.web.access import Page, is_part, no_store
from server.web.attendance_forms import CorrectForm, MarkForm, PassForm
from server.web.attendance_words import WHY, coverage_words, difference_words, hours, remarks, state_words
from server.web.person_viewed import note_view

MOST_CHANGES = 20
VAGUE = timedelta(minutes=1)
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody on the page. `opened`: everything behind the row, where it is shown."""

    person: Person
    expected: bool
    record: AttendanceRecord | SheetRecord | None
    zone: ZoneInfo
    opened: Mapping[str, object] | None = None

    @property
    def key(self) -> str:
        return str(self.person.uuid)

    @property
    def code(self) -> str:
        return self.record.state if self.record else WAITING

    @property
    def first_in(self) -> str:
        return self._clock(self.record.first_in) if self.record else NOTHING

    @property
    def last_out(self) -> str:
        return self._clock(self.record.last_out) if self.record else NOTHING

    @property
    def note(self) -> str:
        return self.record.note if self.record else ""

    @property
    def state(self) -> str:
        return state_words(self.record)

    @property
    def remarks(self) -> list[str]:
        return remarks(self.record)

    @property
    def hours(self) -> str:
        return (hours(self.record.worked_s) if self.record else "") or NOTHING

    def _clock(self, at: datetime | None) -> str:
        """The time at the site."""
        return f"{at.astimezone(self.zone):%H:%M}" if at else NOTHING


@dataclass(frozen=True, slots=True)
class Passed:
    """A pass the record rests on."""

    evidence: Evidence
    at: datetime
    earliest: datetime

    @property
    def vague(self) -> bool:
        """Whether the minutes would mislead: it is only known between which two times it was."""
        return self.at - self.earliest > VAGUE


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of the record: when, why, and what."""

    at: datetime
    why: str
    words: list[str]


@dataclass(frozen=True, slots=True)
class Rights:
    """What this account may do about a person at a session. `at_once`: a correction needs nobody else."""

    mark: bool
    correct: bool
    at_once: bool


class SessionPage(Page):
    """Everyone expected, with what is known of them. `open`: whose details are shown."""

    resource = Resource.ATTENDANCE

    def get(self, request: HttpRequest, session: UUID) -> HttpResponse:
        found = session_here(request, session)
        people = people_visible(user=request.user, scope=self.scope(request)).only(*SHOWN)
        now = timezone.now()
        sheet = session_sheet(found, people=people, now=now)
        zone = found.site.zone
        markable = may_mark(request.user, found)
        context = {
            "session": found,
            "begins": found.begins_at.astimezone(zone),
            "ends": found.ends_at.astimezone(zone),
            "coverage": coverage_words(found, now),
            "doors": [(known.door, known.known_through and known.known_through.astimezone(zone)) for known in sheet.doors],
            "counts": sheet.counts,
            "late": sheet.late,
            "page_url": session_url(found),
            "rows": [self._row(request, found, row) for row in sheet.rows],
            "seal": seal_of(site=found.site_id, day=found.local_date),
            "batches": batches_of(found) if markable else [],
            "guests": guests_of(request.user, found),
            "may_mark": markable and found.cancelled_at is None,
            "page": "attendance",
        }
        return no_store(render(request, "web/attendance_session.html", context))

    @staticmethod
    def _row(request: HttpRequest, session: Session, row: SheetRow) -> Row:
        opened = str(row.person.uuid) == request.GET.get("open")
        details = details_of(request, session, row.person) if opened else None
        return Row(row.person, row.expected, row.record, session.site.zone, details)


class SessionPersonPart(Page):
    """One person's rows of the page, with the details or, after `?close`, without."""

    resource = Resource.ATTENDANCE

    def get(self, request: HttpRequest, session: UUID, person: UUID) -> HttpResponse:
        found = session_here(request, session)
        return person_answer(request, found, person_here(request, person, self.scope(request)), closed="close" in request.GET)


def session_here(request: HttpRequest, uuid: UUID) -> Session:
    """Raises Http404 where the account may not see it."""
    scope = scope_for(request.user, Resource.SESSIONS, Verb.VIEW)
    return get_object_or_404(sessions_to_speak_of(user=request.user, scope=scope), uuid=uuid)


def person_here(request: HttpRequest, uuid: UUID, scope: Scope) -> Person:
    """Raises Http404 where the account does not reach the person."""
    return get_object_or_404(people_visible(user=request.user, scope=scope), uuid=uuid)


def person_answer(
    request: HttpRequest, session: Session, person: Person, *, refusal: str = "", form: CorrectForm | None = None, closed: bool = False
) -> HttpResponse:
    """The person's rows for htmx, with what was refused; or the way back to the page for others."""
    if not is_part(request):
        return redirect(f"{session_url(session)}?open={person.uuid}#p-{person.uuid}")
    record = record_of(person=person, session=session)
    expected = expected_people(session).filter(pk=person.pk).exists()
    opened = None if closed else details_of(request, session, person, form=form) | {"refusal": refusal}
    row = Row(person, expected, record, session.site.zone, opened)
    context = {"session": session, "row": row, "page_url": session_url(session)}
    return no_store(render(request, "web/parts/attendance_person.html", context))


def details_of(request: HttpRequest, session: Session, person: Person, *, form: CorrectForm | None = None) -> dict[str, object]:
    """Everything behind one row: evidence, what was said, why it changed, and the forms this account may use."""
    record, zone, user = record_of(person=person, session=session), session.site.zone, request.user
    note_view(by=user, person=person, now=timezone.now())
    rights = rights_of(user, session, person)
    initial = {"first_in": record.first_in, "last_out": record.last_out, "note": record.note} if record else {}
    return {
        "person": person,
        "evidence": passed(user, record, session) if record else [],
        "changes": changes_of_record(session, person),
        "marks": _about(marks_visible(user=user, scope=_seen(user, Resource.MANUAL_MARKS)), session, person),
        "corrections": _about(corrections_visible(user=user, scope=_seen(user, Resource.CORRECTIONS)), session, person),
        "passes": _passes_of(user, session, person),
        "rights": rights,
        "correct_form": form or CorrectForm(zone=zone, initial=initial, auto_id=f"c-{person.pk}-%s"),
        "mark_form": MarkForm(auto_id=f"m-{person.pk}-%s"),
        "pass_form": PassForm(zone=zone, site=session.site_id, initial={"at": session.ends_at}, auto_id=f"d-{person.pk}-%s"),
        "zone": zone,
    }


def rights_of(user: object, session: Session, person: Person) -> Rights:
    """Forms are shown to those whom the services will not refuse."""
    own = is_own(person=person, by=user) and user.role != Role.ADMIN  # type: ignore[arg-type,attr-defined]  # an account is signed in
    standing = session.cancelled_at is None and seal_of(site=session.site_id, day=session.local_date) is None
    correct = scope_for(user, Resource.CORRECTIONS, Verb.CHANGE) is not Scope.NONE
    decides = not own and may_decide(user=user, session=session)
    return Rights(mark=standing and not own and may_mark(user, session), correct=standing and correct, at_once=decides)


def may_mark(user: object, session: Session) -> bool:
    scope = scope_for(user, Resource.MANUAL_MARKS, Verb.CHANGE)
    return sessions_visible(user=user, scope=scope).filter(pk=session.pk).exists()


def passed(user: object, record: AttendanceRecord, session: Session) -> list[Passed]:
    """The passes behind a record, with their images where the account may see faces."""
    if scope_for(user, Resource.SIGHTINGS, Verb.VIEW) is Scope.NONE:
        return []
    zone = session.site.zone
    found = evidence_of(record.evidence, with_crops=scope_for(user, Resource.CROPS, Verb.VIEW) is not Scope.NONE)
    return [Passed(told, told.at.astimezone(zone), told.earliest_at.astimezone(zone)) for told in found]


def changes_of_record(session: Session, person: Person) -> list[Changed]:
    """Why it changed, newest first."""
    key, zone = session_key(session=session.pk, person=person.pk), session.site.zone
    rows = RecordChange.objects.filter(subject=key.subject, key=key.name).order_by("-id")[:MOST_CHANGES]
    return [
        Changed(
            row.at.astimezone(zone), "; ".join(dict(WHY).get(why, why) for why in row.why), difference_words(row.before, row.after, zone)
        )
        for row in rows
    ]


def batches_of(session: Session) -> list[dict[str, object]]:
    """What was marked at once and still stands, newest first."""
    rows = ManualMark.objects.filter(session=session, batch__isnull=False, undone_at__isnull=True).order_by()
    found = rows.values("batch", "made_at", "made_by__username").annotate(number=Count("pk")).order_by("-made_at")
    zone = session.site.zone
    return [{**row, "made_at": row["made_at"].astimezone(zone)} for row in found]


def guests_of(user: object, session: Session) -> list[ManualMark]:
    """Marks of people whom the session does not expect; they make no record."""
    rows = marks_visible(user=user, scope=_seen(user, Resource.MANUAL_MARKS)).filter(session=session, undone_at__isnull=True)
    recorded = AttendanceRecord.objects.filter(session=session, gone_at__isnull=True).values("person")
    return list(rows.exclude(person__in=expected_people(session)).exclude(person__in=recorded).order_by("person__name"))


def session_url(session: Session) -> str:
    return reverse("attendance-session-page", args=[session.uuid])


def _seen(user: object, resource: Resource) -> Scope:
    return scope_for(user, resource, Verb.VIEW)


def _about(rows: QuerySet[ManualMark] | QuerySet[Correction], session: Session, person: Person) -> Iterable[object]:
    return list(rows.filter(session=session, person=person).order_by("-pk"))


def _passes_of(user: object, session: Session, person: Person) -> list[ManualPass]:
    rows = passes_visible(user=user, scope=_seen(user, Resource.MANUAL_MARKS)).filter(person=person, door__site=session.site_id)
    return list(rows.filter(at__range=(session.window_begins_at, session.window_ends_at)).order_by("at"))
