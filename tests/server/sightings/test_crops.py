from hashlib import sha256

import pytest

from server.core import objects, secrets
from server.core.errors import Unavailable
from server.core.permissions import Role
from server.sightings.models import Crop, Sighting
from shared_schema.sealing import CROP, seal
from tests.factories import JPEG, FakeNode, a_person, as_role

pytestmark = pytest.mark.django_db


def test_a_crop_is_verified_stored_and_shown() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    assert node.put_crop(JPEG).status_code == 204
    url = as_role(Role.OPERATOR).get("/api/v1/sightings").json()["results"][0]["crop_url"]
    response = as_role(Role.OPERATOR).get(url)
    assert (response.status_code, response["Content-Type"], response.content) == (200, "image/jpeg", JPEG)


def test_a_repeat_changes_nothing() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    node.put_crop(JPEG)
    stored_at = Crop.objects.get().stored_at
    assert node.put_crop(JPEG).status_code == 204
    assert Crop.objects.get().stored_at == stored_at


def test_a_crop_that_no_sighting_names_is_not_found() -> None:
    response = FakeNode.hung().put_crop(JPEG)
    assert (response.status_code, response.json()["code"]) == (404, "unknown_crop")


def test_another_nodes_crop_is_not_found() -> None:
    node, other = FakeNode.hung(), FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    assert other.put_crop(JPEG).status_code == 404


def test_bytes_that_do_not_open_are_refused() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    response = node.put_crop(JPEG, sealed=b"x" * 100)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_crop")
    assert Crop.objects.get().state == "awaited"


@pytest.mark.parametrize(
    ("image", "code"),
    [(b"no image at all", "not_an_image"), (JPEG.replace(b"\x00\x10\x00\x10\x01", b"\xff\xff\xff\xff\x01"), "image_too_large")],
)
def test_what_is_no_small_jpeg_is_refused(image: bytes, code: str) -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=image))
    response = node.put_crop(image)
    assert (response.status_code, response.json()["code"]) == (422, code)


def test_another_image_than_the_one_announced_is_refused() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    other = seal(JPEG + b"x", public_key=secrets.current().seal_public_key, purpose=CROP)
    assert node.put_crop(JPEG, sealed=other).json()["code"] == "wrong_hash"


def test_more_bytes_than_a_crop_has_are_refused() -> None:
    node = FakeNode.hung()
    assert node.put_crop(JPEG, sealed=b"x" * 2_000_257).status_code == 413


class _Down:
    def put(self, key: str, data: bytes) -> None:
        raise Unavailable("objects_unavailable", "down", retry_after_s=10)


def test_object_storage_down_asks_to_try_again_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    monkeypatch.setattr(objects, "current", _Down)
    response = node.put_crop(JPEG)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert Crop.objects.get().state == "awaited"


def test_a_crop_that_came_stays_when_it_is_told_shed() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG, seq=1))
    node.put_crop(JPEG)
    node.send(node.crop_shed(JPEG, about=1, seq=2))
    assert Crop.objects.get().state == "stored"


def test_a_crop_that_is_awaited_is_not_found() -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG))
    response = as_role(Role.ADMIN).get(f"/api/v1/sightings/{Sighting.objects.get().uuid}/crop")
    assert (response.status_code, response.json()["code"]) == (404, "crop_awaited")


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.AUDITOR, 403), (Role.SELF, 404), (Role.MANAGER, 404)])
def test_faces_are_not_shown_to_everybody(role: Role | None, status: int) -> None:
    node = FakeNode.hung()
    node.send(node.sighting(crop=JPEG, person=a_person()))
    node.put_crop(JPEG)
    assert as_role(role).get(f"/api/v1/sightings/{Sighting.objects.get().uuid}/crop").status_code == status


def test_a_hash_that_is_none_has_no_address() -> None:
    assert FakeNode.hung().client.put(f"/api/v1/node/crops/{sha256().hexdigest().upper()}").status_code == 404
