"""The face pipeline as one object: what a node does to a frame and a server to a sample."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from shared_schema.face import quality
from shared_schema.face.align import FACE_SHAPE, SHAPE_PX, align, fitted_points
from shared_schema.face.detect import BlazeFace, Detector
from shared_schema.face.embed import FaceEmbedder
from shared_schema.face.landmarks import FaceMesh
from shared_schema.face.manifest import ModelSet
from shared_schema.face.resize import resized
from shared_schema.face.runtime import Network, own_cores, threads_for
from shared_schema.face.types import Bgr, Box, Embeddings, Face, Gate, Points, Quality, check_frame
from shared_schema.ids import ModelId

CROP_PX: Final = 320
"""Longest side of an evidence crop."""
_CROP_WIDTHS: Final = 2.0
"""Side of an evidence crop in widths of the face's box: the whole head with hair and chin."""


class FacePipeline:
    """Detect, assess, align, embed. Not thread-safe: build one per thread; several may share a model set."""

    def __init__(self, model_set: ModelSet, threads: int | None = None) -> None:
        """`threads`: of each network; None: as many as `threads_for` the cores of this process are right, for a node with one pipeline."""
        manifest = model_set.manifest
        count = threads_for(own_cores()) if threads is None else threads

        def network(file: str) -> Network:
            return Network(model_set.contents[file], name=file, threads=count)

        near = BlazeFace(manifest.near, network(manifest.near.file))
        far = BlazeFace(manifest.far, network(manifest.far.file))
        mesh = None if manifest.landmarks is None else FaceMesh.load(model_set, threads=count)
        self._detector = Detector(near, far, mesh)
        self._embedder = FaceEmbedder(manifest.embedder, model_set.contents[manifest.embedder.file], threads=count)
        self._chip_px = manifest.embedder.input_px
        self._template = manifest.embedder.template_points
        self._twin = manifest.embedder.twin_points
        self._model = model_set.embedder

    @property
    def model_id(self) -> ModelId:
        return self._model.model_id

    @property
    def dimension(self) -> int:
        return self._model.dimension

    def detect(self, frame: Bgr, near: Sequence[Box] | None = None) -> tuple[Face, ...]:
        """Every face of a BGR frame, the most certain first.

        `near`: where faces were in the frame before, in its pixels. Then only these places are looked at, each with room for a face to
        move by its own width; a face elsewhere is not found. Landmarks are as exact as those of a look at the whole frame.
        """
        check_frame(frame)
        return self._detector.detect(frame, near)

    def chip(self, frame: Bgr, face: Face) -> Bgr:
        """The aligned face in BGR, as the embedder sees it; roughly so where the mesh that it is cut by was not found."""
        return self._cut(frame, face, self._template)

    def assess(self, frame: Bgr, face: Face, *, min_face_px: int, chip: Bgr | None = None) -> Quality:
        """How good a look at the face the frame gives, and the gate that refuses it, if any. `chip`: the face's, where it is at hand."""
        seen = self.chip(frame, face) if chip is None else chip
        found = quality.assess(frame, face, seen, FACE_SHAPE, min_face_px=min_face_px)
        return replace(found, gate=Gate.IMPLAUSIBLE) if found.gate is None and self._lacks_mesh(face) else found

    def embed(self, frame: Bgr, faces: Sequence[Face], chips: Sequence[Bgr] | None = None) -> Embeddings:
        """Unit float32 rows (n, dimension), one per face. `chips`: the faces', in their order, where they are at hand."""
        straight = [self.chip(frame, face) for face in faces] if chips is None else chips
        twins = None if self._twin is None else [self._cut(frame, face, self._twin) for face in faces]
        return self._embedder.embed(straight, twins)

    def _cut(self, frame: Bgr, face: Face, template: Points) -> Bgr:
        if self._lacks_mesh(face):
            template = FACE_SHAPE * np.float32(self._chip_px / SHAPE_PX)
        return align(frame, fitted_points(face, len(template)), template, self._chip_px)

    def _lacks_mesh(self, face: Face) -> bool:
        return face.mesh is None and len(self._template) > len(FACE_SHAPE)

    def crop(self, frame: Bgr, face: Face) -> Bgr:
        """An evidence image: the head with a margin, within the frame, at most `CROP_PX` on its long side."""
        box = face.box
        half = max(box.width, box.height) * _CROP_WIDTHS / 2
        middle = (box.left + box.width / 2, box.top + box.height / 2)
        # Most of a head's hair lies above the box of a face, so the window sits a little higher.
        centre = (middle[0], middle[1] - 0.1 * half)
        left, top = (int(np.clip(at - half, 0, size - 1)) for at, size in zip(centre, frame.shape[1::-1], strict=True))
        right, bottom = (int(np.clip(at + half, 1, size)) for at, size in zip(centre, frame.shape[1::-1], strict=True))
        part = frame[top : max(bottom, top + 1), left : max(right, left + 1)]
        return shrink(part, CROP_PX, coarse=True)


def shrink(image: Bgr, longest_px: int, *, coarse: bool = False) -> Bgr:
    """A copy whose long side is at most `longest_px`; `coarse`: fast, good enough to be looked at by people."""
    scale = longest_px / max(image.shape[:2])
    if scale >= 1:
        return image.copy()
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return resized(image, size, coarse=coarse)
