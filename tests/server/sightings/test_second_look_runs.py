import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from server.nodes.services import settings_change
from server.sightings import tasks
from server.sightings.models import SecondLook, SecondLookRun, Sighting
from server.sightings.second_look_runs import SETTLED_S, run_advance
from tests.factories import NOON, FakeNode
from tests.server.sightings.second_looks import between_the_bars, enrolled, face, passed

pytestmark = pytest.mark.django_db
LONG = timedelta(days=36500)


def later() -> Any:
    return timezone.now() + timedelta(seconds=SETTLED_S + 1)


def advance(batches: int = 10) -> int:
    return run_advance(window=LONG, now=later(), batches=batches)


def test_a_run_looks_once_at_everything_and_then_has_caught_up() -> None:
    node = FakeNode.hung()
    for number in (1, 2, 1):
        passed(node, face(number))
    enrolled(1)
    assert advance() == 3
    assert advance() == 0
    run = SecondLookRun.objects.get()
    assert (run.counts, SecondLook.objects.count()) == ({"named": 2, "same": 1}, 2)
    assert run.caught_up_at is not None


def test_batches_go_on_where_the_last_one_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.sightings.second_look_runs.BATCH", 2)
    node = FakeNode.hung()
    for _ in range(5):
        passed(node, face(1))
    enrolled(1)
    assert [advance(batches=1) for _ in range(4)] == [2, 2, 1, 0]
    assert SecondLook.objects.count() == 5


def test_what_arrives_later_is_looked_at_by_the_same_run() -> None:
    node = FakeNode.hung()
    passed(node, face(1))
    enrolled(1)
    advance()
    passed(node, face(1), at=NOON - timedelta(days=3))
    assert advance() == 1
    assert (SecondLookRun.objects.count(), SecondLook.objects.count()) == (1, 2)


def test_a_record_that_may_still_have_earlier_neighbours_waits() -> None:
    passed(FakeNode.hung(), face(1))
    assert run_advance(window=LONG, now=timezone.now(), batches=1) == 0
    assert advance() == 1


def test_a_changed_gallery_or_bar_begins_another_run() -> None:
    node = FakeNode.hung()
    passed(node, between_the_bars(1))
    enrolled(1)
    assert advance() == 1
    assert not SecondLook.objects.exists()
    settings_change(node.node, {"strangers_named_one_in": 20}, by=None)
    assert advance() == 1
    assert SecondLookRun.objects.count() == 2
    assert SecondLook.objects.get().difference == "named"


def test_sightings_outside_the_window_are_left_alone() -> None:
    passed(FakeNode.hung(), face(1))
    assert run_advance(window=timedelta(days=30), now=later(), batches=1) == 0


def test_old_runs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.sightings.second_look_runs.KEPT_RUNS", 2)
    for number in range(4):
        enrolled(number)
        advance()
    assert SecondLookRun.objects.count() == 2


def test_the_task_asks_for_itself_again_only_while_there_may_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "SECOND_LOOK_BATCHES", 1)
    monkeypatch.setattr(tasks, "BATCH", 0)
    assert tasks.look_again() == 0
    assert OrmQ.objects.count() == 1
    monkeypatch.setattr(tasks, "BATCH", 500)
    tasks.look_again()
    assert OrmQ.objects.count() == 1


def test_the_number_of_queries_does_not_grow_with_the_sightings() -> None:
    node, counts = FakeNode.hung(), []
    for number, sightings in ((1, 2), (2, 20)):
        for _ in range(sightings):
            passed(node, face(number))
        enrolled(number, added_at=NOON)
        with CaptureQueriesContext(connection) as queries:
            advance()
        counts.append(len(queries))
    assert SecondLook.objects.count() == 22
    assert counts[0] == counts[1]


def command(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("second_look", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_counts_what_differs_by_kind() -> None:
    node, ada = FakeNode.hung(), enrolled(3)
    for number, person in ((1, None), (2, None), (3, ada), (4, ada), (1, ada)):
        passed(node, face(number), person=person)
    other = passed(node, face(1))
    Sighting.objects.filter(pk=other.pk).update(model_id="an older model")
    enrolled(1)
    out, err = command("--since", "2020-01-01", "--json")
    wanted = {"agree": 2, "unknown_to_match": 1, "match_to_unknown": 1, "match_to_other": 1, "not_comparable": 1}
    assert json.loads(out) == {**wanted, "probe_erased": 0, "probe_unreadable": 0}
    assert "6 of 6 sightings looked at" in err


def test_the_command_repeats_itself_and_looks_back_as_far_as_the_job_does() -> None:
    passed(FakeNode.hung(), face(1))
    enrolled(1)
    assert command("--since", "2020-01-01") == command("--since", "2020-01-01")
    assert SecondLook.objects.count() == 1
    assert "agree: 0\nunknown to match: 0" in command()[0]


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="write it as 2026-01-31"):
        command("--since", "yesterday")
