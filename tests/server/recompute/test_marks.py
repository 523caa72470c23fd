from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule
from pytest_django import Settings

from server.recompute.management.commands.ensure_schedules import EVERY_DAY, EVERY_SO_MANY_MINUTES
from server.recompute.models import Mark
from server.recompute.services import Window, mark, work_off
from server.recompute.tasks import sweep
from server.recompute.why import Why

pytestmark = pytest.mark.django_db
calls: list[str] = []


reasons: list[frozenset[str]] = []
lots: list[dict[str, frozenset[str]]] = []


def remember(key: str, why: frozenset[str]) -> None:
    calls.append(key)
    reasons.append(why)
    if key.endswith("bad"):
        raise RuntimeError("cannot be derived")


def remember_lot(keys: Mapping[str, frozenset[str]]) -> None:
    lots.append(dict(keys))
    for key, why in keys.items():
        remember(key, why)


@pytest.fixture(autouse=True)
def _handlers(settings: Settings) -> None:
    for remembered in (calls, reasons, lots):
        remembered.clear()
    settings.RECOMPUTE_HANDLERS = dict.fromkeys(("test", "together", "all", "long"), f"{__name__}.remember")
    settings.RECOMPUTE_LAST = ("long",)
    settings.RECOMPUTE_TOGETHER = {"together": (f"{__name__}.remember_lot", 2), "all": (f"{__name__}.remember_lot", 0)}


def test_marks_of_one_window_are_worked_off_together() -> None:
    for _ in range(3):
        mark([Window("test", "a"), Window("test", "a"), Window("test", "b")])
    assert Mark.objects.count() == 6
    assert work_off() == 2
    assert sorted(calls) == ["a", "b"]
    assert not Mark.objects.exists()


def test_a_window_is_told_everything_that_changed() -> None:
    for why in (Why.SIGHTING, Why.LEAVE, ""):
        mark([Window("test", "a")], why=why)
    work_off()
    assert reasons == [{"sighting", "leave"}]


def test_windows_of_one_lot_are_derived_together_each_with_its_reasons() -> None:
    mark([Window("together", "1:2024-11-20:7"), Window("together", "1:2024-11-20:8")], why=Why.SIGHTING)
    mark([Window("together", "1:2024-11-20:7")], why=Why.LEAVE)
    mark([Window("together", "1:2024-11-21:7"), Window("together", "11:2024-11-20:7")], why=Why.PLACE)
    assert work_off() == 4
    assert lots == [{"1:2024-11-20:7": {"sighting", "leave"}, "1:2024-11-20:8": {"sighting"}}]
    assert len(calls) == 4
    assert not Mark.objects.exists()


def test_a_mark_whose_task_was_lost_is_found_by_the_sweep(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        mark([Window("test", "a")])
    OrmQ.objects.all().delete()
    assert sweep() == 1
    assert (calls, sweep()) == (["a"], 0)


def test_long_windows_wait_for_the_others() -> None:
    mark([Window("long", "year")])
    mark([Window("test", "a"), Window("all", "b")])
    assert work_off() == 3
    assert calls == ["b", "a", "year"]


def test_of_a_lot_that_fails_only_the_bad_window_is_put_off() -> None:
    mark([Window("all", "1:bad"), Window("all", "2:good"), Window("all", "3:fine")])
    assert work_off() == 2
    assert Mark.objects.values_list("key", "attempts").get() == ("1:bad", 1)
    assert (len(lots), calls[-2:]) == (1, ["2:good", "3:fine"])


def test_whoever_stops_before_the_end_has_another_task_go_on(django_capture_on_commit_callbacks: Any) -> None:
    mark([Window("test", name) for name in "abc"])
    before = OrmQ.objects.count()
    assert work_off(limit=2) == 2
    assert OrmQ.objects.count() == before + 1
    assert (work_off(for_s=0), Mark.objects.count()) == (0, 1)
    assert OrmQ.objects.count() == before + 2


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


def test_every_schedule_is_made_once_and_its_task_exists() -> None:
    call_command("ensure_schedules")
    call_command("ensure_schedules")
    tasks = list(Schedule.objects.values_list("func", flat=True))
    assert len(tasks) == len(set(tasks)) == len({**EVERY_SO_MANY_MINUTES, **EVERY_DAY})
    assert all(callable(import_string(task)) for task in tasks)
