"""Galleries of made-up people whose similarities are known."""

from uuid import NAMESPACE_URL, uuid5

import numpy as np

from shared_schema.evaluate.gallery import Member, Tried, try_gallery
from shared_schema.face.calibration import Calibration, Point
from shared_schema.face.types import Embeddings
from shared_schema.face.vectors import unit
from shared_schema.ids import ModelId, PersonId

MODEL = ModelId("made-up")
DIMENSION = 64
CALIBRATION = Calibration(
    measured_on="made-up people",
    strangers=(Point(one_in=10, similarity=0.5), Point(one_in=100_000, similarity=0.9)),
    min_margin=0.02,
    min_own_similarity=0.9,
    duplicate_similarity=0.85,
)


def looks(person: int, count: int, *, spread: float = 0.2) -> Embeddings:
    """Samples around an axis of their own."""
    random = np.random.default_rng(person)
    return unit(np.eye(DIMENSION)[person] + spread * unit(random.normal(size=(count, DIMENSION))))


def member(name: str, samples: Embeddings) -> Member:
    return Member(PersonId(uuid5(NAMESPACE_URL, name)), name, samples)


def crowd(people: int, samples: int = 3, *, spread: float = 0.2) -> list[Member]:
    return [member(f"Person {number}", looks(number, samples, spread=spread)) for number in range(people)]


def tried(members: list[Member]) -> Tried:
    return try_gallery(members, model_id=MODEL, calibration=CALIBRATION, dimension=DIMENSION)


def likeness(first: int, second: int, share: float) -> Embeddings:
    """One row between two people."""
    rows = np.eye(DIMENSION)
    return unit(rows[[first]] * (1 - share) + rows[[second]] * share)
