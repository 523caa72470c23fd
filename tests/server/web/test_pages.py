from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from server.core.permissions import Role
from server.people.models import Group, Membership, Person
from server.recompute.services import work_off
from tests.factories import FakeNode, a_door, a_site, heartbeat
from tests.factories_people import NOBODY, PASSWORD, collins, jpeg, make_account, make_person
from tests.server.web.signed_in import file, signed_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def passed_by(person: Person | None, *, at: datetime = NOW) -> FakeNode:
    door = a_door(a_site(name="Main building", time_zone="Asia/Tokyo"), name="Front door")
    node = FakeNode.hung(door)
    node.send(node.sighting(at=at, person=person))
    work_off()
    return node


@pytest.mark.parametrize("url", ["/", "/today/now", "/people/", "/enrol/", f"/enrol/{NOBODY}/", "/nodes/"])
def test_without_signing_in_no_page_opens(url: str) -> None:
    for answer in (Client().get(url), Client().post(url)):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    ("role", "people", "enrol", "nodes", "claim"),
    [(Role.ADMIN, 200, 200, 200, 400), (Role.OPERATOR, 200, 200, 200, 400), (Role.MANAGER, 200, 403, 403, 403),
     (Role.SELF, 200, 403, 403, 403), (Role.AUDITOR, 200, 403, 200, 403)],
)  # fmt: skip
def test_each_role_opens_its_pages_and_is_offered_no_others(role: Role, people: int, enrol: int, nodes: int, claim: int) -> None:
    client = signed_in(role)
    assert client.get("/").status_code == 200
    assert client.get("/people/").status_code == people
    assert client.get("/enrol/").status_code == enrol
    assert client.get("/nodes/").status_code == nodes
    assert client.post("/nodes/").status_code == claim
    assert client.post("/enrol/").status_code == (400 if enrol == 200 else 403)
    menu = client.get("/").content.decode()
    assert ('href="/enrol/"' in menu) == (enrol == 200)
    assert ('href="/nodes/"' in menu) == (nodes == 200)


