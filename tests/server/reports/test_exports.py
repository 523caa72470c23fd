import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from server.attendance.models import AttendanceRecord
from server.attendance.rules.facts import State
from server.audit.models import AuditEntry
from server.config.configuration import Exports
from server.core.errors import Unavailable
from server.core.objects import FolderObjects
from server.core.permissions import Role
from server.core.since import transaction_began
from server.reports import tasks
from server.reports.exports import export_read, run_ask, run_do
from server.reports.models import Export, ExportKind, ExportRun
from tests.factories import NOON, a_session, as_role
from tests.factories_attendance import a_record, a_visit, an_open_day

NIGHT = NOON + timedelta(days=2)
URL = "/api/v1/exports"


class Down(FolderObjects):
    """A store that fails from the n-th object on."""

    def __init__(self, root: Path, *, after: int) -> None:
        super().__init__(root)
        self._left = after

    def put(self, key: str, data: bytes) -> None:
        if self._left == 0:
            raise Unavailable("objects_unavailable", "The object storage does not answer.")
        self._left -= 1
        super().put(key, data)


@pytest.fixture
def store(tmp_path: Path, db: None) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


def exported(store: FolderObjects, *, now: datetime = NIGHT, days: tuple[date, date] | None = None) -> list[Export]:
    run = run_ask(by=None, now=now, days=days)
    assert run_do(run, objects=store, now=now)
    return list(Export.objects.filter(run=run).order_by("kind"))


def files(store: FolderObjects) -> dict[str, bytes]:
    root = store._root
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def change(record: AttendanceRecord, **values: object) -> None:
    AttendanceRecord.objects.filter(pk=record.pk).update(changed_at=transaction_began(), **values)


def test_a_day_is_written_with_a_manifest_that_proves_it(store: FolderObjects) -> None:
    record = a_record(note="=1+1")
    an_open_day()
    a_visit()
    made = exported(store)
    assert [(row.kind, str(row.day), row.version, row.rows) for row in made] == [
        (kind, "2024-11-20", 1, 1) for kind in ("attendance", "open-days", "visits")
    ]
    content = export_read(made[0], objects=store)
    (row,) = csv.DictReader(io.StringIO(content.decode()))
    assert (row["id"], row["state"], row["note"]) == (str(record.uuid), "present", "'=1+1")
    manifest = json.loads(files(store)[made[0].object_key.replace(".csv", ".json")])
    assert manifest["sha256"] == sha256(content).hexdigest() == made[0].sha256
    assert (manifest["rows"], manifest["size_bytes"], manifest["file"]) == (1, len(content), made[0].object_key)


def test_a_day_that_changed_gets_another_version_and_the_older_one_stays_as_it_was(store: FolderObjects) -> None:
    record = a_record(changed_at=transaction_began())
    (first,) = exported(store)
    before = files(store)
    assert exported(store, now=NIGHT + timedelta(days=1)) == []
    change(record, note="late evidence")
    (second,) = exported(store, now=NIGHT + timedelta(days=2))
    assert (first.version, second.version) == (1, 2)
    assert before.items() <= files(store).items()
    assert b"late evidence" in export_read(second, objects=store)
    change(record, gone_at=timezone.now())
    (third,) = exported(store, now=NIGHT + timedelta(days=3))
    assert (third.version, third.rows) == (3, 0)


def test_a_day_that_has_not_ended_everywhere_waits_until_it_has(store: FolderObjects) -> None:
    a_record()
    assert exported(store, now=NOON + timedelta(hours=4)) == []
    assert [str(row.day) for row in exported(store, now=NIGHT)] == ["2024-11-20"]


def test_days_that_are_asked_for_are_written_alone(store: FolderObjects) -> None:
    session = a_session(begins_at=NOON - timedelta(days=1))
    a_record(session=session)
    a_record()
    assert [row.day for row in exported(store, days=(session.local_date, session.local_date))] == [session.local_date]
    assert [str(row.day) for row in exported(store)] == ["2024-11-20"]  # the other one is in a file already


