import json
import sys
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.rebuild import rebuild_left, rebuild_mark
from server.attendance.seal_models import Discrepancy
from server.attendance.seals import seal_make
from server.recompute.models import Mark
from server.recompute.services import work_off
from server.sites.models import Site
from tests.factories import NOON, FakeNode, a_door, a_person, a_site, an_account
from tests.server.attendance.lecture import DAY, Lecture

pytestmark = pytest.mark.django_db
ONE_DAY = timedelta(days=1)


@pytest.fixture
def lecture() -> Lecture:
    lecture = Lecture()
    lecture.send(lecture.seen(lecture.ada), lecture.covers(), lecture.seen(lecture.ada, NOON + 9 * ONE_DAY))
    return lecture


def rebuilt(*options: object, **named: object) -> dict[str, Any]:
    text = StringIO()
    call_command("rebuild", *options, workers=1, json=True, stdout=text, **named)
    found: dict[str, Any] = json.loads(text.getvalue())
    return found


def spoil() -> None:
    AttendanceRecord.objects.update(state="excused")
    OpenDayRecord.objects.update(sightings=99)
    OpenDayRecord.objects.create(
        person=a_person(), site=Site.objects.get(), local_date=DAY, first_seen=NOON, last_seen=NOON, sightings=1, changed_at=NOON
    )


def test_everything_derived_anew_puts_right_what_is_wrong_and_then_changes_nothing(lecture: Lecture) -> None:
    spoil()
    assert rebuilt()["changes"] == 5
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "absent"}
    assert set(OpenDayRecord.objects.filter(gone_at__isnull=True).values_list("sightings", flat=True)) == {1}
    assert rebuilt()["changes"] == 0
    assert not Mark.objects.exists()


def test_only_the_days_and_the_site_that_were_asked_for(lecture: Lecture) -> None:
    elsewhere = FakeNode.hung(a_door(a_site(name="Annexe")))
    elsewhere.send(elsewhere.sighting(person=lecture.ada))
    work_off()
    OpenDayRecord.objects.update(sightings=99)
    assert rebuilt("--from", "2024-11-21")["changes"] == 1
    assert rebuilt("--to", "2024-11-20", site="Annexe")["changes"] == 1
    assert OpenDayRecord.objects.get(sightings=99).site == lecture.site
    assert rebuilt("--from", "2031-01-01")["parts"] == 0


def test_an_interrupted_rebuild_is_resumed_and_workers_finish_it_too(lecture: Lecture) -> None:
    spoil()
    assert rebuild_mark(sites=Site.objects.all(), first=None, last=None) == rebuild_left() == 2
    assert work_off(limit=1) == 1
    assert rebuilt("--resume") == {"parts": 1, "changes": 1, "seconds": pytest.approx(0, abs=60)}
    assert (rebuild_left(), rebuilt("--resume")["parts"]) == (0, 0)


def test_sealed_days_stay_and_discrepancies_tell(lecture: Lecture) -> None:
    seal_make(site=lecture.site, first_day=DAY, last_day=DAY, note="", by=an_account(), now=NOON + 3 * ONE_DAY)
    AttendanceRecord.objects.filter(person=lecture.ada).update(state="excused")
    assert rebuilt()["changes"] == 0
    assert lecture.states()[lecture.ada] == "excused"
    assert [(row.person, (row.derived or {})["state"]) for row in Discrepancy.objects.all()] == [(lecture.ada, "present")]


def test_a_part_that_cannot_be_derived_is_told_and_stays_marked(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> int:
        raise RuntimeError("no room")

    monkeypatch.setattr("server.attendance.services.person_days_publish", fail)
    with pytest.raises(CommandError, match="2 of 2 parts could not be derived yet"):
        rebuilt()
    assert {row.last_error for row in Mark.objects.all()} == {"RuntimeError: no room"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [(["--site", "Nowhere"], "There is no site called Nowhere"), (["--workers", "0"], "at least 1"), (["--from", "May"], "2026-01-31")],
)
def test_what_cannot_be_is_refused_in_a_sentence(options: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("rebuild", *options)


def test_a_bar_shows_on_a_terminal_how_far_it_is(
    lecture: Lecture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("rebuild", workers=1)
    assert "parts," not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    call_command("rebuild", workers=1)
    assert f"[{'#' * 20:<40}] 1 of 2 parts" in (shown := capsys.readouterr().err)
    assert f"[{'#' * 40}] 2 of 2 parts" in shown
    rebuilt()
    assert "parts," not in capsys.readouterr().err


def test_nothing_to_rebuild_is_no_failure() -> None:
    text = StringIO()
    call_command("rebuild", workers=3, stdout=text)
    assert text.getvalue().startswith("rebuilt 0 parts")
    assert not VisitRow.objects.exists()
