"""Deriving everything anew: 200 people on 60 days, by two processes. Beside only reading their sightings and writing as many records."""

import json
import time
from contextlib import redirect_stdout
from io import StringIO

import time_machine

from tests.bench.attendance_database import empty_database, in_own_process

PEOPLE, DAYS, PER_DAY, PROCESSES = 200, 60, 8, 2
AIM_S = 20
COPIED = ("attendance_attendancerecord", "attendance_opendayrecord", "attendance_visitrow")


def main() -> None:
    in_own_process(__name__)


def measure() -> None:
    with empty_database():
        from tests.crowd import Size, crowd_gathers  # noqa: PLC0415  (needs Django set up)
        from tests.factories import NOON  # noqa: PLC0415

        with time_machine.travel(NOON, tick=True):
            crowd_gathers(Size(people=PEOPLE, expected=PEOPLE, sightings=PEOPLE * DAYS * PER_DAY, days=DAYS, lectures=DAYS))
            for turn in ("everything is new", "nothing is new"):
                outcome = _rebuilt()
                print(
                    f"rebuild of {PEOPLE} people × {DAYS} days, {turn}: {outcome['seconds']} s with {PROCESSES} processes (aim {AIM_S} s); "
                    f"{outcome['changes']} records changed in {outcome['parts']} parts"
                )
            rows, seconds = _read_and_written()
            print(f"  reading the sightings and writing {rows} records alone: {seconds:.1f} s")


def _rebuilt() -> dict[str, float]:
    from django.core.management import call_command  # noqa: PLC0415

    said = StringIO()
    with redirect_stdout(said):
        call_command("rebuild", workers=PROCESSES, json=True, stdout=said)
    outcome: dict[str, float] = json.loads(said.getvalue().splitlines()[-1])
    return outcome


def _read_and_written() -> tuple[int, float]:
    from django.db import connection  # noqa: PLC0415

    began, rows = time.perf_counter(), 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT counts_for_id, captured_at, door_id, uuid FROM sightings_sighting")
        cursor.fetchall()
        for table in COPIED:
            cursor.execute(f"CREATE TABLE copy_of_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(f"INSERT INTO copy_of_{table} SELECT * FROM {table}")  # noqa: S608
            rows += cursor.rowcount
    return rows, time.perf_counter() - began


if __name__ == "__main__":
    measure()
