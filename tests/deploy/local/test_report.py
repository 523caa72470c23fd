import json
from datetime import UTC, datetime

import pytest

from deploy.local.api import Api, SeenPass
from deploy.local.errors import DemoError
from deploy.local.report import Reporter, line_for
from tests.deploy.local.fakes import FakeServer

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def sighting(id_: str, minute: int, outcome: str, person: str | None = None) -> dict[str, object]:
    named = None if person is None else {"id": "p", "name": person}
    return {"id": id_, "captured_at": f"2026-03-02T08:{minute:02}:00+00:00", "outcome": outcome, "person": named, "similarity": 0.9}


def day(person: str, first: int, last: int) -> dict[str, object]:
    return {
        "person": {"id": "p", "name": person},
        "date": "2026-03-02",
        "first_seen": f"2026-03-02T08:{first:02}:00+00:00",
        "last_seen": f"2026-03-02T08:{last:02}:00+00:00",
    }


def quiet(seen: SeenPass) -> None:
    """Nobody listens."""


def reporter(server: FakeServer, waits: list[float] | None = None) -> Reporter:
    return Reporter(Api(server.address), started_at=START, tell=quiet, sleep=(waits if waits is not None else []).append)


def test_the_last_line_counts_this_starts_sightings_alone(fake_server: FakeServer) -> None:
    fake_server.sightings = [
        sighting("a", 1, "match", "Ada"),
        sighting("b", 2, "unknown"),
        sighting("c", 3, "unsure", "Ada"),
        sighting("d", 4, "match", "Ada"),
        sighting("earlier", 0, "match", "Grace"),
    ]
    fake_server.attendance = [day("Ada", 1, 4), day("Grace", 0, 0)]
    summary = reporter(fake_server).summary(["a", "b", "c", "d"])
    assert "\n" not in summary.as_json()
    assert json.loads(summary.as_json()) == {
        "sightings": 4,
        "matched": {"Ada": 2},
        "unknown": 1,
        "unsure": 1,
        "attendance": [
            {"person": "Ada", "date": "2026-03-02", "first_seen": "2026-03-02T08:01:00+00:00", "last_seen": "2026-03-02T08:04:00+00:00"}
        ],
    }


def test_the_summary_waits_until_the_attendance_holds_every_match(fake_server: FakeServer) -> None:
    fake_server.sightings = [sighting("a", 1, "match", "Ada"), sighting("b", 5, "match", "Ada")]
    fake_server.attendance = [day("Ada", 1, 1)]
    waits: list[float] = []

    class Worker(list[float]):
        def append(self, seconds: float) -> None:
            waits.append(seconds)
            fake_server.attendance = [day("Ada", 1, 5)]

    summary = Reporter(Api(fake_server.address), started_at=START, tell=quiet, sleep=Worker().append).summary(["a", "b"])
    assert len(waits) == 1
    assert summary.days[0].last_seen.startswith("2026-03-02T08:05")


def test_a_sighting_that_never_arrives_is_an_error_that_says_so(fake_server: FakeServer) -> None:
    fake_server.sightings = [sighting("a", 1, "unknown")]
    with pytest.raises(DemoError, match="1 of 2 sightings did not reach the server"):
        reporter(fake_server).summary(["a", "b"], within_seconds=1)


def test_attendance_that_is_never_derived_is_an_error_that_says_so(fake_server: FakeServer) -> None:
    fake_server.sightings = [sighting("a", 1, "match", "Ada")]
    with pytest.raises(DemoError, match="attendance was not derived"):
        reporter(fake_server).summary(["a"], within_seconds=1)


def test_nobody_at_the_door_is_a_summary_of_zeros(fake_server: FakeServer) -> None:
    assert json.loads(reporter(fake_server).summary([]).as_json()) == {
        "sightings": 0,
        "matched": {},
        "unknown": 0,
        "unsure": 0,
        "attendance": [],
    }


def test_arrived_sightings_are_told_once_and_in_order(fake_server: FakeServer) -> None:
    fake_server.sightings = [sighting("b", 2, "unknown"), sighting("a", 1, "match", "Ada"), sighting("other", 3, "unknown")]
    told: list[SeenPass] = []
    reporter = Reporter(Api(fake_server.address), started_at=START, tell=told.append)
    for _ in range(2):
        reporter.look(["a", "b"])
    assert [seen.id for seen in told] == ["a", "b"]


def test_a_stranger_is_never_given_a_name(fake_server: FakeServer) -> None:
    unsure = SeenPass.read(sighting("a", 1, "unsure", "Ada"))
    assert "Ada" not in line_for(unsure)
