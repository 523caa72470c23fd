from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from pytest_django import Settings

from server.recompute.models import Mark
from server.recompute.services import Window, mark, work_off

pytestmark = pytest.mark.django_db
calls: list[str] = []


def remember(key: str) -> None:
    calls.append(key)
    if key == "bad":
        raise RuntimeError("cannot be derived")


@pytest.fixture(autouse=True)
def _handlers(settings: Settings) -> None:
    calls.clear()
    settings.RECOMPUTE_HANDLERS = {"test": f"{__name__}.remember"}


def test_marks_of_one_window_are_worked_off_together() -> None:
    for _ in range(3):
        mark([Window("test", "a"), Window("test", "a"), Window("test", "b")])
    assert Mark.objects.count() == 6
    assert work_off() == 2
    assert sorted(calls) == ["a", "b"]
    assert not Mark.objects.exists()


def test_working_off_again_does_nothing() -> None:
    mark([Window("test", "a")])
    assert (work_off(), work_off()) == (1, 0)


def test_a_window_that_fails_is_put_off_and_stops_nobody() -> None:
    mark([Window("test", "bad"), Window("test", "good")])
    assert work_off() == 1
    put_off = Mark.objects.get()
    assert (put_off.attempts, put_off.last_error) == (1, "RuntimeError: cannot be derived")
    assert work_off() == 0
    work_off(now=timezone.now() + timedelta(minutes=1))
    assert Mark.objects.get().attempts == 2


def test_a_kind_nobody_derives_is_kept_and_told() -> None:
    mark([Window("unheard_of", "a")])
    assert work_off() == 0
    assert "KeyError" in Mark.objects.get().last_error


def test_a_worker_is_woken_once_the_marks_are_committed(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        mark([Window("test", "a")])
        assert not OrmQ.objects.exists()
    assert OrmQ.objects.count() == 1


def test_marks_vanish_with_their_transaction() -> None:
    with transaction.atomic():
        mark([Window("test", "a")])
        transaction.set_rollback(True)
    assert not Mark.objects.exists()


def test_no_windows_make_no_work() -> None:
    assert mark([]) == 0


def test_every_sweep_is_scheduled_once() -> None:
    call_command("ensure_schedules")
    call_command("ensure_schedules")
    gallery = {"server.gallery.tasks.sweep", "server.gallery.tasks.embed_again"}
    wanted = {"server.recompute.tasks.sweep", "server.sightings.tasks.look_again"} | gallery
    assert set(Schedule.objects.values_list("func", flat=True)) == wanted
    assert Schedule.objects.count() == 4
