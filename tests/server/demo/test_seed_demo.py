import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import cv2
import numpy as np
import pytest
import time_machine
from django.core.management import CommandError, call_command

from server.attendance.correction_models import Correction, ManualMark
from server.attendance.models import AttendanceRecord, OpenDayRecord
from server.attendance.seal_models import Discrepancy, RecordChange, Seal
from server.demo.avatars import avatar
from server.demo.days import Doorkeeper
from server.demo.school import DOORS, SITE, TEAMS, everybody
from server.people.models import Group, Person
from server.recompute.models import Mark
from server.schedules.models import Session
from server.sightings.models import Crop, CropState, Record, Sighting
from server.sites.models import Site
from tests.factories import a_person

WEDNESDAY = datetime(2026, 11, 18, 15, tzinfo=UTC)
DAY = date(2026, 11, 18)


def seeded(*arguments: str) -> dict[str, object]:
    out = StringIO()
    with time_machine.travel(WEDNESDAY, tick=False):
        call_command("seed_demo", *arguments, "--workers", "1", "--json", stdout=out, stderr=StringIO())
    found: dict[str, object] = json.loads(out.getvalue())
    return found


@pytest.mark.django_db
def test_a_small_history_has_something_of_everything_says_that_it_is_made_up_and_is_laid_once() -> None:
    laid = seeded("--people", "8", "--days", "5")
    assert (laid["laid"], laid["people"], laid["days"], laid["until"]) == (True, 8, 5, "2026-11-18")
    assert Sighting.objects.count() == laid["sightings"]
    assert {row.outcome for row in Sighting.objects.all()} >= {"match", "unknown"}
    assert not Mark.objects.exists()
    assert not Sighting.objects.filter(time_known=False).exists()
    assert all(name.endswith("(synthetic)") for model in (Person, Group) for name in model._default_manager.values_list("name", flat=True))
    assert set(AttendanceRecord.objects.values_list("state", flat=True)) >= {"present", "absent", "excused", "pending"}
    assert {state for change in RecordChange.objects.all() for state in [(change.after or {}).get("state")]} >= {"not_covered"}
    assert Correction.objects.exists()
    assert ManualMark.objects.exists()
    assert Seal.objects.count() == 1
    assert Discrepancy.objects.exists()
    assert RecordChange.objects.filter(why__contains=["late_evidence"]).exists()
    assert Session.objects.filter(schedule__isnull=True).count() == 2
    assert OpenDayRecord.objects.filter(local_date=DAY).exists()
    assert set(Crop.objects.values_list("state", flat=True)) == {CropState.STORED}
    records = Record.objects.count()
    assert seeded("--people", "8", "--days", "5") == {"laid": False, "reason": "already_laid"}
    with pytest.raises(CommandError, match="use another database"):
        seeded("--seed", "2")
    assert Record.objects.count() == records


@pytest.mark.django_db
def test_made_up_people_are_not_put_among_real_ones_and_a_history_that_was_cut_short_is_not_gone_on_with() -> None:
    a_person("Ada Lovelace")
    with pytest.raises(CommandError, match="1 real people here"):
        seeded("--people", "1", "--days", "1")
    assert not Site.objects.exists()
    Site.objects.create(name=SITE)
    with pytest.raises(CommandError, match="interrupted"):
        seeded("--force")
    with pytest.raises(CommandError, match="0 is not a number from 1 to 2000"):
        call_command("seed_demo", "--people", "0")


def test_the_same_seed_tells_the_same_story_and_another_one_another() -> None:
    def story(seed: int, people: int = 40) -> list[object]:
        keeper = Doorkeeper(seed, everybody(people), frozenset(), frozenset({(1, DAY)}))
        return [passing for number in range(7) for passing in keeper.day(DAY + timedelta(days=number))]

    assert story(1) == story(1)
    assert story(1) != story(2)
    assert set(story(1)) <= set(story(1, people=41))
    passings = Doorkeeper(1, everybody(200), frozenset(), frozenset()).day(DAY)
    assert {passing.door for passing in passings} <= set(DOORS)
    assert len(passings) > 600


def test_a_few_people_are_one_of_each_team_and_two_hundred_fill_them() -> None:
    assert [one.team for one in everybody(12)] == list(TEAMS)
    assert Counter(one.team.name for one in everybody(200)) == {team.name: team.share for team in TEAMS}
    assert len({one.name for one in everybody(450)}) == 450


def test_avatars_are_the_same_every_time_and_different_for_everybody() -> None:
    assert avatar("001", seed="1:1") == avatar("001", seed="1:1")
    assert len({avatar(f"{number:03}", seed=f"1:{number}") for number in range(50)}) == 50
    image = cv2.imdecode(np.frombuffer(avatar("001", seed="1:1"), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (160, 160, 3)
