"""Sealing days, lifting seals, and what contradicts them."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from server.accounts.models import User
from server.attendance.corrections import correction_request
from server.attendance.corrections_values import Changes
from server.attendance.rules.facts import State
from server.attendance.seal_models import Discrepancy, Seal
from server.attendance.seals import seal_lift, seal_make
from server.audit.models import AuditEntry
from server.core.errors import Conflict, LintelError
from server.core.permissions import Role
from tests.factories import NOON, an_account, as_role
from tests.server.attendance.said import LATER, Class, client_of, marked

pytestmark = pytest.mark.django_db
URL, DAY = "/api/v1/seals", NOON.date()


def body(school: Class, **values: object) -> dict[str, Any]:
    return {"site": str(school.site.uuid), "first_day": "2024-11-18", "last_day": "2024-11-24", **values}


def made(school: Class, by: User, *, unsettled_too: bool = False) -> Seal:
    return seal_make(site=school.site, first_day=DAY, last_day=DAY, note="paid", by=by, now=LATER, unsettled_too=unsettled_too)


def test_a_week_is_sealed_once_and_lifted_with_a_reason_which_derives_it_again() -> None:
    school = Class()
    admin = as_role(Role.ADMIN)
    told = admin.post(URL, body(school, note="paid"), format="json")
    assert (told.status_code, told.json()["first_day"], told.json()["lifted_at"]) == (201, "2024-11-18", None)
    again = admin.post(URL, body(school, first_day="2024-11-24", last_day="2024-11-25"), format="json")
    assert (again.status_code, again.json()["code"]) == (409, "sealed_already")
    lift = f"{URL}/{told.json()['id']}/lift"
    assert admin.post(lift, {"reason": " "}, format="json").status_code == 400
    assert admin.post(lift, {"reason": "a late node"}, format="json").json()["lifted_because"] == "a late node"
    assert marked() == {("site_days", f"{school.site.pk}:2024-11-18:2024-11-24", "unsealed")}
    assert admin.post(lift, {"reason": "again"}, format="json").status_code == 409
    assert admin.post(URL, body(school), format="json").status_code == 201
    actions = list(AuditEntry.objects.order_by("id").values_list("action", "reason"))
    assert actions == [("seal.made", "paid"), ("seal.lifted", "a late node"), ("seal.made", "")]
    for query, found in (("lifted=true", 1), ("day=2024-11-20", 2), ("day=2024-11-25", 0), (f"site={uuid4()}", 0)):
        assert len(admin.get(f"{URL}?{query}").json()["results"]) == found, query
    assert len(admin.get(f"{URL}?format=csv").content.splitlines()) == 3


def test_what_is_not_settled_is_not_sealed_unless_that_is_meant() -> None:
    school = Class()
    school.record(school.kim, state="pending", decided=False)
    school.record(school.zoe, state="pending", decided=False, gone_at=LATER)
    correction_request(
        person=school.lee, session=school.session, changes=Changes(state=State.EXCUSED), reason="x", by=school.teacher, now=LATER
    )
    with pytest.raises(Conflict, match="1 undecided record and 1 open request;"):
        made(school, an_account())
    made(school, an_account(), unsettled_too=True)
    assert AuditEntry.objects.get(action="seal.made").after == {
        "site": school.site.name,
        "first_day": str(DAY),
        "last_day": str(DAY),
        "undecided": 1,
        "open_requests": 1,
    }


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"last_day": "2024-11-01"}, 422), ({"first_day": "0001-01-01"}, 422), ({"first_day": "2023-11-24"}, 422),
        ({"last_day": "2999-01-01"}, 422), ({"first_day": "x"}, 400), ({"site": str(uuid4())}, 404),
        ({"site": None}, 400), ({"unsettled_too": "x"}, 400),
    ],
)  # fmt: skip
def test_garbage_is_refused_in_words(values: dict[str, object], status: int) -> None:
    answer = as_role(Role.ADMIN).post(URL, body(Class(), **values), format="json")
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)
    assert not Seal.objects.exists()


@pytest.mark.parametrize(
    ("role", "see", "make", "lift"),
    [
        (Role.ADMIN, 200, 201, 200), (Role.OPERATOR, 200, 201, 403), (Role.MANAGER, 200, 403, 403), (Role.VIEWER, 200, 403, 403),
        (Role.AUDITOR, 200, 403, 403), (Role.SELF, 200, 403, 403), (None, 401, 401, 401),
    ],
)  # fmt: skip
def test_who_sees_makes_and_lifts_seals(role: Role | None, see: int, make: int, lift: int) -> None:
    school = Class()
    seal = made(school, an_account())
    client = as_role(None) if role is None else school.client(role)
    one = f"{URL}/{seal.uuid}"
    assert (client.get(URL).status_code, client.get(one).status_code) == (see, see)
    assert client.post(f"{one}/lift", {"reason": "x"}, format="json").status_code == lift
    later = body(school, first_day="2024-12-02", last_day="2024-12-03")
    assert client.post(URL, later, format="json").status_code == make
    if role is Role.ADMIN:
        assert client.post(f"{URL}/{uuid4()}/lift", {"reason": "x"}, format="json").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_who_seal_the_same_days_at_once_make_one_seal() -> None:
    school, together, outcomes = Class(), Barrier(2), []
    accounts = [an_account(), an_account()]

    def seal(by: User) -> None:
        together.wait()
        try:
            outcomes.append(str(made(school, by).first_day))
        except LintelError as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [Thread(target=seal, args=(by,)) for by in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [str(DAY), "sealed_already"]
    (row,) = Seal.objects.all()
    seal_lift(seal=row, reason="x", by=accounts[0], now=LATER)


def discrepancy(school: Class, **values: object) -> Discrepancy:
    defaults = {
        "subject": "session", "key": f"{school.session.pk}:{school.kim.pk}", "person": school.kim, "site": school.site,
        "local_date": DAY, "published": {"state": "absent"}, "derived": {"state": "present"}, "found_at": LATER,
    }  # fmt: skip
    return Discrepancy.objects.create(**{**defaults, **values})


def test_a_discrepancy_is_acknowledged_once_with_a_note() -> None:
    school = Class()
    row = discrepancy(school)
    one, operator = f"/api/v1/discrepancies/{row.uuid}", as_role(Role.OPERATOR)
    told = operator.post(f"{one}/acknowledge", {"note": "paid already"}, format="json").json()
    assert (told["state"], told["note"], told["derived"]) == ("acknowledged", "paid already", {"state": "present"})
    assert operator.post(f"{one}/acknowledge", {}, format="json").json()["code"] == "acknowledged_already"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.person, entry.before, entry.after) == (
        "discrepancy.acknowledged", school.kim.uuid, {"state": "absent"}, {"state": "present"},
    )  # fmt: skip
    gone = discrepancy(school, key="gone", state="gone")
    assert operator.post(f"/api/v1/discrepancies/{gone.uuid}/acknowledge", {}, format="json").json()["code"] == "gone"


@pytest.mark.parametrize(
    ("role", "seen", "acknowledge"),
    [
        (Role.ADMIN, 2, 200), (Role.OPERATOR, 2, 200), (Role.MANAGER, 1, 403), (Role.VIEWER, None, 403), (Role.AUDITOR, 2, 403),
        (Role.SELF, None, 403),
    ],
)  # fmt: skip
def test_who_sees_and_acknowledges_discrepancies(role: Role, seen: int | None, acknowledge: int) -> None:
    school = Class()
    row = discrepancy(school)
    discrepancy(school, key="theirs", person=school.zoe)
    client = school.client(role)
    listed = client.get("/api/v1/discrepancies?state=open&since=2024-11-20&until=2024-11-20")
    assert (len(listed.json()["results"]) if seen is not None else listed.status_code) == (403 if seen is None else seen)
    if seen is not None:
        assert client.get(f"/api/v1/discrepancies/{row.uuid}").status_code == 200
        assert len(client.get("/api/v1/discrepancies?format=csv").content.splitlines()) == seen + 1
    answer = client.post(f"/api/v1/discrepancies/{row.uuid}/acknowledge", {"note": ""}, format="json")
    assert answer.status_code == acknowledge
    assert client.post(f"/api/v1/discrepancies/{uuid4()}/acknowledge", {}, format="json").status_code in {404, 403}
    assert client_of(an_account(Role.ADMIN)).get("/api/v1/discrepancies?state=x").status_code == 400


def test_days_that_are_not_over_where_the_site_is_are_not_sealed() -> None:
    school = Class()
    with pytest.raises(LintelError, match="Only days that are over"):
        seal_make(site=school.site, first_day=DAY, last_day=DAY, note="", by=an_account(), now=NOON + timedelta(hours=15))
    seal_make(site=school.site, first_day=DAY, last_day=DAY, note="", by=an_account(), now=NOON + timedelta(hours=16))
