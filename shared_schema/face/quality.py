"""Is this look at a face worth recognising? Gates with named reasons, and a value to choose the best frames by."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from shared_schema.face.align import FITTED, similarity_onto
from shared_schema.face.types import Bgr, Box, Face, FaceError, Gate, Points, Quality

MAX_CLIPPED: Final = 0.05
"""Share of a face's box that may lie outside the frame."""
MIN_SHARPNESS: Final = 12.0
"""Variance of the Laplacian of the grey chip, 75 px wide: grown or smeared faces fall below."""
MIN_BRIGHTNESS: Final = 25.0
MAX_BRIGHTNESS: Final = 235.0
"""Mean grey level of the middle of the chip, 0 to 255."""
MAX_YAW: Final = 0.75
"""Nose tip's distance from the middle of the eyes, along the line of the eyes, in distances between the eyes: about 50 degrees."""
MAX_MISFIT: Final = 0.3
"""Root mean square distance of the fitted landmarks from the template, in distances between the eyes."""

MAX_MOUTH_DROP: Final = 2.5
"""How far below the eyes the mouth may lie, in distances between the eyes; about 1.1 in a frontal face."""

_CHIP_PX: Final = 75
_GOOD_FACE_PX: Final = 120
_GOOD_SHARPNESS: Final = 150.0


@dataclass(frozen=True, slots=True)
class Looks:
    """What is measured of one face: `yaw` and `misfit` in distances between the eyes, `clipped` as a share of the box."""

    face_px: int
    clipped: float
    sharpness: float
    brightness: float
    yaw: float
    misfit: float
    upright: bool


def assess(frame: Bgr, face: Face, chip: Bgr, template: Points, *, min_face_px: int) -> Quality:
    """Measure a face on its frame and its chip and hold it against the gates; `gate` is the first that refuses it."""
    looks = measure(frame, face, chip, template)
    return Quality(_value(looks, face.certainty), _gate(looks, min_face_px), looks.face_px, looks.sharpness, looks.brightness)


def measure(frame: Bgr, face: Face, chip: Bgr, template: Points) -> Looks:
    """`chip` is the aligned face in BGR, `template` its four fitted landmarks."""
    grey = cv2.cvtColor(cv2.resize(chip, (_CHIP_PX, _CHIP_PX), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    middle = grey[_CHIP_PX // 5 : -_CHIP_PX // 5, _CHIP_PX // 5 : -_CHIP_PX // 5]
    yaw, misfit, upright = _geometry(face.landmarks, template)
    return Looks(
        face_px=round(face.box.width),
        clipped=clipped_share(face.box, frame.shape[1], frame.shape[0]),
        sharpness=float(cv2.Laplacian(middle, cv2.CV_32F).var()),
        brightness=float(middle.mean()),
        yaw=yaw,
        misfit=misfit,
        upright=upright,
    )


def clipped_share(box: Box, width: int, height: int) -> float:
    """The share of the box that lies outside a frame of that size."""
    wide = max(0.0, min(box.right, width) - max(box.left, 0.0))
    high = max(0.0, min(box.bottom, height) - max(box.top, 0.0))
    area = box.width * box.height
    return 1 - wide * high / area if area > 0 else 1.0


def _geometry(landmarks: Points, template: Points) -> tuple[float, float, bool]:
    """Yaw, misfit, and whether nose and mouth lie below the eyes in this order."""
    right, left, nose, mouth = landmarks[list(FITTED)].astype(np.float64)
    across = left - right
    apart = float(np.hypot(*across))
    if apart < 1:
        return 0.0, 9.0, False
    along, down = across / apart, np.array([-across[1], across[0]]) / apart
    middle = (right + left) / 2
    yaw = abs(float((nose - middle) @ along)) / apart
    drop_nose, drop_mouth = float((nose - middle) @ down) / apart, float((mouth - middle) @ down) / apart
    return yaw, _misfit(landmarks[list(FITTED)], template), -0.1 < drop_nose < drop_mouth < MAX_MOUTH_DROP


def _misfit(landmarks: Points, template: Points) -> float:
    try:
        onto = similarity_onto(landmarks, template)
    except FaceError:
        return 9.0
    fitted = landmarks @ onto[:, :2].T + onto[:, 2]
    apart = float(np.hypot(*(template[1] - template[0])))
    return float(np.sqrt(((fitted - template) ** 2).sum(1).mean())) / apart


def _gate(looks: Looks, min_face_px: int) -> Gate | None:
    refused = (
        (looks.face_px < min_face_px, Gate.TOO_SMALL),
        (looks.clipped > MAX_CLIPPED, Gate.CLIPPED),
        (looks.yaw > MAX_YAW, Gate.EXTREME_POSE),
        (not looks.upright or looks.misfit > MAX_MISFIT, Gate.IMPLAUSIBLE),
        (looks.brightness < MIN_BRIGHTNESS, Gate.TOO_DARK),
        (looks.brightness > MAX_BRIGHTNESS, Gate.TOO_BRIGHT),
        (looks.sharpness < MIN_SHARPNESS, Gate.BLURRED),
    )
    return next((gate for fails, gate in refused if fails), None)


def _value(looks: Looks, certainty: float) -> float:
    """From 0 to 1: the product of size, sharpness and frontality, each saturating, and the detector's certainty."""
    size = min(1.0, looks.face_px / _GOOD_FACE_PX)
    sharp = min(1.0, float(np.sqrt(looks.sharpness / _GOOD_SHARPNESS)))
    frontal = max(0.0, 1 - looks.yaw / (2 * MAX_YAW))
    return float(size * sharp * frontal * certainty)
