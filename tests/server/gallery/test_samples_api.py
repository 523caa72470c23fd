from collections.abc import Callable
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from server.core import objects
from server.core.errors import Unavailable
from server.core.permissions import Role
from server.gallery.models import Template
from server.gallery.selectors import gallery_revision
from server.people.models import Person, Sample, SampleEmbedding
from tests.factories import as_role
from tests.factories_people import collins, hopper, huge_png, jpeg, make_person, no_face, two_faces

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> APIClient:
    return as_role(Role.ADMIN)


def add(client: APIClient, person: Person, image: bytes, **fields: object) -> Any:
    body = {"image": SimpleUploadedFile("face.jpg", image, "image/jpeg"), **fields}
    return client.post(f"/api/v1/people/{person.uuid}/samples", body, format="multipart")


def test_an_image_with_one_face_becomes_a_sample_and_a_template(admin: APIClient) -> None:
    person = make_person()
    made = add(admin, person, jpeg(collins()))
    assert made.status_code == 201
    assert made.json()["state"] == "active"
    assert made.json()["cross_risks"] == []
    assert abs(made.json()["yaw"]) < 0.5
    assert 25 < made.json()["brightness"] < 235
    assert Template.objects.get().samples == 1
    listed = admin.get(f"/api/v1/people/{person.uuid}/samples").json()["results"]
    assert [item["id"] for item in listed] == [made.json()["id"]]
    crop = admin.get(f"/api/v1/people/{person.uuid}/samples/{made.json()['id']}/crop")
    assert crop.headers["Content-Type"] == "image/jpeg"
    assert crop.content.startswith(b"\xff\xd8")


def test_image_and_embeddings_are_encrypted_where_they_lie(admin: APIClient) -> None:
    image = jpeg(collins())
    add(admin, make_person(), image)
    sample, embedding = Sample.objects.get(), SampleEmbedding.objects.get()
    stored = objects.current().get(sample.object_key)
    assert stored is not None
    assert image[:64] not in stored
    assert str(sample.person.uuid) not in sample.object_key
    assert len(bytes(embedding.ciphertext)) == 4 * embedding.dimension + 28


def test_the_same_image_again_changes_nothing(admin: APIClient) -> None:
    person = make_person()
    first, revision = add(admin, person, jpeg(collins())), gallery_revision()
    again = add(admin, person, jpeg(collins()))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert Sample.objects.count() == 1
    assert gallery_revision() == revision


def test_without_consent_nobody_is_enrolled(admin: APIClient) -> None:
    person = make_person(consent=False)
    refused = add(admin, person, jpeg(collins()))
    assert (refused.status_code, refused.json()["code"]) == (409, "consent_missing")
    assert not Sample.objects.exists()


@pytest.mark.parametrize(
    ("image", "code", "says"),
    [
        (no_face, "no_face", "send an image with one face"),
        (two_faces, "several_faces", "2 faces were found"),
        (lambda: b"not an image at all", "not_an_image", "send a JPEG"),
        (lambda: jpeg(collins())[:20_000], "not_an_image", "send the whole file"),
        (huge_png, "image_too_large", "million"),
        (lambda: jpeg(np.asarray(cv2.resize(collins(), (200, 200)), np.uint8)), "too_small", "come closer"),
        (lambda: jpeg(np.asarray(cv2.GaussianBlur(collins(), (0, 0), 10), np.uint8)), "no_face", "sharp"),
    ],
)
def test_an_unusable_image_is_refused_with_what_to_do(admin: APIClient, image: Callable[[], bytes], code: str, says: str) -> None:
    refused = add(admin, make_person(), image())
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert says in refused.json()["detail"]
    assert not Sample.objects.exists()
    assert not Template.objects.exists()


