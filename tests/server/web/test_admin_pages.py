from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group as AuthGroup
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task
from django_q.signing import SignedPackage

from server.accounts.models import User
from server.accounts.services import admin_create, token_create
from server.gallery.models import SampleRefusal
from server.gallery.services import Upload, sample_add
from server.nodes.claims import claim_create
from server.nodes.models import ClaimConflict, NodeKey
from server.nodes.services import settings_change
from server.people.models import Group, Membership, Person
from server.recompute.models import Mark
from server.recompute.services import work_off
from server.schedules.models import Area, Holiday, Leave, OpenDayRule
from server.sightings.decision_models import UnknownGroup
from server.sightings.second_look import Verdict
from server.sightings.second_look_decisions import verdict_give
from server.sightings.second_look_runs import run_advance
from server.sightings.second_look_services import second_look_make
from server.sightings.unknown_groups import group_ignore, groups_update
from tests.factories import JPEG, FakeNode, a_schedule, a_session, an_account, bearer, heartbeat
from tests.factories_people import collins, jpeg, make_person
from tests.server.sightings.second_looks import enrolled, face, passed
from tests.server.sightings.unknown import strangers

pytestmark = pytest.mark.django_db
MODELS = list(admin.site._registry)


@pytest.fixture
def administrator(client: Client) -> Client:
    """Signed in on the admin's own page."""
    made = admin_create(username="ada")
    answer = client.post("/admin/login/", {"username": made.username, "password": made.password, "next": "/admin/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    return client


@pytest.fixture
def rows() -> None:
    """At least one row of everything the admin shows."""
    now, by = timezone.now(), User.objects.get(username="ada")
    person, group = make_person(), Group.objects.create(name="Navy")
    Membership.objects.create(person=person, group=group, valid_from=now.date())
    sample = sample_add(person=person, upload=Upload(jpeg(collins()), by)).sample
    SampleRefusal.objects.create(sample=sample, model_id="another", code="no_face", reason="no face was found", at=now)
    _node_rows(by)
    _second_look_rows(by)
    _decision_rows(by)
    _schedule_rows(person)
    token_create(user=by, name="reports", now=now)
    AuthGroup.objects.create(name="staff")
    Mark.objects.create(kind="person_day", key="1:2024-11-20:1")
    Schedule.objects.create(func="server.gallery.tasks.sweep", name="sweep")
    OrmQ.objects.create(
        key="lintel", payload=SignedPackage.dumps({"id": "1", "name": "x", "func": "f", "args": (), "kwargs": {}}), lock=now
    )
    for success in (True, False):
        Task.objects.create(id=uuid4().hex, name=f"{success}", func="f", started=now, stopped=now, success=success)


def _node_rows(by: User) -> None:
    node = FakeNode.hung()
    node.send(node.sighting(person=make_person("Ada"), crop=JPEG, seq=1), node.observation(seq=2), node.gap(seq=3))
    node.send(node.sighting(crop=JPEG, seq=1))
    work_off()
    settings_change(node.node, {"keep_crops": False}, by=by)
    _identity_rows(node)
    mount = node.node.mounts.get()
    claim = claim_create(door=mount.door, name="next", by=by, now=timezone.now()).claim
    ClaimConflict.objects.create(claim=claim, public_key=b"k" * 32, at=timezone.now() - timedelta(minutes=1))


def _identity_rows(node: FakeNode) -> None:
    """Its tokens, boots, epochs, keys and alarms."""
    node.client.post("/api/v1/node/epoch", {"boot_id": str(node.boot_id), "epoch": 1, "last_seq": 3}, format="json")
    node.client.post("/api/v1/node/heartbeat", heartbeat(node), format="json")
    token = node.client.post("/api/v1/node/token").json()["token"]
    bearer(token).get("/api/v1/node/settings")
    NodeKey.objects.create(node=node.node, public_key=b"k" * 32, valid_from=timezone.now())


def _second_look_rows(by: User) -> None:
    sighting = passed(FakeNode.hung(), face(1))
    enrolled(1)
    look, _ = second_look_make(sighting=sighting, now=timezone.now())
    verdict_give(look=look, verdict=Verdict.ACCEPTED, by=by, now=timezone.now())
    run_advance(window=timedelta(days=1), now=timezone.now(), batches=1)


def _decision_rows(by: User) -> None:
    """A stranger who is ignored."""
    strangers(FakeNode.hung(), 2)
    groups_update(now=timezone.now())
    group_ignore(group=UnknownGroup.objects.get(), by=by, now=timezone.now())


def _schedule_rows(person: Person) -> None:
    """Schedules and what belongs to them."""
    schedule = a_schedule()
    a_session(schedule=schedule)
    days = {"first_day": schedule.valid_from, "last_day": schedule.valid_from}
    Holiday.objects.create(name="New Year", **days)
    Leave.objects.create(person=person, reason="sick", **days)
    Area.objects.create(site=schedule.site, name="Server room")
    OpenDayRule.objects.create(site=schedule.site)


def page_of(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_the_admins_front_page_opens(administrator: Client) -> None:
    assert "Lintel administration" in administrator.get("/admin/").content.decode()
    assert 'href="/admin/"' in administrator.get("/").content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_and_every_row_opens(administrator: Client, rows: None, model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None, "make a row of it above"
    assert administrator.get(page_of(model, "changelist")).status_code == 200
    assert administrator.get(page_of(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_making_one_is_a_page_or_not_allowed(administrator: Client, model: type[Model]) -> None:
    assert administrator.get(page_of(model, "add")).status_code in {200, 403}


def test_the_admin_shows_no_secret(administrator: Client, rows: None) -> None:
    for model in MODELS:
        row = model._default_manager.first()
        assert row is not None
        page = administrator.get(page_of(model, "change", row.pk)).content.decode()
        for name in ("token_sha256", "next_token_sha256", "ciphertext", "public_key", "signature", "payload"):
            secret = getattr(row, name, None)
            assert not secret or str(secret) not in page, f"{model.__name__}.{name}"


def test_signing_in_to_the_admin_needs_a_staff_account(client: Client) -> None:
    account = an_account()
    account.set_password("a long walk to the door")
    account.save()
    answer = client.post("/admin/login/", {"username": account.username, "password": "a long walk to the door"})
    assert answer.status_code == 200
    assert client.get("/admin/").status_code == 302
