"""What a doorway takes and gives."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.crowd import no_excess
from shared_schema.face.match import Gallery
from shared_schema.face.types import Bgr, Box, Embedding, Embeddings, Face, Quality
from shared_schema.ids import BootNs, ModelId
from shared_schema.sighting import Candidate, Evidence, Outcome


class Pipeline(Protocol):
    """The face pipeline as the doorway uses it; `shared_schema.face.pipeline.FacePipeline` is the real one."""

    @property
    def model_id(self) -> ModelId: ...

    def detect(self, frame: Bgr, near: Sequence[Box] | None = None) -> tuple[Face, ...]: ...

    def chip(self, frame: Bgr, face: Face) -> Bgr: ...

    def assess(self, frame: Bgr, face: Face, *, min_face_px: int, chip: Bgr | None = None) -> Quality: ...

    def embed(self, frame: Bgr, faces: Sequence[Face], chips: Sequence[Bgr] | None = None) -> Embeddings: ...

    def crop(self, frame: Bgr, face: Face) -> Bgr: ...


@dataclass(frozen=True, slots=True)
class DoorPolicy:
    """How a doorway decides. Durations are in nanoseconds of the boot clock.

    `min_similarity` names somebody; from `unsure_similarity` up to it staff see who it may have been. While a pass is open it is judged
    again after every look, and a stranger has as many chances: to be named before its end takes `early_similarity`.
    `own_similarity`: two looks at least so close are taken for one person's, wherever the face has moved in the meantime.
    `other_similarity`: two looks less close than that are two people's, however well their boxes overlap.
    `same_visit_similarity`: the looks of two tracks on the whole, at least so close, are the parts of one visit.
    `min_frames`: an unknown face found in fewer frames is too brief to be anybody.
    `excess`: by how much the three bars of similarity rise for probes (n, dimension) that look like many people.
    `pad`: a pass whose looks are more like a held picture than `max_pad_value` is unsure, whoever it looks like.
    """

    min_similarity: float
    unsure_similarity: float
    early_similarity: float
    min_margin: float
    min_agreeing_frames: int
    min_face_px: int
    cooldown_ns: int
    pass_timeout_ns: int
    own_similarity: float = 0.92
    other_similarity: float = 0.86
    same_visit_similarity: float = 0.95
    min_frames: int = 2
    pad: bool = False
    max_pad_value: float = math.inf
    excess: Callable[[Embeddings], NDArray[np.float32]] = no_excess

    def towards(self, probe: Embedding) -> Self:
        """This policy with the bars that a probe, shape (dimension,), has to reach."""
        more = float(self.excess(probe[np.newaxis])[0])
        bars = (self.min_similarity, self.unsure_similarity, self.early_similarity)
        named, unsure, early = (bar + more for bar in bars)
        return replace(self, min_similarity=named, unsure_similarity=unsure, early_similarity=early, excess=no_excess)


@dataclass(frozen=True, slots=True)
class PassDecided:
    """One pass of one person as it is told of. `crop` is the best frame's evidence image, BGR; `pad_value` None: not looked into."""

    outcome: Outcome
    candidate: Candidate | None
    runner_up: Candidate | None
    evidence: Evidence
    probe: Embedding
    crop: Bgr
    best_at: BootNs
    from_at: BootNs
    until_at: BootNs
    pad_value: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A face good enough to be recognised, in one frame. `crop` is the evidence image it would give, `chip` the aligned face, both BGR."""

    embedding: Embedding
    quality: Quality
    crop: Bgr
    at: BootNs
    chip: Bgr | None = None


__all__ = ["DoorPolicy", "Gallery", "Look", "PassDecided", "Pipeline"]
