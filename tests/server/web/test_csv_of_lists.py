import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from server.core.csv_lists import CsvList
from server.core.permissions import Role
from server.nodes.models import AlarmKind, NodeAlarm
from server.people.models import Sample
from server.reports.models import Export, ExportKind, ExportRun
from server.sightings.models import Sighting
from tests.factories import NOON, FakeNode, a_group, a_member, a_person, as_role
from tests.factories_attendance import a_record, a_visit, an_area, an_open_day
from tests.server.sightings.second_looks import enrolled, face, passed

FOR_NODES = "/api/v1/node/"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/api/schema/?format=json").json()
    return found


def lists(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that answers with many."""
    for path, operations in schema["paths"].items():
        answers = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        told = answers.get("application/json", {}).get("schema", {})
        parts = schema["components"]["schemas"].get(told.get("$ref", "").split("/")[-1], {})
        if not path.startswith(FOR_NODES) and (told.get("type") == "array" or "results" in parts.get("properties", {})):
            yield path, operations["get"]


def test_every_list_is_described_as_csv_with_the_refusal_of_too_many_rows(schema: dict[str, Any]) -> None:
    found = dict(lists(schema))
    assert len(found) >= 30
    for path, operation in found.items():
        assert "text/csv" in operation["responses"]["200"]["content"], path
        assert "422" in operation["responses"], path
        assert "csv" in next(one for one in operation["parameters"] if one["name"] == "format")["schema"]["enum"], path


def views(patterns: list[URLPattern | URLResolver]) -> Iterator[type[CsvList]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        else:
            view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
            if view is not None and issubclass(view, CsvList):
                yield view


def test_every_list_names_its_file_and_every_column_once() -> None:
    for view in set(views(get_resolver().url_patterns)):
        headings = [heading for heading, _ in view.csv_columns]
        assert view.csv_name
        assert headings
        assert len(headings) == len(set(headings)), view


@pytest.fixture
def one_of_each(db: None) -> dict[str, str]:
    """A row in every list that is simple to fill; by the list's address, a text that its row must hold."""
    node = FakeNode.hung()
    door = node.node.mounts.get().door
    person, group = a_person("=Ann", number="7"), a_group("Weavers")
    a_member(group, person)
    enrolled(1, "Known")
    passed(node, face(1))
    node.send(node.sighting(person=person))
    NodeAlarm.objects.create(node=node.node, kind=AlarmKind.values[0], first_at=NOON, last_at=NOON)
    Sample.objects.create(person=person, sha256="0" * 64, object_key="a", crop_key="b", size_bytes=1, quality=0.5, face_px=99)
    area = an_area(door.site, door, name="Server room")
    a_record(person)
    an_open_day(person)
    a_visit(person, area)
    run = ExportRun.objects.create(asked_at=timezone.now())
    Export.objects.create(
        run=run, kind=ExportKind.VISITS, day=date(2024, 1, 1), version=1, object_key="k", sha256="x", size_bytes=1, rows=1, made_at=NOON
    )
    return {
        "people": "'=Ann",
        "groups": "Weavers",
        "memberships": "Weavers",
        "sites": door.site.name,
        "doors": door.name,
        "nodes": node.node.name,
        "mounts": node.node.name,
        "node-alarms": AlarmKind.values[0],
        "sightings": "'=Ann",
        f"people/{person.uuid}/samples": "0.5",
        "areas": "Server room",
        "attendance": "'=Ann",
        "open-days": "'=Ann",
        "visits": "Server room",
        "exports": "visits",
    }


def test_rows_are_told_in_every_list(one_of_each: dict[str, str]) -> None:
    client = as_role(Role.ADMIN)
    for url, text in one_of_each.items():
        answer = client.get(f"/api/v1/{url}", HTTP_ACCEPT="text/csv")
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8"), url
        heading, *rows = csv.reader(io.StringIO(answer.content.decode()))
        assert len(rows) == len(client.get(f"/api/v1/{url}").json()["results"]) >= 1, url
        assert text in {cell for row in rows for cell in row}, url
        assert all(len(row) == len(heading) for row in rows)


def test_what_staff_and_second_looks_say_of_a_sighting_is_told_too(one_of_each: dict[str, str]) -> None:
    client = as_role(Role.ADMIN)
    sighting = Sighting.objects.filter(counts_for__isnull=True).first()
    assert sighting is not None
    assert client.post(f"/api/v1/sightings/{sighting.uuid}/second-look").status_code == 201
    decided = client.post(f"/api/v1/sightings/{sighting.uuid}/decisions", {"decision": "ignore", "note": "+a visitor"}, format="json")
    assert decided.status_code == 201
    assert str(sighting.uuid) in client.get("/api/v1/second-looks?format=csv").content.decode()
    assert "'+a visitor" in client.get(f"/api/v1/sightings/{sighting.uuid}/decisions?format=csv").content.decode()
