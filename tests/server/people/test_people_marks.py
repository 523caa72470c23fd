from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from server.core.permissions import Role
from server.people.models import Membership
from server.people.services import changed_days
from server.recompute.models import Mark
from tests.factories import a_group, a_person, as_role

JAN, FEB, MAR, APR = (date(2026, month, 1) for month in range(1, 5))
DAYS = st.tuples(st.one_of(st.none(), st.dates(JAN, APR)), st.one_of(st.none(), st.dates(JAN, APR))).filter(
    lambda days: days[0] is None or days[1] is None or days[0] <= days[1]
)


def covers(days: tuple[date | None, date | None], day: date) -> bool:
    return (days[0] is None or days[0] <= day) and (days[1] is None or day <= days[1])


@given(before=DAYS, after=DAYS, day=st.dates(JAN, APR))
def test_every_day_that_differs_lies_in_the_days_that_changed(
    before: tuple[date | None, date | None], after: tuple[date | None, date | None], day: date
) -> None:
    if before != after and covers(before, day) != covers(after, day):
        assert covers(changed_days(before, after), day)


def test_a_membership_that_ends_changes_only_what_comes_after() -> None:
    assert changed_days((JAN, None), (JAN, FEB)) == (date(2026, 2, 2), None)
    assert changed_days((JAN, MAR), (JAN, FEB)) == (date(2026, 2, 2), MAR)
    assert changed_days((JAN, MAR), (FEB, MAR)) == (JAN, date(2026, 1, 31))
    assert changed_days((None, FEB), (MAR, APR)) == (None, APR)


def marked() -> list[tuple[str, str]]:
    found = list(Mark.objects.filter(kind="person").order_by("id").values_list("key", "why"))
    Mark.objects.all().delete()
    return found


@pytest.fixture
def admin(db: None) -> APIClient:
    return as_role(Role.ADMIN)


def test_whoever_joins_or_leaves_a_group_is_derived_again_on_those_days(admin: APIClient) -> None:
    person, group = a_person(), a_group()
    body = {"person": str(person.uuid), "group": str(group.uuid), "valid_from": "2026-01-01"}
    url = f"/api/v1/memberships/{admin.post('/api/v1/memberships', body).json()['id']}"
    assert marked() == [(f"{person.pk}:2026-01-01:", "membership")]
    admin.patch(url, {"valid_until": "2026-02-01"})
    assert marked() == [(f"{person.pk}:2026-02-02:", "membership")]
    admin.patch(url, {"valid_until": "2026-02-01"})
    assert marked() == []
    assert admin.post("/api/v1/memberships", body).status_code == 409
    assert marked() == []
    admin.delete(url)
    assert marked() == [(f"{person.pk}:2026-01-01:2026-02-01", "membership")]
    assert not Membership.objects.exists()


def test_a_person_who_is_active_at_other_times_is_derived_again_and_one_with_another_name_is_not(admin: APIClient) -> None:
    url = f"/api/v1/people/{admin.post('/api/v1/people', {'name': 'Ada', 'active_from': '2026-01-01'}).json()['id']}"
    assert marked() == []
    admin.patch(url, {"active_until": "2026-03-01"})
    assert [key.partition(":")[2] for key, _ in marked()] == ["2026-03-02:"]
    admin.patch(url, {"name": "Ada Lovelace", "position": "Countess"})
    assert marked() == []


def test_the_admin_pages_mark_too(admin: APIClient) -> None:
    person, group = a_person("Ada"), a_group()
    admin.handler._force_user.is_superuser = admin.handler._force_user.is_staff = True  # type: ignore[attr-defined]
    admin.handler._force_user.save()  # type: ignore[attr-defined]
    admin.force_login(admin.handler._force_user)  # type: ignore[attr-defined]
    form = {
        "name": "Ada", "active_until": "2026-03-01", "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
        "memberships-0-group": str(group.pk), "memberships-0-valid_from": "2026-01-01",
    }  # fmt: skip
    assert admin.post(f"/admin/people/person/{person.pk}/change/", form, format="multipart").status_code == 302
    assert marked() == [(f"{person.pk}:2026-03-02:", "membership"), (f"{person.pk}:2026-01-01:", "membership")]
