"""The forms about timetables and single sessions: made, changed, and shown again with what was typed where they are refused."""

from abc import ABC, abstractmethod
from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from server.core.errors import LintelError
from server.core.permissions import Resource, Verb, scope_for
from server.people.selectors import groups_visible
from server.schedules.models import Kind, Schedule, Session
from server.schedules.selectors import schedules_visible, session_terms, sessions_visible
from server.schedules.services import schedule_locked, schedule_save
from server.schedules.sessions import lecture_create, session_locked, session_update
from server.schedules.term_values import terms_read
from server.schedules.terms import Terms
from server.sites.models import Site
from server.web.access import Page, no_store
from server.web.attendance import account_of
from server.web.schedules import page_of
from server.web.schedules_forms import Breaks, LectureForm, ScheduleForm, Typed, chosen, require_version, version_shown
from server.web.schedules_terms import TermsForm, terms_initial, terms_usual

WEEKDAYS = [0, 1, 2, 3, 4]
SHIFT, LECTURE = (time(9), time(17)), (time(9), time(10, 30))
Row = Schedule | Session


class _Editing(Page, ABC):
    """A form about a timetable or a lecture, with its terms and breaks."""

    get_verb = Verb.CHANGE
    title = ""

    def get(self, request: HttpRequest, **ids: object) -> HttpResponse:
        row = self.row(request, **ids)
        initial, breaks, terms = self.begin(request, row)
        form = Typed(
            self.main(request, row, initial=initial),
            TermsForm(initial=terms_initial(terms), prefix="terms"),
            Breaks(initial=[{"begins": begin, "ends": end} for begin, end in breaks], prefix="breaks"),
        )
        return self.answer(request, row, form)

    def post(self, request: HttpRequest, **ids: object) -> HttpResponse:
        row, data = self.row(request, **ids), request.POST
        typed = Typed(self.main(request, row, data=data), TermsForm(data, prefix="terms"), Breaks(data, prefix="breaks"))
        if not typed.is_valid():
            return self.answer(request, row, typed, 400)
        try:
            with transaction.atomic():
                saved = self.save(request, row, typed.values())
        except LintelError as refusal:
            typed.refuse(refusal)
            return self.answer(request, row, typed, refusal.status)
        except ValidationError as wrong:
            typed.main.add_error("begins", wrong)
            return self.answer(request, row, typed, 400)
        messages.success(request, f"{saved.name} is saved.")
        return redirect(self.back(request, saved))

    def answer(self, request: HttpRequest, row: Any, typed: Typed, status: int = 200) -> HttpResponse:
        new = row._state.adding  # noqa: SLF001 (Django's documented name)
        context = {
            "title": self.title or f"Change {row.name}",
            "form": typed.main,
            "terms": typed.terms,
            "breaks": typed.breaks,
            "doors": typed.doors(),
            "site": typed.site(),
            "version": None if new else version_shown(request, row.version),
            "back": reverse("schedules-page") if new else self.back(request, row),
            "page": "schedules",
        }
        return no_store(render(request, "web/schedules_form.html", context, status=status))

    @abstractmethod
    def row(self, request: HttpRequest, **ids: object) -> Any:
        """What is changed; without an id a new one."""

    @abstractmethod
    def main(self, request: HttpRequest, row: Any, **options: Any) -> Any:
        """The form of everything but the terms and the breaks."""

    @abstractmethod
    def begin(self, request: HttpRequest, row: Any) -> tuple[dict[str, object], list[tuple[time, time]], Terms]:
        """What stands in the form at first: its fields, the breaks and the terms."""

    @abstractmethod
    def save(self, request: HttpRequest, row: Any, values: dict[str, object]) -> Row:
        """Raises LintelError where it cannot be."""

    @abstractmethod
    def back(self, request: HttpRequest, row: Any) -> str:
        """The page to return to."""

    def place(self, request: HttpRequest) -> dict[str, object]:
        """The site and the group of a new one: those the address names, or the only ones."""
        sites, groups = Site.objects.order_by("name", "pk"), self.groups(request)
        only = groups.first() if groups.count() == 1 else None
        return {"site": chosen(sites, request.GET, "site") or sites.first(), "group": chosen(groups, request.GET, "group") or only}

    def groups(self, request: HttpRequest) -> Any:
        """Those the account may plan for."""
        return groups_visible(user=request.user, scope=scope_for(request.user, self.resource, Verb.CHANGE))


