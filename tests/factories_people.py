"""Accounts, people and portraits for tests. Portraits come from the packages that ship them, nowhere else."""

from functools import cache
from pathlib import Path
from uuid import UUID

import cv2
import matplotlib as mpl
import numpy as np
from django.utils import timezone
from skimage.data import astronaut

from server.accounts.models import User
from server.accounts.services import token_create
from server.people.models import Person
from shared_schema.face.types import Bgr

PASSWORD = "a long walk to the door"
NOBODY = UUID("00000000-0000-4000-8000-000000000000")
"""The id of nothing; the same in every run, so that tests keep their names."""


@cache
def collins() -> Bgr:
    """Eileen Collins, from scikit-image."""
    return np.ascontiguousarray(astronaut()[:, :, ::-1])  # type: ignore[no-untyped-call]


@cache
def hopper() -> Bgr:
    """Grace Hopper, from matplotlib."""
    image = cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def jpeg(image: Bgr, quality: int = 92) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def two_faces() -> bytes:
    """Both portraits side by side."""
    height = 512
    sized = [cv2.resize(image, (round(image.shape[1] * height / image.shape[0]), height)) for image in (collins(), hopper())]
    return jpeg(np.asarray(np.hstack(sized), np.uint8))


def no_face() -> bytes:
    return jpeg(np.full((400, 400, 3), 170, np.uint8))


def huge_png() -> bytes:
    """A few bytes whose header promises 100,000 × 100,000 pixels."""
    return b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (100_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00" + b"\x00" * 16


def make_account(role: str = "admin", username: str = "") -> User:
    return User.objects.create_user(username=username or role, password=PASSWORD, role=role)


def token_header(user: User) -> dict[str, str]:
    """For `Client(headers=…)`."""
    return {"Authorization": f"Token {token_create(user=user, name='test', now=timezone.now())}"}


def make_person(name: str = "Eileen Collins", *, consent: bool = True, **values: object) -> Person:
    return Person.objects.create(name=name, consent_at=timezone.now() if consent else None, **values)
