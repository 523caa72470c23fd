"""Who takes part: people who are enrolled and walk with other images than those, and strangers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from shared_schema.evaluate.acquire import main_face
from shared_schema.evaluate.doorwalk.clip import Portrait, Walker
from shared_schema.evaluate.lfw import Image
from shared_schema.face.enrol import look_at_sample
from shared_schema.face.images import decode_image
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Embeddings, FaceError
from shared_schema.ids import PersonId

MIN_PORTRAITS: Final = 3
MAX_PORTRAITS: Final = 5
"""An enrolled person's walk is made of so many images, none of them enrolled; a stranger's of one at least."""
SECOND_FACE: Final = 0.6
"""An image with a further face at least so wide, beside the main one's width, is no picture of one person and nobody walks with it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may take part, their images in the order in which they are tried, and how many of them are to be enrolled."""

    name: str
    images: tuple[Image, ...]
    samples: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who takes part. `samples` are unit rows (n, dimension), empty for a stranger; `refused` counts images enrolment refused."""

    walker: Walker
    samples: Embeddings
    refused: int


def person_id(name: str) -> PersonId:
    return PersonId(uuid5(NAMESPACE_URL, name))


def candidates(people: dict[str, tuple[Image, ...]], gallery: int, samples: int, seed: int) -> tuple[list[Candidate], list[Candidate]]:
    """Those who could be enrolled and everybody, in the order in which they are drawn. FaceError too_few_people."""
    random = np.random.default_rng(seed)
    shuffled = {name: tuple(owned[at] for at in random.permutation(len(owned))) for name, owned in people.items()}
    names = list(shuffled)
    drawn = [names[at] for at in random.permutation(len(names))]
    needed = samples + MIN_PORTRAITS
    able = [Candidate(name, shuffled[name], samples) for name in drawn if len(shuffled[name]) >= needed]
    if len(able) < gallery:
        raise FaceError(
            "too_few_people",
            f"{len(able)} of {len(people)} people have the {needed} images that --samples and a walk of {MIN_PORTRAITS} others need; "
            "ask for a smaller --gallery or fewer --samples",
        )
    return able, [Candidate(name, shuffled[name], 0) for name in drawn]


def prepare(pipeline: FacePipeline, folder: Path, candidate: Candidate) -> Member | None:
    """Enrol, and find the faces in the images to walk with; None for somebody whose images do not suffice."""
    rows, used, refused = _enrol(pipeline, folder, candidate)
    if len(rows) < candidate.samples:
        return None
    left = (image for image in candidate.images if image not in used)
    portraits = _portraits(pipeline, folder, left)
    if len(portraits) < (MIN_PORTRAITS if candidate.samples else 1):
        return None
    samples = np.stack(rows) if rows else np.empty((0, pipeline.dimension), np.float32)
    return Member(Walker(candidate.name, candidate.samples > 0, portraits), samples, refused)


def _enrol(pipeline: FacePipeline, folder: Path, candidate: Candidate) -> tuple[list[Embeddings], set[Image], int]:
    """The first images that enrolment takes. One that it refuses may still be walked with: walks do not ask the product's gates."""
    rows: list[Embeddings] = []
    used: set[Image] = set()
    refused = 0
    for image in candidate.images:
        if len(rows) == candidate.samples:
            break
        try:
            rows.append(look_at_sample(pipeline, read(folder, image)).embedding)
            used.add(image)
        except FaceError:
            refused += 1
    return rows, used, refused


def _portraits(pipeline: FacePipeline, folder: Path, images: Iterator[Image]) -> tuple[Portrait, ...]:
    found: list[Portrait] = []
    for image in images:
        portrait = _portrait(pipeline, folder, image)
        if portrait is not None:
            found.append(portrait)
        if len(found) == MAX_PORTRAITS:
            break
    return tuple(found)


def _portrait(pipeline: FacePipeline, folder: Path, image: Image) -> Portrait | None:
    """Where the face is in the untouched image; None without a face or with two that are nearly as large."""
    try:
        picture = read(folder, image)
    except FaceError:
        return None
    faces = pipeline.detect(picture)
    if not faces:
        return None
    main = main_face(faces, picture)
    if any(face is not main and face.box.width >= SECOND_FACE * main.box.width for face in faces):
        return None
    return Portrait(image, main.box)


def read(folder: Path, image: Image) -> Bgr:
    """FaceError not_an_image when the file cannot be read."""
    try:
        return decode_image((folder / image).read_bytes())
    except OSError as error:
        raise FaceError("not_an_image", f"cannot read {folder / image}: {error.strerror}") from error


def pair_up(walkers: Sequence[Walker], share: float, seed: int) -> list[tuple[Walker, ...]]:
    """The clips' walkers: `share` of them come two at a time, drawn at random, everybody else alone; each exactly once."""
    random = np.random.default_rng([seed, len(walkers)])
    order = [walkers[at] for at in random.permutation(len(walkers))]
    paired = 2 * round(len(order) * share / 2)
    return [*((order[at], order[at + 1]) for at in range(0, paired, 2)), *((walker,) for walker in order[paired:])]