def test_signing_in_leads_to_the_page_that_was_asked_for_and_out_again() -> None:
    make_account("admin", "ada")
    client = Client()
    answer = client.post("/sign-in/", {"username": "ada", "password": PASSWORD, "next": "/people/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/people/")
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/").status_code == 302


def test_signing_in_does_not_lead_to_other_sites() -> None:
    make_account("admin", "ada")
    answer = Client().post("/sign-in/", {"username": "ada", "password": PASSWORD, "next": "https://example.org/"})
    assert answer.headers["Location"] == "/"


def test_the_page_counts_wrong_passwords_as_the_api_does() -> None:
    make_account("admin", "ada")
    client = Client()
    answers = [client.post("/sign-in/", {"username": "ada", "password": "wrong"}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401] * 4 + [429]
    assert b"try again in 30 seconds" in answers[-1].content
    assert client.post("/sign-in/", {"username": "ada", "password": PASSWORD}).status_code == 429
    assert client.post("/sign-in/", {}).status_code == 400


def test_a_session_that_ended_reloads_the_page_instead_of_filling_it_with_the_form() -> None:
    answer = Client().get("/today/now", headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


def test_today_tells_times_in_the_zone_of_the_site() -> None:
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        node = passed_by(make_person("Grace Hopper"))
        node.client.post("/api/v1/node/heartbeat", heartbeat(node))
        page = signed_in().get("/").content.decode()
    assert "Grace Hopper" in page
    assert ">21:00<" in page
    assert "as of 21:05:00" in page
    assert "Asia/Tokyo" in page
    assert "12:00" not in page


@pytest.mark.parametrize(("hour_utc", "title"), [(17, "Tuesday 9 June, until 04:00"), (19, "Wednesday 10 June<")])
def test_after_midnight_today_is_still_the_day_before_until_the_day_cut(hour_utc: int, title: str) -> None:
    a_site(time_zone="Asia/Tokyo")
    with time_machine.travel(datetime(2026, 6, 9, hour_utc, 0, tzinfo=UTC), tick=False):
        assert title in signed_in().get("/").content.decode()


def test_a_manager_sees_only_the_own_groups_on_today() -> None:
    inside, outside = make_person("Inside"), make_person("Outside")
    manager = make_account("manager")
    group = Group.objects.create(name="Navy")
    group.managers.add(manager)
    Membership.objects.create(person=inside, group=group, valid_from=NOW.date() - timedelta(days=9))
    client = Client()
    client.force_login(manager)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        node = passed_by(inside)
        node.send(node.sighting(at=NOW, person=outside), node.sighting(at=NOW))
        client.force_login(manager)
        page = client.get("/").content.decode()
    assert "Inside" in page
    assert "Outside" not in page
    assert "Unknown" not in page


def test_whoever_went_out_is_listed_apart_from_those_who_are_in() -> None:
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        node = passed_by(make_person("Grace Hopper"))
        door = node.node.mounts.get().door
        leaving = FakeNode.hung(a_door(door.site, name="Back door", direction="out"))
        gone = make_person("Eileen Collins")
        node.send(node.sighting(at=NOW, person=gone))
        leaving.send(leaving.sighting(at=NOW + timedelta(minutes=2), person=gone))
        work_off()
        page = signed_in().get("/").content.decode()
    inside, outside = page.split('id="in"')[1].split("Gone again")
    assert "Grace Hopper" in inside
    assert "Eileen Collins" not in inside
    assert "Eileen Collins" in outside.split("</section>")[0]
    assert "Back door" in outside


def test_strangers_stand_apart_and_only_before_those_who_see_everybody() -> None:
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        passed_by(None)
        page = signed_in().get("/").content.decode()
        assert ">Unknown<" in page.split("Not recognised")[1]
        assert ">Unknown<" not in page.split("<main")[1].split("Not recognised")[0]
        page = signed_in("manager").get("/").content.decode()
    assert "Not recognised" not in page
    assert "Everybody who came by was recognised" not in page


def test_a_door_whose_camera_gives_nothing_is_marked() -> None:
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        node = passed_by(None)
        node.client.post("/api/v1/node/heartbeat", heartbeat(node, camera="camera_gives_no_frames", last_frame_age_ms=120_000))
        page = signed_in().get("/").content.decode()
    assert 'class="silent"' in page
    assert "as of 21:03:00" in page
    assert "gives no frames" in page


def test_pages_with_people_are_not_kept_by_browsers_and_run_no_inline_script() -> None:
    answer = signed_in().get("/")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert b"<script>" not in answer.content
    assert b" style=" not in answer.content


def test_a_name_is_text_whatever_it_contains() -> None:
    make_person("<script>alert(1)</script>")
    page = signed_in().get("/people/").content
    assert b"&lt;script&gt;alert(1)" in page


def test_people_are_searched_by_name_and_number() -> None:
    make_person("Grace Hopper", number="17")
    make_person("Eileen Collins")
    client = signed_in()
    assert b"Collins" not in client.get("/people/?search=17").content
    assert "Nobody has “zz”" in client.get("/people/?search=zz&page=nonsense").content.decode()


def test_sightings_do_not_multiply_the_samples_of_a_person() -> None:
    person = make_person("Eileen Collins")
    client = signed_in()
    client.post(f"/enrol/{person.uuid}/", {"consent": "on", "images": [file(jpeg(collins()))]})
    node = passed_by(person)
    node.send(node.sighting(at=NOW + timedelta(minutes=9), person=person))
    page = client.get("/people/").content.decode()
    assert '>1<span class="unseen"> samples of Eileen Collins<' in page
    assert "10 Jun 2026 21:09" in page


def test_claiming_a_node_shows_the_command_once() -> None:
    door = a_door()
    client = signed_in()
    answer = client.post("/nodes/", {"name": "front", "door": str(door.uuid)})
    page = answer.content.decode()
    assert "lintel-edge claim --server http://testserver --token " in page
    assert "--token" not in client.get("/nodes/").content.decode()
    assert client.post("/nodes/", {"name": "front", "door": str(uuid4())}).status_code == 400


@pytest.mark.parametrize(("role", "status"), [(Role.OPERATOR, 302), (Role.AUDITOR, 403), (Role.MANAGER, 403)])
def test_only_those_who_run_lintel_revoke_a_node(role: Role, status: int) -> None:
    node = FakeNode.hung().node
    client = signed_in(role)
    assert client.post(f"/nodes/{node.uuid}/revoke/").status_code == status
    node.refresh_from_db()
    assert (node.state == "revoked") == (status == 302)
    assert client.get(f"/nodes/{node.uuid}/revoke/").status_code in {302, 403}, "it changes nothing"


def test_revoking_a_node_that_is_none_is_not_found() -> None:
    assert signed_in().post(f"/nodes/{uuid4()}/revoke/").status_code == 404


def test_browsers_find_an_icon() -> None:
    assert Client().get("/favicon.ico").headers["Location"].endswith(".svg")


def test_nodes_are_listed_with_their_health() -> None:
    node = passed_by(None)
    node.client.post("/api/v1/node/heartbeat", heartbeat(node, queue_depth=42))
    page = signed_in().get("/nodes/").content.decode()
    assert node.node.name in page
    assert "42 records to be sent" in page
    assert "Asia/Tokyo" in page
    assert "silent" not in page
