"""No question about attendance reads all sightings: the plans of every query of every list and page, as the database makes them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from server.attendance.models import AttendanceRecord
from server.sightings.models import Sighting
from tests.crowd import Crowd, Size, crowd_gathers
from tests.factories import NOON
from tests.postgres_plugin import OTHER_PROGRAMS
from tests.server.attendance.questions import API, Question, questions, reports

SIGHTINGS = "sightings_sighting"
SIZE = Size(people=600, expected=200, sightings=40_000, days=120, lectures=3)
MOST_READ = SIZE.sightings // 10
DEBIAN = Path("/usr/lib/postgresql/15/bin")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def crowd(db: None, time_machine: Any) -> Crowd:
    time_machine.move_to(NOON, tick=False)
    return crowd_gathers(SIZE)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a query reads sightings: whether from the first to the last, and how many in all."""

    in_sequence: bool
    rows: float


def reading_of(sql: str) -> Reading:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        waiting = [cursor.fetchone()[0][0]["Plan"]]
    about = []
    while waiting:
        node = waiting.pop()
        waiting.extend(node.get("Plans", ()))
        if node.get("Relation Name") == SIGHTINGS:
            about.append(node)
    return Reading(
        in_sequence=any("Seq Scan" in node["Node Type"] for node in about),
        rows=sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in about),
    )


def things_of(crowd: Crowd) -> dict[str, UUID]:
    person = crowd.people[0].uuid
    sighting = Sighting.objects.filter(counts_for=crowd.people[0]).values_list("uuid", flat=True)[0]
    record = AttendanceRecord.objects.values_list("uuid", flat=True)[0]
    return {
        "people/": person,
        "attendance/": record,
        "sessions/": crowd.session.uuid,
        "sightings/": sighting,
        "groups/": crowd.group.uuid,
        "doors/": crowd.doors[0].uuid,
        "sites/": crowd.site.uuid,
        "areas/": crowd.area.uuid,
        "nodes/": crowd.nodes[0].uuid,
    }


def narrower(crowd: Crowd) -> list[str]:
    """The lists of sightings, narrowed in every way."""
    person, door, node = crowd.people[0].uuid, crowd.doors[0].uuid, crowd.nodes[0].uuid
    day = "since=2024-11-20T00:00:00Z&until=2024-11-21T00:00:00Z"
    asked = (f"person={person}", f"door={door}", f"node={node}", day, "named=none", "outcome=unknown", f"person={person}&{day}")
    orders = ("captured_at", "-captured_at", "received_at", "-received_at")
    return [f"{API}sightings?{one}" for one in (*asked, *(f"ordering={one}" for one in orders))]


def test_no_question_reads_all_sightings(crowd: Crowd) -> None:
    control = reading_of(f"SELECT * FROM {SIGHTINGS} WHERE quality = 0.1")  # noqa: S608
    assert control.in_sequence, "no index helps with this"
    assert control.rows == SIZE.sightings + 1
    asked = questions(things_of(crowd))
    asked += questions({"people/": crowd.unseen.uuid})
    ids = {"site": crowd.site.uuid, "group": crowd.group.uuid, "person": crowd.people[0].uuid, "door": crowd.doors[0].uuid}
    asked += [Question(address, asked[0].client) for address in (*narrower(crowd), *reports(day=NOON.date(), ids=ids))]
    failures, about_sightings = [], set()
    for question in asked:
        with CaptureQueriesContext(connection) as queries:
            status = question.ask()
        assert status == 200 or (status < 500 and "reports/" not in question.address), question.address
        for sql in {query["sql"] for query in queries if SIGHTINGS in query["sql"] and query["sql"].startswith("SELECT")}:
            about_sightings.add(question.address)
            reading = reading_of(sql)
            if reading.in_sequence or reading.rows > MOST_READ:
                failures.append(f"{question.address} reads {reading.rows:.0f}: {sql}")
    assert not failures, "\n".join(failures)
    assert {"api/v1/sightings", "api/v1/presence", ""} <= about_sightings


@pytest.mark.slow
def test_no_question_reads_all_sightings_on_debians_postgresql() -> None:
    if not (DEBIAN / "initdb").exists():
        pytest.skip("Debian's postgresql-15 is not installed here: apt-get install --no-install-recommends postgresql-15")
    environment = {**os.environ, OTHER_PROGRAMS: str(DEBIAN)}
    environment.pop("LINTEL_SERVER_CONFIG", None)
    command = (sys.executable, "-m", "pytest", __file__, "-m", "not slow")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_the_database_is_the_one_that_was_asked_for() -> None:
    """Debian's programs lie in a folder named by their version."""
    asked = os.environ.get(OTHER_PROGRAMS)
    assert connection.pg_version // 10_000 == (int(Path(asked).parent.name) if asked else 18)  # type: ignore[attr-defined]
