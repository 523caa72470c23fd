"""Many rows at once, made in SQL from one real row each: a school that has been at it for a while.

Without `records` the signed bytes of sightings are not laid (and foreign keys not looked at): for millions of rows that no question reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Model

from server.attendance.models import AttendanceRecord, OpenDayRecord, VisitRow
from server.nodes.models import Node
from server.people.models import Group, Membership, Person
from server.recompute.models import Mark
from server.schedules.models import Area, Session
from server.sightings.models import Observation, Sighting
from server.sites.models import Direction, Door, Site
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, a_group, a_person, a_session, a_site
from tests.factories_attendance import an_area

FIRST_ID = 10**9
"""Far beyond what the sequences give."""
LOOKED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Size:
    """`days` are looked back on; sightings are spread over all of them. `expected` people have a lecture on each of `lectures` days."""

    people: int
    expected: int
    sightings: int
    days: int
    lectures: int
    records: bool = True


@dataclass(frozen=True, slots=True)
class Crowd:
    site: Site
    doors: list[Door]
    group: Group
    people: list[Person]
    session: Session
    """That of today, at noon."""
    area: Area
    nodes: list[Node]
    unseen: Person
    """Nobody ever saw them."""


def crowd_gathers(size: Size, *, now: datetime = NOON) -> Crowd:
    """Everything up to `now`, with the statistics the planner goes by."""
    site, group = a_site(), a_group()
    doors = [a_door(site, direction=direction) for direction in (*Direction, *Direction)]
    people = Person.objects.bulk_create(Person(name=f"Person {number:05}", number=f"P{number:05}") for number in range(size.people))
    members = people[: size.expected]
    Membership.objects.bulk_create(Membership(person=one, group=group, valid_from=LONG_AGO.date()) for one in members)
    nodes = [FakeNode.hung(door) for door in doors]
    _see(size, nodes, people, now)
    for node in nodes:
        _look(size, node, now)
    area = an_area(site, *doors[:2])
    days = [now - timedelta(days=back) for back in range(size.lectures)]
    sessions = [a_session(site, group, begins_at=at - timedelta(hours=1)) for at in days]
    for session in sessions:
        _attend(session, area, members)
    Mark.objects.all().delete()  # or the clocks of the nodes would be looked at anew, and all rows get the time of the one they are like
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Crowd(site, doors, group, people, sessions[0], area, [node.node for node in nodes], a_person())


def _see(size: Size, nodes: list[FakeNode], people: list[Person], now: datetime) -> None:
    """Everybody in turn, at every door in turn, from the first day until now; every eleventh pass is of nobody known."""
    nodes[0].send(nodes[0].sighting(at=now - timedelta(days=size.days), person=people[0]))
    one = Sighting.objects.get()
    step_us = timedelta(days=size.days) // timedelta(microseconds=size.sightings)
    at = f"t.captured_at + n * interval '{step_us} microseconds'"
    somebody = f"CASE WHEN mod(n, 11) > 0 THEN ({_array([one.pk for one in people])})[1 + mod(n::bigint * 7919, {len(people)})] END"
    place = len(nodes)
    columns = {
        "uuid": "gen_random_uuid()",
        **dict.fromkeys(("captured_at", "earliest_at", "latest_at", "received_at"), at),
        **dict.fromkeys(("person_id", "counts_for_id"), somebody),
        "outcome": "CASE WHEN mod(n, 11) > 0 THEN 'match' ELSE 'unknown' END",
        "node_id": f"({_array([one.node.pk for one in nodes])})[1 + mod(n, {place})]",
        "door_id": f"({_array([_door_of(one) for one in nodes])})[1 + mod(n, {place})]",
    }
    if size.records:
        _multiply(one.record, size.sightings, {"uuid": "gen_random_uuid()", "seq": f"{FIRST_ID} + n", "received_at": "t.received_at"})
    _multiply(one, size.sightings, columns, trusted=not size.records)


def _look(size: Size, node: FakeNode, now: datetime) -> None:
    """Every five minutes, in the days for which there are lectures."""
    count = timedelta(days=size.lectures) // LOOKED
    first = now - LOOKED * (count + 1)
    node.send(node.observation(looked=(first, first + LOOKED)))
    one = Observation.objects.get(node=node.node)
    offset = FIRST_ID * (1 + node.node.pk)
    step = f"n * interval '{LOOKED.seconds} seconds'"
    ns = f"n * {LOOKED.seconds * 10**9}::bigint"
    _multiply(one.record, count, {"uuid": "gen_random_uuid()", "seq": "t.seq + n"}, first_id=offset)
    columns = {
        "seq": "t.seq + n",
        "begins_at": f"t.begins_at + {step}",
        "ends_at": f"t.ends_at + {step}",
        "from_boot_ns": f"t.from_boot_ns + {ns}",
        "until_boot_ns": f"t.until_boot_ns + {ns}",
    }
    _multiply(one, count, columns, first_id=offset)


def _attend(session: Session, area: Area, people: list[Person]) -> None:
    """Everybody came in time, went through the area and was seen all day."""
    seen = {"first_in": session.begins_at, "last_out": session.ends_at, "method": "face", "worked_s": 5400, "late_by_s": 0}
    told = {"local_date": session.local_date, "changed_at": session.ends_at}
    AttendanceRecord.objects.bulk_create(
        AttendanceRecord(person=one, session=session, state="present", decided=True, **seen, **told) for one in people
    )
    VisitRow.objects.bulk_create(
        VisitRow(person=one, area=area, state="open", at=session.begins_at, known_by=f"{session.pk}-{one.pk}", **told) for one in people
    )
    begins, ends = session.begins_at - timedelta(hours=2), session.ends_at
    OpenDayRecord.objects.bulk_create(
        OpenDayRecord(person=one, site=session.site, first_seen=begins, last_seen=ends, sightings=8, **told) for one in people
    )


def _door_of(node: FakeNode) -> int:
    return node.node.mounts.get().door_id


def _array(keys: list[int]) -> str:
    return f"ARRAY[{','.join(str(key) for key in keys)}]::bigint[]"


def _multiply(one: Model, count: int, columns: Mapping[str, str], *, first_id: int = FIRST_ID, trusted: bool = False) -> None:
    """Rows like this one, but for these columns (SQL; the row is `t`, its number `n`). `trusted`: no foreign key is looked at."""
    meta = type(one)._meta
    names = [field.column for field in meta.concrete_fields]
    assert meta.pk is not None
    changed = {meta.pk.column: f"{first_id} + n", **columns}
    values = ", ".join(changed.get(name, f't."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        if trusted:
            cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({quoted}) SELECT {values} FROM {meta.db_table} t, generate_series(1, %s) n "  # noqa: S608
            f'WHERE t."{meta.pk.column}" = %s',
            [count, one.pk],
        )
        if trusted:
            cursor.execute("SET session_replication_role = origin")
