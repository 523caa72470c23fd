import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from server.core.permissions import Role
from server.recompute.services import work_off
from tests.factories import JPEG, FakeNode, a_group, a_person, a_site, an_account, as_role
from tests.server.schedules.bodies import SCHEDULES, schedule_body

pytestmark = pytest.mark.django_db
PAGES = [model for model in admin.site._registry if apps.get_app_config(model._meta.app_label).name.startswith("server.")]


@pytest.fixture
def administrator(client: Client) -> Client:
    account = an_account(Role.ADMIN)
    account.is_staff = account.is_superuser = True
    account.save()
    client.force_login(account)
    return client


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label)
def test_every_admin_list_opens_and_can_be_searched(administrator: Client, model: type) -> None:
    node = FakeNode.hung()
    node.send(node.sighting(person=a_person(), crop=JPEG), node.observation(), node.gap())
    work_off()
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # type: ignore[attr-defined]
    assert administrator.get(url).status_code == 200
    assert administrator.get(url, {"q": "x"}).status_code == 200


def test_a_record_is_seen_in_the_admin_and_not_changed(administrator: Client) -> None:
    node = FakeNode.hung()
    node.send(node.observation())
    url = reverse("admin:sightings_record_change", args=[node.node.records.get().pk])
    assert administrator.get(url).status_code == 200
    assert administrator.post(url, {"seq": 9}).status_code == 403


def test_the_admin_is_closed_to_other_accounts(client: Client) -> None:
    client.force_login(an_account(Role.OPERATOR))
    assert client.get(reverse("admin:index")).status_code == 302


def test_what_a_service_refuses_is_said_on_the_admin_page_and_nothing_is_changed(administrator: Client) -> None:
    paris, london, group = a_site(time_zone="Europe/Paris"), a_site(time_zone="Europe/London"), a_group()
    staff = as_role(Role.ADMIN)
    early = schedule_body(paris, group, begins="08:30", ends="09:30", breaks=[])
    assert [staff.post(SCHEDULES, body).status_code for body in (early, schedule_body(london, group))] == [201, 201]
    form = {"name": london.name, "time_zone": "Europe/Paris", "day_cut": "04:00"}
    answer = administrator.post(reverse("admin:sites_site_change", args=[london.pk]), form, follow=True)
    assert "already expected" in answer.content.decode()
    london.refresh_from_db()
    assert london.time_zone == "Europe/London"