def test_a_face_that_is_enrolled_as_somebody_else_is_refused_unless_it_is_confirmed(admin: APIClient) -> None:
    add(admin, make_person("Eileen Collins"), jpeg(collins()))
    other = make_person("Somebody Else")
    refused = add(admin, other, jpeg(collins()[:, ::-1]))
    assert (refused.status_code, refused.json()["code"]) == (409, "looks_like_another_person")
    assert "Eileen Collins" in refused.json()["detail"]
    confirmed = add(admin, other, jpeg(collins()[:, ::-1]), accept_likeness="true")
    assert confirmed.status_code == 201
    (risk,) = confirmed.json()["cross_risks"]
    assert risk["person"]["name"] == "Eileen Collins"
    assert risk["similarity"] > 0.98


def test_two_different_people_are_enrolled_side_by_side(admin: APIClient) -> None:
    assert add(admin, make_person("Eileen Collins"), jpeg(collins())).status_code == 201
    assert add(admin, make_person("Grace Hopper"), jpeg(hopper())).status_code == 201


def test_removing_the_only_sample_removes_template_and_objects(
    admin: APIClient, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    person = make_person()
    made = add(admin, person, jpeg(collins())).json()
    sample = Sample.objects.get()
    url = f"/api/v1/people/{person.uuid}/samples/{made['id']}"
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.delete(url).status_code == 204
    assert not Template.objects.exists()
    assert objects.current().get(sample.object_key) is None
    assert objects.current().get(sample.crop_key) is None
    assert admin.delete(url).status_code == 404


def test_an_image_unlike_the_others_is_set_aside(admin: APIClient) -> None:
    person = make_person()
    bright = np.asarray(cv2.convertScaleAbs(collins(), alpha=1.1), np.uint8)
    for image in (jpeg(collins()), jpeg(bright), jpeg(collins()[:, ::-1]), jpeg(hopper())):
        assert add(admin, person, image).status_code == 201
    odd = Sample.objects.latest("id")
    assert (odd.state, odd.reason) == ("set_aside", "unlike")
    assert Template.objects.get().samples == 3


def test_nothing_is_kept_when_the_object_storage_does_not_answer(admin: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def put(self, key: str, data: bytes) -> None:
            raise Unavailable("objects_unavailable", "down")

        def delete(self, key: str) -> None: ...

    monkeypatch.setattr(objects, "current", Down)
    answer = add(admin, make_person(), jpeg(collins()))
    assert (answer.status_code, answer.json()["code"]) == (503, "objects_unavailable")
    assert not Sample.objects.exists()


@pytest.mark.parametrize("body", [{}, {"image": "text"}, {"image": SimpleUploadedFile("empty.jpg", b"")}])
def test_a_request_without_an_image_is_a_problem(admin: APIClient, body: object) -> None:
    answer = admin.post(f"/api/v1/people/{make_person().uuid}/samples", body, format="multipart")
    assert answer.status_code == 400
    assert "image" in answer.json()["errors"]


def test_json_is_not_how_images_are_sent(admin: APIClient) -> None:
    assert admin.post(f"/api/v1/people/{make_person().uuid}/samples", {"image": "x"}, format="json").status_code == 415


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OPERATOR, 201), (Role.MANAGER, 403), (Role.SELF, 403), (Role.AUDITOR, 403), (None, 401)]
)
def test_only_those_who_run_lintel_enrol(role: Role | None, status: int) -> None:
    person, client = make_person(), as_role(role)
    assert add(client, person, jpeg(collins())).status_code == status
    assert client.get(f"/api/v1/people/{person.uuid}/samples").status_code == (200 if status == 201 else status)


def test_a_sample_belongs_to_its_person_alone(admin: APIClient) -> None:
    sample = add(admin, make_person(), jpeg(collins())).json()["id"]
    other = make_person("Grace Hopper")
    for url in (f"/api/v1/people/{other.uuid}/samples/{sample}", f"/api/v1/people/{uuid4()}/samples/{sample}"):
        assert admin.delete(url).status_code == 404
        assert admin.get(f"{url}/crop").status_code == 404
    assert Sample.objects.count() == 1