def test_a_store_that_fails_leaves_whole_files_with_rows_and_the_run_goes_on_later(
    store: FolderObjects, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        a_record(session=a_session(begins_at=NOON - timedelta(days=number)))
    run = run_ask(by=None, now=NIGHT)
    with pytest.raises(Unavailable):
        run_do(run, objects=Down(tmp_path / "objects", after=3), now=NIGHT)
    run.refresh_from_db()
    assert (run.finished_at, run.failure) == (None, "The object storage does not answer.")
    assert "export_failed" in caplog.text
    assert Export.objects.count() == 1  # the second day's manifest failed: its file has no row
    assert run_ask(by=None, now=NIGHT) == run
    assert run_do(run, objects=store, now=NIGHT)
    assert not run_do(run, objects=store, now=NIGHT)
    assert Export.objects.count() == 3
    for row in Export.objects.all():
        assert sha256(files(store)[row.object_key]).hexdigest() == row.sha256


def test_what_changes_while_a_run_is_broken_off_is_in_the_next_one(store: FolderObjects, tmp_path: Path) -> None:
    early = a_record(session=a_session(begins_at=NOON - timedelta(days=1)))
    a_record()
    run = run_ask(by=None, now=NIGHT)
    with pytest.raises(Unavailable):
        run_do(run, objects=Down(tmp_path / "objects", after=2), now=NIGHT)
    change(early, note="meanwhile")
    assert run_do(ExportRun.objects.get(), objects=store, now=NIGHT)
    (again,) = exported(store, now=NIGHT + timedelta(days=1))
    assert (again.day, again.version) == (early.local_date, 2)


def test_somebody_who_exports_already_is_left_alone(store: FolderObjects) -> None:
    a_record()
    run = run_ask(by=None, now=NIGHT)
    ExportRun.objects.update(leased_until=NIGHT + timedelta(minutes=1))
    assert not run_do(run, objects=store, now=NIGHT)
    assert run_do(run, objects=store, now=NIGHT + timedelta(minutes=2))


def test_a_file_that_somebody_changed_is_not_given_out_as_the_export(store: FolderObjects) -> None:
    a_record()
    (row,) = exported(store)
    store.put(row.object_key, b"forged")
    with pytest.raises(Exception, match="not the one that was exported"):
        export_read(row, objects=store)
    store.delete(row.object_key)
    with pytest.raises(Exception, match="not in the object storage any more"):
        export_read(row, objects=store)


@pytest.mark.parametrize(
    ("configured", "now", "due"),
    [
        (Exports(), "2026-01-02T01:59:00+00:00", False),
        (Exports(), "2026-01-02T02:00:00+00:00", True),
        (Exports(), "2026-01-02T03:10:00+02:00", False),
        (Exports(nightly=False), "2026-01-02T02:00:00+00:00", False),
        (Exports(hour_utc=23), "2026-01-02T23:30:00+00:00", True),
    ],
)
def test_it_runs_once_a_night_from_the_configured_hour_on(
    store: FolderObjects, settings: Settings, configured: Exports, now: str, *, due: bool
) -> None:
    settings.LINTEL_CONFIG = django_settings.LINTEL_CONFIG.model_copy(update={"exports": configured})
    moment = datetime.fromisoformat(now).astimezone(UTC)
    assert tasks.is_due(moment) is due
    run_ask(by=None, now=moment)
    assert not (due and tasks.is_due(moment + timedelta(minutes=10)))


@pytest.fixture
def own_objects(settings: Settings, tmp_path: Path, db: None) -> FolderObjects:
    settings.LINTEL_OBJECTS = {"kind": "folder", "path": str(tmp_path / "own")}
    return FolderObjects(tmp_path / "own")


def test_an_administrator_has_it_done_at_once_and_others_read_it(own_objects: FolderObjects) -> None:
    a_record()
    client = as_role(Role.ADMIN)
    asked = client.post(URL, {}, format="json")
    assert (asked.status_code, asked.json()["finished_at"]) == (202, None)
    assert client.post(URL, {}, format="json").json()["id"] == asked.json()["id"]
    assert [run["finished_at"] for run in client.get(f"{URL}/runs").json()["results"]] == [None]
    assert AuditEntry.objects.get().action == "export.asked"
    tasks.export()
    auditor = as_role(Role.AUDITOR)
    assert [(run["files"], run["failure"]) for run in auditor.get(f"{URL}/runs").json()["results"]] == [(1, "")]
    (told,) = auditor.get(URL).json()["results"]
    assert (told["kind"], told["day"], told["rows"]) == ("attendance", "2024-11-20", 1)
    answer = auditor.get(f"{URL}/{told['id']}/file")
    assert (answer["Content-Type"], sha256(answer.content).hexdigest()) == ("text/csv; charset=utf-8", told["sha256"])
    assert answer["Content-Disposition"] == 'attachment; filename="lintel-attendance-2024-11-20-v1.csv"'
    assert auditor.get(f"{URL}?format=csv").content.count(b"\r\n") == 2
    assert auditor.get(f"{URL}?kind=visits").json()["results"] == []
    assert auditor.get(f"{URL}?from=2024-11-21").json()["results"] == []


def test_whoever_may_not_export_is_refused_and_so_is_garbage(own_objects: FolderObjects) -> None:
    a_record()
    (row,) = exported(own_objects)
    one = f"{URL}/{row.uuid}/file"
    for role in (Role.MANAGER, Role.VIEWER, Role.SELF):
        assert [as_role(role).get(url).status_code for url in (URL, one)] == [403, 403]
    for role in (Role.OPERATOR, Role.AUDITOR, Role.MANAGER):
        assert as_role(role).post(URL, {}, format="json").status_code == 403
    assert as_role(None).get(one).status_code == 401
    admin = as_role(Role.ADMIN)
    assert admin.get(f"{URL}/{uuid4()}/file").status_code == 404
    garbage: list[object] = [{"first_day": "2024-01-01"}, {"first_day": "2024-01-02", "last_day": "2024-01-01"}, {"last_day": "y"}, []]
    for body in garbage:
        assert admin.post(URL, body, format="json").status_code == 400, body
    assert admin.get(f"{URL}?day=x").status_code == 400


def test_the_command_writes_and_tells_and_refuses_half_a_question(own_objects: FolderObjects, capsys: pytest.CaptureFixture[str]) -> None:
    a_record(state=State.ABSENT)
    call_command("export_attendance", "--from", "2024-11-20", "--to", "2024-11-20", "--json")
    (told,) = json.loads(capsys.readouterr().out)["files"]
    assert (told["day"], told["rows"], told["object_key"]) == ("2024-11-20", 1, Export.objects.get().object_key)
    call_command("export_attendance")
    assert "nothing has changed since the last export" in capsys.readouterr().out
    wrong = {"both": ["--from", "2024-11-20"], "exchange": ["--from", "2024-11-20", "--to", "2024-11-19"], "2026-01-31": ["--to", "x"]}
    for words, arguments in wrong.items():
        with pytest.raises(CommandError, match=words):
            call_command("export_attendance", *arguments)
    assert {row.kind for row in Export.objects.all()} == {ExportKind.ATTENDANCE}
