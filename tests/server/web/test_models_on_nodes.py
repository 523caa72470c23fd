from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from server.core import objects
from server.core.permissions import Role
from server.gallery.pipeline import embedder
from server.gallery.reembed import person_reembed
from server.gallery.services import Upload, sample_add
from server.people.models import Person
from tests.factories import an_account
from tests.factories_people import hopper, jpeg, make_person
from tests.server.gallery.other_model import other_set, use

__all__ = ["other_set"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def grace() -> Person:
    person = make_person("Grace Hopper")
    sample_add(person=person, upload=Upload(jpeg(hopper()), None))
    return person


def page(role: Role) -> str:
    client = Client()
    client.force_login(an_account(role))
    return client.get("/nodes/").content.decode()


def test_one_model_that_is_in_use_is_not_worth_a_word(grace: Person) -> None:
    assert "Face models" not in page(Role.ADMIN)


def test_the_page_tells_how_far_the_new_model_is_and_that_the_old_one_can_go(grace: Person, settings: Settings, other_set: Path) -> None:
    old = embedder().model_id
    page(Role.ADMIN)
    use(settings, other_set)
    building = page(Role.AUDITOR)
    assert "0 of 1 samples (0 %)" in building
    while person_reembed(now=timezone.now()):
        pass
    done = page(Role.ADMIN)
    assert "being embedded" not in done
    assert f"lintel-server forget_model {old}" in done


def test_names_of_refused_samples_are_shown_to_those_who_enrol_alone(grace: Person, settings: Settings, other_set: Path) -> None:
    use(settings, other_set)
    objects.current().delete(grace.samples.get().object_key)
    while person_reembed(now=timezone.now()):
        pass
    assert "Grace Hopper" in page(Role.OPERATOR)
    assert "Grace Hopper" not in page(Role.AUDITOR)
    assert "1 sample cannot be used" in page(Role.AUDITOR)
