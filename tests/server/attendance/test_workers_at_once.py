"""Several workers, and a worker that dies, on real connections."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from pytest_django import Settings

from server.attendance import tasks
from server.attendance.models import AttendanceRecord, OpenDayRecord
from server.attendance.seal_models import Discrepancy, RecordChange
from server.attendance.seals import seal_make
from server.recompute import windows
from server.recompute.models import Mark
from server.recompute.services import mark, work_off
from server.recompute.why import Why
from tests.factories import NOON, a_member, an_account
from tests.server.attendance.lecture import DAY, Lecture

pytestmark = pytest.mark.django_db(transaction=True)
TRIES = 20_000


class Worker(Thread):
    """Works off on a connection of its own."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = 0
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            self.done = work_off()
        except OperationalError as error:
            self.failed = error
        finally:
            connections.close_all()


def rows() -> dict[str, list[Any]]:
    names = ("person", "session", "state", "decided", "first_in", "evidence", "version", "gone_at")
    return {
        "records": list(AttendanceRecord.objects.order_by("session", "person").values_list(*names)),
        "days": list(OpenDayRecord.objects.order_by("person").values_list("person", "sightings", "version")),
        "changes": sorted(RecordChange.objects.values_list("subject", "key", "why__0")),
    }


def every_window(lecture: Lecture, people: list[int]) -> None:
    mark([windows.person_day(site=lecture.site.pk, day=DAY, person=person) for person in people], why=Why.SIGHTING)
    for days in (-1, 1):
        near = DAY + timedelta(days=days)
        mark([windows.person_day(site=lecture.site.pk, day=near, person=person) for person in people], why=Why.SIGHTING)
    mark([windows.session(lecture.session.pk), windows.site_days(site=lecture.site.pk, first=DAY, last=DAY)], why=Why.SIGHTING)


def test_workers_at_once_and_processes_that_rebuild_double_and_lose_nothing() -> None:
    lecture = Lecture()
    people = [lecture.ada, lecture.grace, *(a_member(lecture.group) for _ in range(6))]
    lecture.node.send(*(lecture.seen(person) for person in people[::2]), lecture.covers())
    for _ in range(2):
        every_window(lecture, [person.pk for person in people])
    workers = [Worker() for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.failed for worker in workers] == [None] * 4
    work_off()
    assert not Mark.objects.exists()
    found = rows()
    assert len(found["records"]) == 8
    assert {row[2] for row in found["records"]} == {"present", "absent"}
    assert len(found["changes"]) == len({(subject, key) for subject, key, _ in found["changes"]})
    call_command("rebuild", workers=2)
    assert rows() == found


def test_a_worker_that_dies_after_deriving_loses_nothing(settings: Settings) -> None:
    lecture = Lecture()
    lecture.node.send(lecture.seen(lecture.ada), lecture.seen(lecture.grace))
    marked = Mark.objects.filter(kind="person_day").count()
    settings.RECOMPUTE_TOGETHER = {"person_day": (f"{__name__}.derive_and_die", 2)}
    with pytest.raises((OperationalError, InterfaceError)):
        work_off()
    connection.close()
    assert (Mark.objects.filter(kind="person_day").count(), AttendanceRecord.objects.count()) == (marked, 0)
    settings.RECOMPUTE_TOGETHER = {}
    work_off()
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "present"}


def derive_and_die(keys: Mapping[str, frozenset[str]]) -> None:
    tasks.derive_person_days(keys)
    assert AttendanceRecord.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_who_derives_while_a_day_is_being_sealed_waits_and_leaves_it_as_it_was() -> None:
    lecture = Lecture()
    lecture.send(lecture.seen(lecture.ada), lecture.covers())
    before = rows()
    lecture.node.send(lecture.seen(lecture.grace))
    worker = Worker()
    with transaction.atomic():
        seal_make(site=lecture.site, first_day=DAY, last_day=DAY, note="", by=an_account(), now=NOON + timedelta(days=3))
        worker.start()
        comes_to(_somebody_waits)
    worker.join(60)
    assert worker.failed is None
    assert worker.done > 0
    assert rows() == before
    assert set(Discrepancy.objects.values_list("person", flat=True)) == {lecture.grace.pk}


def test_the_control_a_worker_that_does_not_wait_changes_the_day_under_the_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    lecture = Lecture()
    lecture.send(lecture.seen(lecture.ada), lecture.covers())
    before = rows()
    lecture.node.send(lecture.seen(lecture.grace))
    monkeypatch.setattr("server.attendance.publishing_ground.seals_hold", lambda **_: None)
    with transaction.atomic():
        seal_make(site=lecture.site, first_day=DAY, last_day=DAY, note="", by=an_account(), now=NOON + timedelta(days=3))
        worker = Worker()
        worker.start()
        worker.join(60)
    assert rows() != before


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def comes_to(condition: Callable[[], bool]) -> None:
    assert any(condition() for _ in range(TRIES))
