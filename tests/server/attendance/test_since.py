from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from server.attendance.models import AttendanceRecord
from server.core import since as since_module
from server.core.permissions import Role
from server.core.since import settled, transaction_began
from tests.factories import a_person, a_session, as_role
from tests.factories_attendance import a_record, an_open_day

EPOCH = "1970-01-01T00:00:00Z"
URL = "/api/v1/attendance"
SECONDS = 20


def told(client: APIClient, since: str, url: str = URL, **query: str) -> tuple[list[dict[str, Any]], str]:
    """Everything that changed, and what to ask with next."""
    answer = client.get(url, {"since": since, **query}).json()
    rows = list(answer["results"])
    while answer["next"]:
        following = client.get(answer["next"]).json()
        assert following["next_since"] == answer["next_since"]
        answer = following
        rows += answer["results"]
    return rows, answer["next_since"]


def changed(record: AttendanceRecord, **values: object) -> None:
    AttendanceRecord.objects.filter(pk=record.pk).update(**values, changed_at=transaction_began())


class Slow:
    """Another connection, whose transaction has begun and changed a record, and commits when it is told to."""

    def __init__(self, record: AttendanceRecord) -> None:
        self._record, self._begun, self._commit = record, Event(), Event()
        self._thread = Thread(target=self._run)
        self._thread.start()
        assert self._begun.wait(SECONDS)

    def commit(self) -> None:
        self._commit.set()
        self._thread.join(SECONDS)

    def _run(self) -> None:
        try:
            with transaction.atomic():
                changed(self._record, note="late")
                self._begun.set()
                self._commit.wait(SECONDS)
        finally:
            connections.close_all()


@pytest.fixture
def late_commit(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    monkeypatch.setattr(since_module, "LAG", timedelta())
    slow = Slow(a_record())
    yield slow
    slow.commit()


def test_what_a_long_transaction_commits_late_is_told_next_time(late_commit: Slow) -> None:
    client = as_role(Role.ADMIN)
    other = a_record()
    before, since = told(client, EPOCH)
    assert [row["note"] for row in before] == ["", ""]
    changed(other, note="meanwhile")
    late_commit.commit()
    after, following = told(client, since)
    assert {row["note"] for row in after} == {"late", "meanwhile"}
    assert following >= since


def test_without_heed_of_running_transactions_the_change_would_be_lost(late_commit: Slow) -> None:
    client = as_role(Role.ADMIN)
    told(client, EPOCH)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        asked_at: datetime = cursor.fetchone()[0]
    late_commit.commit()
    assert told(client, asked_at.isoformat())[0] == []
    assert [row["note"] for row in told(client, EPOCH)[0]] == ["late"]


def test_nothing_settles_past_the_beginning_of_a_running_transaction(late_commit: Slow) -> None:
    running = settled()
    assert settled() == running
    late_commit.commit()
    assert AttendanceRecord.objects.get().changed_at >= running


@pytest.mark.django_db
def test_what_is_gone_is_told_to_those_who_ask_what_changed_and_to_nobody_else() -> None:
    record = a_record(gone_at=datetime.now(UTC))
    an_open_day(gone_at=datetime.now(UTC))
    client = as_role(Role.VIEWER)
    assert client.get(URL).json()["results"] == []
    assert client.get(f"{URL}/{record.uuid}").status_code == 404
    for url in (URL, "/api/v1/open-days"):
        assert [row["gone"] for row in told(client, EPOCH, url)[0]] == [True]


@pytest.mark.django_db
def test_changes_come_page_by_page_in_the_order_they_were_made_with_one_next_since() -> None:
    began, session = transaction_began(), a_session()
    rows = [a_record(a_person(), session, changed_at=began) for _ in range(7)]
    found, since = told(as_role(Role.ADMIN), EPOCH, page_size="3")
    assert [row["id"] for row in found] == [str(row.uuid) for row in rows]
    assert "next_since" not in as_role(Role.ADMIN).get(URL).json()
    assert told(as_role(Role.ADMIN), began.isoformat())[0] == found  # the time itself is included
    assert datetime.fromisoformat(since).tzinfo is not None


@pytest.mark.django_db
def test_changes_are_not_told_as_csv_which_has_no_place_for_the_next_since() -> None:
    answer = as_role(Role.ADMIN).get(URL, {"since": EPOCH, "format": "csv"})
    assert (answer.status_code, answer.json()["code"]) == (400, "since_in_csv")


@pytest.mark.django_db
def test_a_time_with_its_plus_sign_as_it_is_understood() -> None:
    a_record()
    assert len(as_role(Role.ADMIN).get(f"{URL}?since=2024-01-01T00:00:00+00:00").json()["results"]) == 1
