"""What the demo's staff do: corrections, marks, passes entered by hand, unknown passes assigned, days sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from django.db.models import QuerySet

from server.accounts.models import User
from server.attendance.correction_models import CorrectionState
from server.attendance.corrections import comment_add, correction_request, correction_undo, corrections_decide
from server.attendance.corrections_values import Changes
from server.attendance.marks import Said, mark_make, mark_undo, session_mark
from server.attendance.models import AttendanceRecord
from server.attendance.passes import pass_add
from server.attendance.rules.facts import State, Way
from server.attendance.seals import seal_make
from server.core.permissions import Role
from server.demo.school import MAIN_OUT, SYNTHETIC
from server.people.models import Group, Person
from server.schedules.leave import leave_save
from server.schedules.models import Leave, Session
from server.schedules.selectors import expected_people
from server.sightings.decision_models import UnknownGroup
from server.sightings.unknown_groups import group_assign, group_ignore
from server.sightings.unknown_update import groups_update
from server.sites.models import Site

REASONS = ("The pass was at the side door.", "Came in with a visitor.", "Was at an appointment, agreed before.", "The camera was covered.")


@dataclass(frozen=True, slots=True)
class Staff:
    """Accounts of nobody; they cannot sign in."""

    operator: User
    manager: User

    @classmethod
    def hired(cls) -> "Staff":
        return cls(_account("demo-operator", Role.OPERATOR), _account("demo-manager", Role.MANAGER))

    def leads(self, groups: Sequence[Group]) -> None:
        self.manager.managed_groups.set(groups)


def _account(name: str, role: Role) -> User:
    found = User.objects.filter(username=name).first()
    return found or User.objects.create_user(username=name, password=None, role=role, last_name=SYNTHETIC)


def corrections_happen(site: Site, staff: Staff, draw: Random, now: datetime) -> int:
    """The manager asks, the operator approves, rejects, or has not looked yet; one approval is undone. Returns how many requests."""
    recent = _open_records(site, now).filter(state="absent").select_related("person", "session").order_by("pk")
    records = draw.sample(sorted(recent, key=lambda record: record.pk), min(12, recent.count()))
    requests = [
        correction_request(
            person=record.person,
            session=record.session,
            changes=Changes(state=State.EXCUSED if number % 3 else State.PRESENT, note="as reported"),
            reason=draw.choice(REASONS),
            by=staff.manager,
            now=now,
        )
        for number, record in enumerate(records)
    ]
    approved, rejected = requests[: len(requests) // 2], requests[len(requests) // 2 : len(requests) * 3 // 4]
    corrections_decide(corrections=approved, verdict=CorrectionState.APPROVED, reason="", by=staff.operator, now=now)
    if rejected:
        comment_add(correction=rejected[0], text="Nobody remembers; please ask again with a witness.", by=staff.operator, now=now)
        corrections_decide(corrections=rejected, verdict=CorrectionState.REJECTED, reason="not seen there", by=staff.operator, now=now)
    if approved:
        correction_undo(correction=approved[0], reason="It was another day.", by=staff.operator, now=now)
    return len(requests)


def marks_happen(site: Site, staff: Staff, now: datetime) -> int:
    """A teacher marks a whole lecture, and a few people one by one; one mark is taken back. Returns how many marks."""
    held = Session.objects.filter(site=site, cancelled_at__isnull=True, ends_at__lt=now, kind="lecture").order_by("-begins_at", "pk")
    made = 0
    for session in [session for session in held[:40] if expected_people(session).exists()][:1]:
        present = {person: Said(State.PRESENT, note="marked in the lecture") for person in expected_people(session)}
        made += len(session_mark(session=session, said=present, by=staff.operator, now=now))
    absent = _open_records(site, now).filter(state="absent").select_related("person", "session")
    sick = Said(State.EXCUSED, note="called in sick")
    rows = [mark_make(person=one.person, session=one.session, said=sick, by=staff.operator, now=now) for one in absent.order_by("-pk")[:3]]
    for row in rows[:1]:
        mark_undo(row=row, by=staff.operator, now=now)
    return made + len(rows)


def exit_entered(site: Site, staff: Staff, now: datetime) -> None:
    """Somebody whom no camera saw leaving is let out by hand."""
    record = _open_records(site, now).filter(problems__contains=["no_exit"]).select_related("person", "session").first()
    if record is not None:
        door = site.doors.get(name=MAIN_OUT)
        at = record.session.ends_at
        pass_add(person=record.person, door=door, at=at, way=Way.OUT, note="left by the yard", by=staff.operator, now=now)


def unknown_are_looked_at(staff: Staff, newcomer: Person, now: datetime) -> int:
    """Unknown passes find their groups; one is a colleague who is not enrolled yet, one is ignored. Returns how many passes."""
    grouped = 0
    while found := groups_update(now=now):
        grouped += found
    groups = list(UnknownGroup.objects.order_by("-size", "pk")[:2])
    if groups:
        group_assign(group=groups[0], person=newcomer, by=staff.operator, now=now)
    if len(groups) > 1:
        group_ignore(group=groups[1], by=staff.operator, now=now)
    return grouped


def days_are_sealed(site: Site, first: date, last: date, staff: Staff, now: datetime) -> None:
    """The first days are approved; leave that is handed in later contradicts one of them."""
    seal_make(site=site, first_day=first, last_day=last, note="paid", by=staff.operator, now=now, unsettled_too=True)
    absent = AttendanceRecord.objects.filter(session__site=site, local_date__range=(first, last), state="absent", gone_at__isnull=True)
    record = absent.select_related("person").order_by("pk").first()
    if record is not None:
        days = {"first_day": record.local_date, "last_day": record.local_date}
        leave_save(leave=Leave(person=record.person), values={"reason": "sick, certificate came late", **days}, by=staff.manager, now=now)


def _open_records(site: Site, now: datetime) -> "QuerySet[AttendanceRecord]":
    """Those of the last days."""
    since = (now - timedelta(days=14)).date()
    return AttendanceRecord.objects.filter(
        session__site=site, local_date__gte=since, session__ends_at__lt=now, gone_at__isnull=True, session__cancelled_at__isnull=True
    )
