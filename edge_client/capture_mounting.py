"""Is the camera mounted well? Measures a still and says in plain words what to change."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_client.capture_picture import detail
from edge_client.preview_folder import Mounting, SeenFace
from shared_schema.face.types import Bgr, Face, Gate, Quality
from shared_schema.ids import BootNs

FACE_WIDTH_M: Final = 0.15
"""Width of an adult's face as the detector frames it."""
ASSUMED_FIELD_OF_VIEW_DEG: Final = 60.0
_ROOM: Final = 1.25
"""Faces shall be so many times as wide as the least that is used: not everybody comes the same way."""
_TOO_DARK: Final = 40.0
_TOO_BRIGHT: Final = 215.0
_BURNT_OUT: Final = 250
_MOST_BURNT_OUT: Final = 0.2
_MOST_NOISE: Final = 8.0
_MOVED: Final = 14.0
_BLANK: Final = 11.0
"""As in the check for a covered lens."""
_MOST_ROLL_DEG: Final = 10.0
_MOST_TURN: Final = 0.48
"""Nose tip from the middle of the eyes, in distances between the eyes."""
_FROM_BELOW: Final = 0.24
_FROM_ABOVE: Final = 0.66
"""How far down from the eyes to the mouth the nose tip lies. Of 122 portraits of LFW one in a hundred lies beyond each of these bars."""
_SMALL: Final = (320, 180)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the camera hangs: what it covers from left to right, and how far away people's faces are."""

    field_of_view_deg: float | None
    distance_m: float
    min_face_px: int


def expected_face_px(width_px: int, place: Place) -> int:
    """The width of a face that far away, in a picture of that width by a lens without distortion."""
    half = math.radians((place.field_of_view_deg or ASSUMED_FIELD_OF_VIEW_DEG) / 2)
    return round(width_px * FACE_WIDTH_M / (2 * place.distance_m * math.tan(half)))


class MountingCheck:
    """Looks at stills in the order of their time; the one before tells noise and motion."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None

    def look(self, frame: Bgr, at: BootNs, seen: Sequence[tuple[Face, Quality]], place: Place) -> Mounting:
        """Measure a BGR frame and the faces in it."""
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
        noise, motion = self._change(grey)
        rolls = [_roll_deg(face) for face, _ in seen]
        measured = Mounting(
            boot_ns=at,
            width_px=frame.shape[1],
            height_px=frame.shape[0],
            faces=tuple(SeenFace(width_px=quality.face_px, gate=quality.gate.value if quality.gate else "") for _, quality in seen),
            expected_face_px=expected_face_px(frame.shape[1], place),
            distance_m=place.distance_m,
            min_face_px=place.min_face_px,
            brightness=float(grey.mean()),
            burnt_out=float((grey >= _BURNT_OUT).mean()),
            sharpness=float(cv2.Laplacian(grey, cv2.CV_32F).var()),
            noise=noise,
            motion=motion,
            roll_deg=float(np.median(rolls)) if rolls else None,
            verdict="change",
            advice=(),
        )
        changes = (*_of_the_light(measured, seen), *_of_the_place(measured, place, detail(frame)[1]), *_of_the_faces(measured, seen))
        advice = changes or ("good: leave it as it is",)
        return measured.model_copy(update={"verdict": "change" if changes else "good", "advice": advice})

    def _change(self, grey: NDArray[np.uint8]) -> tuple[float | None, float | None]:
        """Noise in grey levels, and the share that moved."""
        step_x, step_y = max(1, grey.shape[1] // _SMALL[0]), max(1, grey.shape[0] // _SMALL[1])
        sample = np.asarray(grey[::step_y, ::step_x], np.float32)
        before, self._before = self._before, sample
        if before is None or before.shape != sample.shape:
            return None, None
        change = np.abs(sample - before)
        return float(np.median(change)) / (0.6745 * math.sqrt(2)), float((change > _MOVED).mean())


def _of_the_light(seen: Mounting, found: Sequence[tuple[Face, Quality]]) -> Iterator[str]:
    """The light on the nearest face where there is one: a room may be as dark as it likes."""
    lit, what = seen.brightness, "picture"
    if found:
        lit, what = max(found, key=lambda one: one[1].face_px)[1].brightness, "face"
    if lit < _TOO_DARK:
        yield f"the {what} is dark ({lit:.0f} of 255): put on the light that burns when people come, or add one"
    elif lit > _TOO_BRIGHT:
        yield f"the {what} is too bright ({lit:.0f} of 255): shade it from the light"
    if seen.burnt_out > _MOST_BURNT_OUT:
        yield f"{seen.burnt_out:.0%} of the picture is white: turn the camera away from the window or lamp"
    if seen.noise is not None and seen.noise > _MOST_NOISE:
        yield f"the picture is noisy ({seen.noise:.0f} grey levels): hold the camera still, and add light if that does not help"


def _of_the_place(seen: Mounting, place: Place, step: float) -> Iterator[str]:
    if step < _BLANK:
        yield "the picture shows nothing: take off the cap or whatever is before the lens, and focus"
    wanted = math.ceil(_ROOM * seen.min_face_px)
    if seen.faces or seen.expected_face_px >= wanted:
        return
    assumed = "" if place.field_of_view_deg else f" (a field of view of {ASSUMED_FIELD_OF_VIEW_DEG:.0f}° assumed)"
    yield (
        f"faces {place.distance_m:g} m away will be {seen.expected_face_px} px wide{assumed}, {wanted} px are wanted: "
        "mount it nearer, take a longer lens, or a larger picture"
    )


def _of_the_faces(seen: Mounting, found: Sequence[tuple[Face, Quality]]) -> Iterator[str]:
    if not found:
        return
    nearest, quality = max(found, key=lambda one: one[1].face_px)
    wanted = math.ceil(_ROOM * seen.min_face_px)
    if quality.face_px < wanted:
        yield f"the nearest face is {quality.face_px} px wide, {wanted} px are wanted: mount it nearer, or come nearer if people will"
    if seen.roll_deg is not None and abs(seen.roll_deg) > _MOST_ROLL_DEG:
        side = "clockwise" if seen.roll_deg > 0 else "anticlockwise"
        yield f"heads lean by {abs(seen.roll_deg):.0f}°: turn the camera {side}, seen from behind it"
    if quality.gate is Gate.BLURRED:
        yield "the face is blurred: focus the lens until `sharpness` is highest, or add light if only people who move are blurred"
    turn, drop = _turn_and_drop(nearest)
    if abs(turn) > _MOST_TURN:
        yield "the face is seen from the side: hang the camera where people look when they come in"
    elif drop > _FROM_ABOVE:
        yield "the face is seen from above: hang the camera lower or farther away, best at the height of eyes"
    elif drop < _FROM_BELOW:
        yield "the face is seen from below: hang the camera higher or farther away, best at the height of eyes"


def _roll_deg(face: Face) -> float:
    """How far the eyes' line is turned clockwise in the picture."""
    across = face.landmarks[1] - face.landmarks[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def _turn_and_drop(face: Face) -> tuple[float, float]:
    right, left, nose, mouth = np.asarray(face.landmarks[:4], np.float64)
    across = left - right
    apart = max(1.0, float(np.hypot(*across)))
    along, down = across / apart, np.array([-across[1], across[0]]) / apart
    middle = (right + left) / 2
    mouth_drop = max(1.0, float((mouth - middle) @ down))
    return float((nose - middle) @ along) / apart, float((nose - middle) @ down) / mouth_drop