class ScheduleNewPage(_Editing):
    """A weekly timetable, or a shift."""

    resource = Resource.SCHEDULES
    title = "New timetable or shift"

    def row(self, request: HttpRequest, **ids: object) -> Schedule:
        return Schedule()

    def main(self, request: HttpRequest, row: Schedule, **options: Any) -> ScheduleForm:
        return ScheduleForm(groups=self.groups(request), new=row._state.adding, **options)  # noqa: SLF001 (documented)

    def begin(self, request: HttpRequest, row: Schedule) -> tuple[dict[str, object], list[tuple[time, time]], Terms]:
        shift = request.GET.get("kind") == Kind.SHIFT
        begins, ends = SHIFT if shift else LECTURE
        place = self.place(request)
        kind = Kind.SHIFT if shift else Kind.LECTURE
        known = {"weekdays": WEEKDAYS, "every_weeks": 1, "begins": begins, "ends": ends, "valid_from": today(place["site"])}
        return {**place, "kind": kind.value, **known}, [], terms_usual(shift=shift)

    def save(self, request: HttpRequest, row: Schedule, values: dict[str, object]) -> Row:
        return schedule_save(schedule=row, values=values, by=account_of(request), now=timezone.now())

    def back(self, request: HttpRequest, row: Schedule) -> str:
        return reverse("schedule-page", args=[row.uuid])


class ScheduleEditPage(ScheduleNewPage):
    """A change of a timetable, from a day on."""

    title = ""

    def row(self, request: HttpRequest, **ids: object) -> Schedule:
        return get_object_or_404(schedules_visible(user=request.user, scope=self.scope(request)), uuid=ids["schedule"])

    def begin(self, request: HttpRequest, row: Schedule) -> tuple[dict[str, object], list[tuple[time, time]], Terms]:
        names = ("name", "kind", "group", "site", "weekdays", "every_weeks", "begins", "ends", "valid_from", "valid_until")
        known = {name: getattr(row, name) for name in names} | {"doors": list(row.doors.all()), "from_day": today(row.site)}
        known["weekdays"] = row.weekdays or [row.valid_from.weekday()]
        breaks = [(time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in row.breaks]
        return known, breaks, terms_read(row.terms, Terms())

    def save(self, request: HttpRequest, row: Schedule, values: dict[str, object]) -> Row:
        locked = schedule_locked(row)
        require_version(request, locked.version)
        from_day: Any = values.pop("from_day")
        return schedule_save(schedule=locked, values=values, by=account_of(request), now=timezone.now(), from_day=from_day)


class LectureNewPage(_Editing):
    """A session of its own, on one day."""

    resource = Resource.SESSIONS
    title = "New single lecture"

    def row(self, request: HttpRequest, **ids: object) -> Session:
        return Session()

    def main(self, request: HttpRequest, row: Session, **options: Any) -> LectureForm:
        return LectureForm(groups=self.groups(request), **options)

    def begin(self, request: HttpRequest, row: Session) -> tuple[dict[str, object], list[tuple[time, time]], Terms]:
        place, (begins, ends) = self.place(request), LECTURE
        known = {"kind": Kind.LECTURE.value, "day": today(place["site"]), "begins": begins, "ends": ends}
        return {**place, **known}, [], Terms()

    def save(self, request: HttpRequest, row: Session, values: dict[str, object]) -> Row:
        return lecture_create(values=values, by=account_of(request), now=timezone.now())

    def back(self, request: HttpRequest, row: Session) -> str:
        return page_of(request, row)


class SessionEditPage(LectureNewPage):
    """One session changed by hand; its timetable leaves it alone from then on."""

    title = ""

    def row(self, request: HttpRequest, **ids: object) -> Session:
        return get_object_or_404(sessions_visible(user=request.user, scope=self.scope(request)), uuid=ids["session"])

    def begin(self, request: HttpRequest, row: Session) -> tuple[dict[str, object], list[tuple[time, time]], Terms]:
        zone = row.site.zone

        def clock(at: datetime) -> time:
            return at.astimezone(zone).time()

        known = {name: getattr(row, name) for name in ("name", "kind", "group", "site")}
        known |= {"doors": list(row.doors.all()), "day": row.local_date, "begins": clock(row.begins_at), "ends": clock(row.ends_at)}
        breaks = [(clock(datetime.fromisoformat(begin)), clock(datetime.fromisoformat(end))) for begin, end in row.breaks]
        return known, breaks, session_terms(row)

    def save(self, request: HttpRequest, row: Session, values: dict[str, object]) -> Row:
        require_version(request, session_locked(row).version)
        return session_update(session=row, changes=values, by=account_of(request), now=timezone.now())


def today(site: object) -> object:
    """Where the site is; without one, nothing is known of it."""
    return timezone.now().astimezone(site.zone).date() if isinstance(site, Site) else None
