from uuid import uuid4

import pytest

from server.people.models import Person, Sample
from tests.factories_people import NOBODY, collins, jpeg, make_person, no_face, two_faces
from tests.server.web.signed_in import file, signed_in

pytestmark = pytest.mark.django_db


def test_enrolling_keeps_the_person_and_every_usable_image() -> None:
    answer = signed_in().post(
        "/enrol/",
        {"consent": "on", "name": "Eileen Collins", "number": "7", "images": [file(jpeg(collins())), file(two_faces(), "two.jpg")]},
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Enrolled." in page
    assert "2 faces were found" in page
    person = Person.objects.get()
    assert (person.number, person.samples.count()) == ("7", 1)
    assert person.consent_at is not None


def test_when_no_image_can_be_used_nobody_is_enrolled() -> None:
    answer = signed_in().post("/enrol/", {"consent": "on", "name": "Nobody", "images": [file(no_face())]})
    assert answer.status_code == 422
    assert not Person.objects.exists()
    assert not Sample.objects.exists()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "A", "images": "face"}, "Without consent nobody is enrolled"),
        ({"consent": "on", "images": "face"}, "Type the person"),
        ({"consent": "on", "name": "A"}, "Choose at least one image"),
        ({"consent": "on", "name": "A", "images": "many"}, "at most 20 images"),
        ({"consent": "on", "name": "A", "images": "empty"}, "This file is empty"),
    ],
)
def test_a_form_that_is_not_complete_says_what_is_missing(body: dict[str, str], says: str) -> None:
    images = {"face": [file(b"x")], "many": [file(b"x")] * 21, "empty": [file(b"")]}
    sent = {name: images[value] if name == "images" else value for name, value in body.items()}
    answer = signed_in().post("/enrol/", sent)
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not Person.objects.exists()


def test_more_samples_record_the_consent_and_repeating_is_harmless() -> None:
    person = make_person(consent=False)
    client = signed_in()
    first = client.post(f"/enrol/{person.uuid}/", {"consent": "on", "images": [file(jpeg(collins()))]})
    again = client.post(f"/enrol/{person.uuid}/", {"consent": "on", "images": [file(jpeg(collins()))]})
    assert (first.status_code, again.status_code) == (200, 200)
    assert "enrolled before" in again.content.decode()
    assert person.samples.count() == 1
    assert client.get(f"/enrol/{uuid4()}/").status_code == 404


def alike(**more: object) -> dict[str, object]:
    return {"consent": "on", "name": "Her Twin", "images": [file(jpeg(collins()[:, ::-1]))], **more}


def test_a_face_that_is_enrolled_already_is_asked_about_and_enrolled_when_it_is_confirmed() -> None:
    client, known = signed_in(), make_person("Eileen Collins")
    assert b"different_from" not in client.get("/enrol/").content
    client.post(f"/enrol/{known.uuid}/", {"consent": "on", "images": [file(jpeg(collins()))]})
    refused = client.post("/enrol/", alike())
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "This face is enrolled as Eileen Collins already" in page
    assert f'name="different_from" value="{known.uuid}">' in page
    assert f'href="/enrol/{known.uuid}/"' in page
    assert not Person.objects.filter(name="Her Twin").exists()
    assert client.post("/enrol/", alike(different_from=str(known.uuid))).status_code == 200
    assert Person.objects.get(name="Her Twin").samples.count() == 1


@pytest.mark.parametrize("confirmed", ["on", "", "x" * 36, str(NOBODY)])
def test_confirming_something_else_enrols_nobody_twice(confirmed: str) -> None:
    client, known = signed_in(), make_person("Eileen Collins")
    client.post(f"/enrol/{known.uuid}/", {"consent": "on", "images": [file(jpeg(collins()))]})
    assert client.post("/enrol/", alike(different_from=confirmed)).status_code == 422
    assert not Person.objects.filter(name="Her Twin").exists()


def test_a_confirmation_is_kept_while_the_rest_of_the_form_is_wrong() -> None:
    client, known = signed_in(), make_person("Eileen Collins")
    client.post(f"/enrol/{known.uuid}/", {"consent": "on", "images": [file(jpeg(collins()))]})
    page = client.post("/enrol/", alike(different_from=str(known.uuid), name="")).content.decode()
    assert f'value="{known.uuid}" checked>' in page


def test_a_taken_number_is_explained_in_the_form() -> None:
    make_person("Grace Hopper", number="17")
    answer = signed_in().post("/enrol/", {"consent": "on", "name": "B", "number": "17", "images": [file(jpeg(collins()))]})
    assert answer.status_code == 400
    assert "belongs to somebody else" in answer.content.decode()
