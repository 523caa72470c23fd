"""A pipeline that is told what it sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import cv2
import numpy as np

from shared_schema.doorway import DoorPolicy, Doorway, PassDecided
from shared_schema.face.match import Gallery
from shared_schema.face.types import Bgr, Box, Embedding, Embeddings, Face, Gate, Quality
from shared_schema.face.vectors import unit
from shared_schema.ids import BootNs, ModelId, PersonId

MODEL: Final = ModelId("fake")
STEP_NS: Final = 200_000_000
POLICY: Final = DoorPolicy(
    min_similarity=0.94,
    unsure_similarity=0.9,
    early_similarity=0.95,
    min_margin=0.01,
    min_agreeing_frames=2,
    min_face_px=20,
    cooldown_ns=10_000_000_000,
    pass_timeout_ns=1_500_000_000,
)
_DIMENSION: Final = 32
_BETWEEN_PEOPLE: Final = 0.8


@dataclass(frozen=True)
class Sight:
    """A face in a scene: whose it is, where its middle is, how good the look is, and whether it is a picture held to the camera."""

    who: str
    x: float = 80.0
    y: float = 60.0
    width: float = 30.0
    gate: Gate | None = None
    quality: float = 0.8
    blend: tuple[str, float] | None = None
    held: bool = False


Scene = tuple[Sight, ...]


def face_of(who: str) -> Embedding:
    """Always the same; two people's are 0.8 alike."""
    own = np.zeros(_DIMENSION)
    own[1 + sum(ord(letter) * (index + 1) for index, letter in enumerate(who)) % (_DIMENSION - 1)] = np.sqrt(1 - _BETWEEN_PEOPLE)
    own[0] = np.sqrt(_BETWEEN_PEOPLE)
    return np.asarray(unit(own))


def person(who: str) -> PersonId:
    return PersonId(uuid5(NAMESPACE_URL, who))


def gallery(*names: str, revision: int = 1) -> Gallery:
    return Gallery.build(model_id=MODEL, revision=revision, people={person(who): face_of(who)[None] for who in names})


class FakePipeline:
    """Sees in the frame made by `frame_of(scenes, n)` the faces of scene n."""

    model_id = MODEL

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._scenes = scenes
        self._sights: dict[int, Sight] = {}
        self.detections = 0
        self.searches = 0
        self.found = 0
        self.embedded = 0

    def detect(self, frame: Bgr, near: Sequence[Box] | None = None) -> tuple[Face, ...]:
        self.detections += 1
        self.searches += near is None
        faces = tuple(self._face(sight) for sight in self._scenes[_number(frame)])
        seen = faces if near is None else tuple(face for face in faces if any(_reaches(box, face.box) for box in near))
        self.found += len(seen)
        return seen

    def chip(self, frame: Bgr, face: Face) -> Bgr:
        """Blots: of a held picture always the same, of a living face new ones in every frame."""
        blots = np.random.default_rng(0 if self._sights[id(face)].held else _number(frame)).integers(0, 256, (16, 16, 3), np.uint8)
        return np.asarray(cv2.resize(blots, (64, 64), interpolation=cv2.INTER_CUBIC), np.uint8)

    def assess(self, frame: Bgr, face: Face, *, min_face_px: int, chip: Bgr | None = None) -> Quality:
        sight = self._sights[id(face)]
        gate = Gate.TOO_SMALL if sight.width < min_face_px else sight.gate
        return Quality(sight.quality, gate, round(sight.width), 100.0, 120.0)

    def embed(self, frame: Bgr, faces: Sequence[Face], chips: Sequence[Bgr] | None = None) -> Embeddings:
        self.embedded += len(faces)
        return np.stack([self._embedding(self._sights[id(face)]) for face in faces])

    def crop(self, frame: Bgr, face: Face) -> Bgr:
        return np.full((4, 4, 3), round(face.box.width) % 256, np.uint8)

    def _face(self, sight: Sight) -> Face:
        box = Box(sight.x - sight.width / 2, sight.y - sight.width / 2, sight.width, sight.width)
        face = Face(box, np.zeros((6, 2), np.float32), 1.0)
        self._sights[id(face)] = sight
        self._kept = [*getattr(self, "_kept", []), face]
        return face

    @staticmethod
    def _embedding(sight: Sight) -> Embedding:
        if sight.blend is None:
            return face_of(sight.who)
        other, share = sight.blend
        return np.asarray(unit((1 - share) * face_of(sight.who) + share * face_of(other)))


def _reaches(box: Box, other: Box) -> bool:
    """Whether a face lies within its own width of where one was."""
    wide = Box(box.left - box.width, box.top - box.height, 3 * box.width, 3 * box.height)
    return wide.overlap(other) > 0


def frame_of(scenes: Sequence[Scene], number: int) -> Bgr:
    """A grey frame, 160×120, with a bright square for every face of the scene."""
    frame = np.full((120, 160, 3), 90, np.uint8)
    for sight in scenes[number]:
        left, top = max(0, int(sight.x - sight.width / 2)), max(0, int(sight.y - sight.width / 2))
        frame[top : top + int(sight.width), left : left + int(sight.width)] = 200
    frame[0, 0] = (number % 256, number // 256, 0)
    return frame


def _number(frame: Bgr) -> int:
    return int(frame[0, 0, 0]) + 256 * int(frame[0, 0, 1])


def door(scenes: Sequence[Scene], names: Gallery, policy: DoorPolicy = POLICY) -> Doorway:
    return Doorway(FakePipeline(scenes), names, policy)


def at(number: int) -> BootNs:
    return BootNs(1_000_000_000 + number * STEP_NS)


def walk(scenes: Sequence[Scene], names: Gallery, policy: DoorPolicy = POLICY) -> tuple[PassDecided, ...]:
    """Every pass of the scenes, one scene each 200 ms."""
    doorway = door(scenes, names, policy)
    passes = [decided for number in range(len(scenes)) for decided in doorway.step(frame_of(scenes, number), at(number))]
    return (*passes, *doorway.finish())


def gist(passes: Sequence[PassDecided]) -> list[tuple[str, PersonId | None]]:
    """Outcome, and whom a match names."""
    return [
        (decided.outcome.value, PersonId(decided.candidate.person) if decided.outcome == "match" and decided.candidate else None)
        for decided in passes
    ]


EMPTY: Final[Scene] = ()


def approach(who: str, frames: int = 8, *, x: float = 80.0, step: float = 4.0) -> tuple[Scene, ...]:
    """Somebody comes nearer, a little to the right with every frame."""
    return tuple((Sight(who, x=x + step * number, width=24.0 + 3 * number),) for number in range(frames))
