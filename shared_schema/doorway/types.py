"""What a doorway takes and gives."""

from dataclasses import dataclass
from typing import Protocol

from shared_schema.face.match import Gallery
from shared_schema.face.types import Bgr, Embedding, Embeddings, Face, Quality
from shared_schema.ids import BootNs, ModelId
from shared_schema.sighting import Candidate, Evidence, Outcome


class Pipeline(Protocol):
    """The face pipeline as the doorway uses it; `shared_schema.face.pipeline.FacePipeline` is the real one."""

    @property
    def model_id(self) -> ModelId: ...

    def detect(self, frame: Bgr) -> tuple[Face, ...]: ...

    def assess(self, frame: Bgr, face: Face, *, min_face_px: int) -> Quality: ...

    def embed(self, frame: Bgr, faces: tuple[Face, ...]) -> Embeddings: ...

    def crop(self, frame: Bgr, face: Face) -> Bgr: ...


@dataclass(frozen=True, slots=True)
class DoorPolicy:
    """How a doorway decides. Durations are in nanoseconds of the boot clock.

    `own_similarity`: two looks at least so close are taken for one person's, wherever the face has moved in the meantime.
    `other_similarity`: two looks less close than that are two people's, however well their boxes overlap.
    `min_frames`: an unknown face found in fewer frames is too brief to be anybody.
    """

    min_similarity: float
    min_margin: float
    min_agreeing_frames: int
    min_face_px: int
    cooldown_ns: int
    pass_timeout_ns: int
    own_similarity: float = 0.92
    other_similarity: float = 0.86
    min_frames: int = 2


@dataclass(frozen=True, slots=True)
class PassDecided:
    """One pass of one person, decided once. `crop` is the best frame's evidence image, BGR."""

    outcome: Outcome
    candidate: Candidate | None
    runner_up: Candidate | None
    evidence: Evidence
    probe: Embedding
    crop: Bgr
    best_at: BootNs
    from_at: BootNs
    until_at: BootNs


@dataclass(frozen=True, slots=True)
class Look:
    """A face good enough to be recognised, in one frame. `crop` is the evidence image it would give, BGR."""

    embedding: Embedding
    quality: Quality
    crop: Bgr
    at: BootNs


__all__ = ["DoorPolicy", "Gallery", "Look", "PassDecided", "Pipeline"]
