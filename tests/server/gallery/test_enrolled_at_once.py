from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from server.gallery import services
from server.gallery.models import Template
from server.gallery.services import LooksLike, Upload, sample_add
from server.people import samples
from server.people.models import Person, Sample
from tests.factories_people import collins, hopper, jpeg, make_person

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 60


def enrol_at_once(people: list[Person], images: list[bytes]) -> list[str]:
    """Every image for its person, each on a connection of its own; the names of those who were refused."""

    def enrol(person: Person, image: bytes) -> str:
        try:
            sample_add(person=person, upload=Upload(image, None))
        except LooksLike:
            return person.name
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(people)) as threads:
        return [name for name in threads.map(enrol, people, images) if name]


def meet(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Both enrolments reach this step before either goes on."""
    barrier, original = Barrier(2, timeout=WAIT_S), getattr(samples, name)

    def step(*given: object, **named: object) -> object:
        barrier.wait()
        return original(*given, **named)

    monkeypatch.setattr(samples, name, step)


def test_one_face_enrolled_under_two_names_at_once_is_enrolled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    meet(monkeypatch, "sample_write")  # both have found the face to be new by then
    refused = enrol_at_once([make_person("Ada"), make_person("Bertha")], [jpeg(collins()), jpeg(collins()[:, ::-1])])
    assert len(refused) == 1
    assert Sample.objects.count() == Template.objects.count() == 1


def test_without_the_lock_both_would_be_enrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    no_lock: Callable[[], None] = lambda: None  # noqa: E731 (a control that must fail)
    monkeypatch.setattr(services, "_one_at_a_time", no_lock)
    meet(monkeypatch, "sample_save")
    assert enrol_at_once([make_person("Ada"), make_person("Bertha")], [jpeg(collins()), jpeg(collins()[:, ::-1])]) == []


def test_two_faces_enrolled_at_once_are_both_enrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    meet(monkeypatch, "sample_write")
    assert enrol_at_once([make_person("Ada"), make_person("Bertha")], [jpeg(collins()), jpeg(hopper())]) == []
    assert Template.objects.count() == 2
