"""Walkers without pictures, sprites without faces, and a pipeline that knows where they are."""

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from shared_schema.doorway import PassDecided
from shared_schema.evaluate.doorwalk.clip import Clip, Portrait, Walker
from shared_schema.evaluate.doorwalk.play import Played, Sighted
from shared_schema.evaluate.doorwalk.sprite import Sprite
from shared_schema.face.types import Box
from shared_schema.ids import BootNs, PersonId
from shared_schema.observation import Funnel
from shared_schema.sighting import Candidate, Evidence, Outcome

FACE = Box(80, 80, 90, 90)
EVIDENCE = Evidence(min_similarity=0.96, min_margin=0.01, min_agreeing_frames=2, frames=3, agreeing_frames=3, quality=0.5, face_px=80)


def walker(name: str, *, enrolled: bool = True, images: int = 3) -> Walker:
    return Walker(name, enrolled, tuple(Portrait(f"{name}/{name}_{number:04d}.jpg", FACE) for number in range(1, images + 1)))


def person(name: str) -> PersonId:
    return PersonId(uuid5(NAMESPACE_URL, name))


def names(*enrolled: str) -> dict[PersonId, str]:
    return {person(name): name for name in enrolled}


def decided(outcome: str, name: str | None = None, frame: int = 10) -> PassDecided:
    """A pass about `name`, whose best frame is `frame`."""
    at = BootNs((frame + 1) * 200_000_000)
    candidate = None if name is None else Candidate(person=person(name), similarity=0.97)
    probe, crop = np.eye(1, 8, dtype=np.float32)[0], np.zeros((4, 4, 3), np.uint8)
    return PassDecided(Outcome(outcome), candidate, None, EVIDENCE, probe, crop, at, at, at)


def played(*sightings: Sighted) -> Played:
    return Played(sightings, Funnel(), 30, 1.5)


def patch(level: int, size: int = 100) -> Sprite:
    """A square person of one brightness."""
    colours = np.full((size, size, 3), level, np.uint8)
    return Sprite(colours, np.ones((size, size), np.float32), size / 2, size / 2, size / 2)


def patches(clip: Clip, levels: Sequence[int] = (200, 90, 150, 120, 60)) -> list[list[Sprite]]:
    return [[patch(levels[at % len(levels)]) for at in range(len(one.portraits))] for one in clip.walkers]
