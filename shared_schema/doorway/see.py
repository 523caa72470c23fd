"""From a frame to the faces in it: where to look, how good each look is, and which faces are worth an embedding."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from shared_schema.doorway.fuse import MAX_LOOKS
from shared_schema.doorway.link import sure_places
from shared_schema.doorway.masks import Masks
from shared_schema.doorway.track import Seen, Track
from shared_schema.doorway.types import DoorPolicy, Look, Pipeline
from shared_schema.face.quality import MAX_CLIPPED
from shared_schema.face.types import Bgr, Box, Face, Gate, Quality
from shared_schema.ids import BootNs

_WHOLE_EVERY_NS: Final = 100_000_000
"""The whole frame is searched at least so often; in frames that come faster, only around the faces that are followed."""


class Eyes:
    """Looks at frames in the order of their time."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.masks = Masks()
        self._whole_at: BootNs | None = None

    def see(self, frame: Bgr, at: BootNs, tracks: Sequence[Track], policy: DoorPolicy) -> list[tuple[Seen, Gate | None]]:
        """Every face with the gate that set it aside, if any. Faces that gates refused, or that an embedding cannot help, have no look."""
        faces = self.pipeline.detect(frame, self._near(at, tracks))
        chips = [self.pipeline.chip(frame, face) for face in faces]
        qualities = [self._assess(frame, face, policy, chip) for face, chip in zip(faces, chips, strict=True)]
        wanted = _wanted(faces, qualities, at, tracks, full_at(policy))
        looks: dict[int, Look] = {}
        if wanted:
            rows = self.pipeline.embed(frame, [faces[index] for index in wanted], [chips[index] for index in wanted])
            for index, row in zip(wanted, rows, strict=True):
                looks[index] = Look(row, qualities[index], self.pipeline.crop(frame, faces[index]), at, chips[index])
        return [(Seen(face.box, looks.get(index)), qualities[index].gate) for index, face in enumerate(faces)]

    def survey(self, frame: Bgr, policy: DoorPolicy) -> tuple[tuple[Face, Quality], ...]:
        """Every face of a frame with its quality; nobody is followed or recognised by it."""
        return tuple((face, self._assess(frame, face, policy)) for face in self.pipeline.detect(frame))

    def _assess(self, frame: Bgr, face: Face, policy: DoorPolicy, chip: Bgr | None = None) -> Quality:
        """A face that a mask cuts is as good as one that the frame's edge cuts."""
        found = self.pipeline.assess(frame, face, min_face_px=policy.min_face_px, chip=chip)
        is_cut = found.gate is None and self.masks.share_of(face.box, frame.shape[1], frame.shape[0]) > MAX_CLIPPED
        return replace(found, gate=Gate.CLIPPED) if is_cut else found

    def _near(self, at: BootNs, tracks: Sequence[Track]) -> list[Box] | None:
        """Where to look, None for everywhere: when it is time for it, or when a face that was followed was not seen just now."""
        if self._whole_at is None or at - self._whole_at >= _WHOLE_EVERY_NS or not _all_seen_together(tracks):
            self._whole_at = at
            return None
        return [track.expected(at) for track in tracks]


def full_at(policy: DoorPolicy) -> int:
    """How many looks a pass keeps: enough for as many agreeing frames as are asked for."""
    return max(MAX_LOOKS, policy.min_agreeing_frames)


def _all_seen_together(tracks: Sequence[Track]) -> bool:
    return len({track.until_at for track in tracks}) == 1


def _wanted(faces: Sequence[Face], qualities: Sequence[Quality], at: BootNs, tracks: Sequence[Track], full: int) -> list[int]:
    """The faces to embed: those that no gate refused, without those that are surely a track's which has seen enough of them."""
    sure = sure_places(tracks, [face.box for face in faces], at)
    return [
        index
        for index, quality in enumerate(qualities)
        if quality.gate is None and (index not in sure or sure[index].needs_look(at, quality.value, full=full))
    ]
