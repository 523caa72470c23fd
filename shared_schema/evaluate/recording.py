"""Frames with their time, out of a recording or a camera."""

from collections.abc import Iterator

import cv2
import numpy as np

from shared_schema.face.types import Bgr, FaceError
from shared_schema.ids import BootNs

_NS_PER_S = 1_000_000_000


def frames_of(source: str) -> Iterator[tuple[BootNs, Bgr]]:
    """(time from the start, BGR frame) of a video file, or of the camera whose number `source` is. FaceError: bad_clip."""
    camera = source.isdecimal()
    capture = cv2.VideoCapture(int(source)) if camera else cv2.VideoCapture(source)
    try:
        yield from _frames(capture, camera=camera)
    except ValueError as error:
        what = f"camera {source} gives no frames; check its number and its cable" if camera else f"{source} is no video that can be read"
        raise FaceError("bad_clip", what) from error
    finally:
        capture.release()


def _frames(capture: cv2.VideoCapture, *, camera: bool) -> Iterator[tuple[BootNs, Bgr]]:
    """Raises ValueError when there is not a single frame."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if np.isfinite(rate) and rate > 0 else 25.0
    began = cv2.getTickCount()
    index = 0
    while True:
        read, frame = capture.read()
        if not read:
            break
        seconds = (cv2.getTickCount() - began) / cv2.getTickFrequency() if camera else index / rate
        yield BootNs(round(seconds * _NS_PER_S)), np.asarray(frame, np.uint8)
        index += 1
    if index == 0:
        raise ValueError
