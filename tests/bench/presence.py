"""Who is in now, and the sheet and the page of a session of 500, with five million sightings. Beside bare SQL that fetches the same rows.

`python -m tests.bench.presence 200000` takes as many sightings of fewer days.
"""

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import time_machine

from tests.bench.attendance_database import SIGHTINGS, cpu_ms, empty_database, in_own_process, indexed_afterwards, times_ms, told

if TYPE_CHECKING:
    from tests.crowd import Crowd

ROUNDS = 30
AIM_MS = 50
ALL = 5_000_000
LATEST = """
    SELECT DISTINCT ON (counts_for_id) counts_for_id, captured_at, door_id FROM sightings_sighting
    WHERE captured_at >= %s AND counts_for_id IS NOT NULL AND time_known ORDER BY counts_for_id, captured_at DESC
"""
SHEET = """
    SELECT * FROM attendance_attendancerecord record JOIN people_person person ON person.id = record.person_id
    WHERE record.session_id = %s ORDER BY person.name
"""


def main() -> None:
    in_own_process(__name__)


def measure(sightings: int) -> None:
    with empty_database():
        from tests.crowd import Size, crowd_gathers  # noqa: PLC0415  (needs Django set up)
        from tests.factories import NOON  # noqa: PLC0415

        with time_machine.travel(NOON, tick=True):
            began = time.perf_counter()
            size = Size(people=500, expected=500, sightings=sightings, days=max(14, sightings * 365 // ALL), lectures=14, records=False)
            with indexed_afterwards(SIGHTINGS):
                crowd = crowd_gathers(size)
            print(f"{size.sightings:,} sightings of {size.people} people in {size.days} days, made in {time.perf_counter() - began:.0f} s")
            print(f"aim: {AIM_MS} ms of CPU for every answer of the API, of the web process and the database together")
            _measure(crowd)


def _measure(crowd: "Crowd") -> None:
    from django.test import Client  # noqa: PLC0415

    from server.core.permissions import Role  # noqa: PLC0415
    from tests.factories import NOON, an_account, as_role  # noqa: PLC0415

    client, pages = as_role(Role.ADMIN), Client()
    pages.force_login(an_account(Role.ADMIN))

    def asked(address: str, by: Client = client) -> int:
        response = by.get(f"/{address}")
        if response.status_code != 200:
            raise SystemExit(f"{address} answered {response.status_code}: {response.content[:300]!r}")
        return len(response.content)

    latest, sheet = partial(_fetched, LATEST, NOON - timedelta(hours=8)), partial(_fetched, SHEET, crowd.session.pk)
    _compare("presence, a page", partial(asked, "api/v1/presence"), latest)
    _compare("presence, everybody as CSV", partial(asked, "api/v1/presence?format=csv"), latest)
    _compare("muster list of the site", partial(asked, f"api/v1/presence/muster?site={crowd.site.uuid}"), latest)
    _compare("sheet of a session of 500", partial(asked, f"api/v1/sessions/{crowd.session.uuid}/sheet"), sheet)
    _compare("page of a session of 500", partial(asked, f"attendance/sessions/{crowd.session.uuid}/", pages), sheet)


def _compare(name: str, ask: Callable[[], object], peer: Callable[[], int]) -> None:
    ours, bare = times_ms(ask, rounds=ROUNDS), times_ms(peer, rounds=ROUNDS)
    print(f"{name}: CPU {told(cpu_ms(ask, rounds=ROUNDS))}; {told(ours)}")
    print(f"  bare SQL of its {peer()} rows: {told(bare)}; ratio {np.median(ours) / np.median(bare):.1f}×")


def _fetched(sql: str, value: datetime | int) -> int:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
        return len(cursor.fetchall())


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else ALL)
