"""Shows what the camera sees, and how well it is mounted, to whoever asked for a preview; to nobody otherwise."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from edge_client.capture_mounting import MountingCheck, Place
from edge_client.capture_rules import Rules
from edge_client.preview_folder import PreviewFolder
from shared_schema.doorway import Doorway
from shared_schema.doorway.masks import Masks, corners_px
from shared_schema.face.images import encode_jpeg
from shared_schema.face.pipeline import shrink
from shared_schema.face.types import Bgr, Face, Quality
from shared_schema.ids import BootNs
from shared_schema.node import Mask

_EVERY_NS: Final = 200_000_000
_LOOK_FOR_A_REQUEST_NS: Final = 1_000_000_000
_LONGEST_PX: Final = 960
_GOOD: Final = (80, 200, 80)
_POOR: Final = (60, 140, 255)
_OUTLINE: Final = (255, 160, 0)
_INK: Final = (255, 255, 255)


class Stills:
    """Leaves at most five stills a second while a request is open, and takes them away when it has run out."""

    def __init__(self, folder: PreviewFolder, rules: Rules, field_of_view_deg: float | None) -> None:
        self._folder = folder
        self._rules = rules
        self._field_of_view_deg = field_of_view_deg
        self._check = MountingCheck()
        self._is_clear = False
        self._next_ns = 0

    def offer(self, frame: Bgr, at: BootNs, doorway: Doorway) -> None:
        """A BGR frame. Faces in it are looked for here, also where nothing moves. Raises OSError."""
        if at < self._next_ns:
            return
        request = self._folder.request()
        self._next_ns = at + (_LOOK_FOR_A_REQUEST_NS if request is None else _EVERY_NS)
        if request is None:
            self.clear()
            return
        self._is_clear = False
        settings = self._rules.settings
        seen = doorway.survey(frame)
        place = Place(self._field_of_view_deg, request.distance_m, settings.min_face_px)
        shown = Masks(settings.masks).blank(frame)
        self._folder.leave(encode_jpeg(annotated(shown, seen, settings.masks)), self._check.look(shown, self._folder.now(), seen, place))

    def clear(self) -> None:
        """No picture stays behind, not even one of an earlier process. Raises OSError."""
        if not self._is_clear:
            self._folder.clear()
            self._is_clear = True


def annotated(frame: Bgr, seen: Sequence[tuple[Face, Quality]], masks: Sequence[Mask]) -> Bgr:
    """A smaller copy with a box around every face, its width in pixels of the frame and why it would be set aside, and the masks."""
    still = shrink(frame, _LONGEST_PX, coarse=True)
    height, width = still.shape[:2]
    for mask in masks:
        cv2.polylines(still, [corners_px(mask, width, height)], isClosed=True, color=_OUTLINE, thickness=2)
    scale = width / frame.shape[1]
    for face, quality in seen:
        box = np.round(np.array([face.box.left, face.box.top, face.box.right, face.box.bottom]) * scale).astype(int)
        colour = _GOOD if quality.gate is None else _POOR
        cv2.rectangle(still, (int(box[0]), int(box[1])), (int(box[2]), int(box[3])), colour, 2)
        _write(still, f"{quality.face_px} px" + (f" {quality.gate.value}" if quality.gate else ""), (int(box[0]), int(box[1])), colour)
    return still


def _write(still: Bgr, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """Light letters on a plate, above the place, or below its edge where there is no room."""
    (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    left, bottom = max(0, min(at[0], still.shape[1] - wide)), max(at[1] - 2, high + below)
    cv2.rectangle(still, (left, bottom - high - below), (left + wide, bottom + below // 2), colour, -1)
    cv2.putText(still, text, (left, bottom - below // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
