"""Is this look at a face worth recognising? Gates with named reasons, and a value to choose and weigh the best frames by.

The gates' constants are set where looks stop being useful. Measured on looks at people of LFW's development part, made worse on
purpose (shrunk to 20 px, blurred, smeared by motion, darkened with noise, overexposed), against templates of their other images and of
109 other people: "lost" is the share of looks that are nearer to one of the others.

What the gates do to 61 of these images, 100 px wide faces: none is refused as it is, at half the size, or in a quarter of the light
with noise. Of those blurred by 3 % of the face's width none, by 5 % 20 (19 are not even found); in a tenth of the light 31 are too
dark, in a twentieth all that are found; at twice the light 6 are too bright, at four times 30 of the 43 found; with a fifth of the
face cut off 60 are clipped. What is no face at all (lamps, clothes, hands) shows
no face mesh, and the pipeline gives it the gate `implausible_landmarks`.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from shared_schema.face.align import FITTED, similarity_onto
from shared_schema.face.types import Bgr, Box, Face, FaceError, Gate, Points, Quality

MAX_CLIPPED: Final = 0.05
"""Share of a face's box that may lie outside the frame."""
MIN_SHARPNESS: Final = 12.0
MIN_CRISPNESS: Final = 0.06
"""A face is blurred when its sharpness is low, and low for its contrast too: a dim face is not."""
MIN_BRIGHTNESS: Final = 12.0
"""Mean grey level of the middle of the chip, 0 to 255. Below 10, 40 % are lost; from 10 to 20, 7 %."""
MAX_GLARE: Final = 0.65
"""Share of the middle of the chip that is burnt out. From 0.7, two of three are lost; from 0.1 to 0.5, 13 %."""
MAX_YAW: Final = 0.9
"""Nose tip's distance from the middle of the eyes, along the line of the eyes, in distances between the eyes: about 50 degrees.

Of 757 of LFW's images 3 lie beyond, and no other gate refuses any. Beyond it three of seven are lost, from 0.6 to 0.9 none of 22.
"""
MAX_MISFIT: Final = 0.3
"""Root mean square distance of the fitted landmarks from the template, in distances between the eyes."""

MAX_MOUTH_DROP: Final = 2.5
"""How far below the eyes the mouth may lie, in distances between the eyes; about 1.1 in a frontal face."""

_CHIP_PX: Final = 75
_BURNT_OUT: Final = 250
_LEAST_CONTRAST: Final = 4.0
"""Grey levels; less is noise."""
_SURE: Final = 0.95
_STEEPNESS: Final = 8
"""How fast a look's worth falls with the detector's certainty."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What is measured of one face: `yaw` and `misfit` in distances between the eyes, `clipped` as a share of the box.

    `sharpness` is the variance of the Laplacian of the grey chip, 75 px wide; `brightness` and `contrast` are mean and deviation of its
    grey levels, `glare` the share of it that is burnt out.
    """

    face_px: int
    clipped: float
    sharpness: float
    brightness: float
    contrast: float
    glare: float
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
        contrast=float(middle.std()),
        glare=float((middle >= _BURNT_OUT).mean()),
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
        (looks.glare > MAX_GLARE, Gate.TOO_BRIGHT),
        (_is_blurred(looks), Gate.BLURRED),
    )
    return next((gate for fails, gate in refused if fails), None)


def _is_blurred(looks: Looks) -> bool:
    return looks.sharpness < MIN_SHARPNESS and looks.sharpness < MIN_CRISPNESS * max(looks.contrast, _LEAST_CONTRAST) ** 2


def _value(looks: Looks, certainty: float) -> float:
    """From 0 to 1: how sure the detector is, steeply, and how frontal the face.

    The detector's certainty tells better than anything measured of the image how near a look comes to its person's template (rank
    correlation 0.65; a product of size, sharpness, frontality and certainty 0.41; sharpness 0.36, size 0.14). Weighted by it, seven
    poor looks fused lead the nearest stranger by 0.049 on average, weighted by that product by 0.047, all alike by 0.044.
    """
    frontal = max(0.0, 1 - looks.yaw / (2 * MAX_YAW))
    return float(min(1.0, certainty / _SURE) ** _STEEPNESS * frontal)
