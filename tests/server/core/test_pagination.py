import base64
import json
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from server.core.pagination import CursorPages, ordered_by
from server.core.permissions import Role
from server.people.models import Membership, Person
from tests.factories import a_group, as_role

DAYS = ordered_by("-valid_from", "id", oldest=("valid_from", "id"))


def token(*values: object, backwards: object = False) -> str:
    return base64.urlsafe_b64encode(json.dumps([backwards, *values]).encode()).decode()


def page(kind: type[CursorPages], **query: str) -> tuple[CursorPages, list[Membership]]:
    pages = kind()
    return pages, pages.paginate_queryset(Membership.objects.all(), Request(APIRequestFactory().get("/", query)))


def every(client: APIClient, url: str | None, way: str = "next") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while url:
        answer = client.get(url).json()
        found = found + answer["results"] if way == "next" else answer["results"] + found
        url = answer[way]
    return found


@pytest.fixture
def memberships(db: None) -> list[Membership]:
    """1,205 memberships, of which 1,200 begin on one day."""
    group = a_group()
    people = Person.objects.bulk_create(Person(name=f"Person {number % 7}") for number in range(1205))
    days = [date(2024, 1, 1 + max(0, number - 1199)) for number in range(1205)]
    rows = (Membership(person=person, group=group, valid_from=day) for person, day in zip(people, days, strict=True))
    return Membership.objects.bulk_create(rows)


def test_a_day_shared_by_more_rows_than_a_page_holds_is_paged_through_wholly(memberships: list[Membership]) -> None:
    client = as_role(Role.ADMIN)
    found = every(client, "/api/v1/memberships?page_size=400")
    assert [row["id"] for row in found] == [str(row.uuid) for row in sorted(memberships, key=lambda row: (row.valid_from, row.pk))]
    names = [(row["name"], row["id"]) for row in every(client, "/api/v1/people?page_size=300")]
    assert len(set(names)) == 1205
    assert all(first[0] <= second[0] for first, second in pairwise(names))


def test_pages_lead_back_the_same_way(memberships: list[Membership]) -> None:
    client, url = as_role(Role.ADMIN), "/api/v1/memberships?page_size=500"
    forth = every(client, url)
    last = client.get(client.get(client.get(url).json()["next"]).json()["next"])
    assert last.json()["next"] is None
    assert every(client, last.wsgi_request.build_absolute_uri(), "previous") == forth


def test_a_row_that_goes_meanwhile_loses_no_other(memberships: list[Membership]) -> None:
    client = as_role(Role.ADMIN)
    first = client.get("/api/v1/memberships?page_size=400").json()
    Membership.objects.filter(uuid=first["results"][-1]["id"]).delete()
    assert len(every(client, first["next"])) == 805


@pytest.mark.django_db
def test_another_order_is_asked_for_by_its_name() -> None:
    pages, _ = page(DAYS, ordering="oldest")
    assert pages.get_next_link() is None
    with pytest.raises(ValidationError, match="Order by one of: oldest"):
        page(DAYS, ordering="name")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor",
    [
        "x", "é", "cD0x", token(backwards=1), token(backwards="a"), token("2024-01-01"), token("2024-01-01", 1),
        token("soon", "1"), token("2024-13-01", "1"), token("2024-01-01", "one"), token("\x00", "1"),
        base64.urlsafe_b64encode(b"{}").decode(), base64.urlsafe_b64encode(b"7").decode(), base64.urlsafe_b64encode(b"\xff").decode(),
        "A" * 5000, base64.urlsafe_b64encode(b"[]").decode(), base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)  # fmt: skip
def test_what_is_no_cursor_of_the_list_is_refused(cursor: str) -> None:
    with pytest.raises(NotFound):
        page(DAYS, cursor=cursor)


@pytest.mark.django_db
def test_a_number_larger_than_any_key_finds_nothing_behind_it() -> None:
    assert page(DAYS, cursor=token("2024-01-01", "9" * 40))[1] == []
