"""Frames of 1280×720 with one face each, and an empty corridor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from shared_schema.face.types import Bgr

CLIP: Final = Path(__file__).parents[2] / "../shared/data/clips/press-event.mp4"
SIZE: Final = (1280, 720)
_ALONE: Final = range(84, 208)
"""The frames of the clip in which one person is seen, from near."""


def corridor(number: int = 0) -> Bgr:
    """Nobody is there; the sensor's noise differs from frame to frame."""
    high, wide = SIZE[1], SIZE[0]
    shade = np.linspace(70, 130, wide, dtype=np.float32)[np.newaxis, :, np.newaxis]
    noise = np.random.default_rng(number).normal(0, 3, (high, wide, 3)).astype(np.float32)
    frame = shade + noise
    frame[:, 900:1000] -= 30
    frame[560:] += 25
    return np.asarray(np.clip(frame, 0, 255), np.uint8)


def portraits() -> tuple[Bgr, Bgr]:
    """Two public-domain portraits, from scikit-image and matplotlib."""
    import matplotlib as mpl  # noqa: PLC0415 (optional packages, loaded when they are needed)
    from skimage import data  # noqa: PLC0415

    picture = data.astronaut()  # type: ignore[no-untyped-call]
    officer = cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)[0:300, 80:380], np.uint8), np.asarray(officer, np.uint8)


def walk(portrait: Bgr, *, frames: int = 14, first: int = 0) -> Iterator[Bgr]:
    """A portrait that comes nearer: from a quarter of the frame's height to nearly all of it, and to the right as it comes."""
    for step in range(frames):
        high = round(SIZE[1] * (0.25 + 0.7 * step / max(1, frames - 1)))
        wide = round(portrait.shape[1] * high / portrait.shape[0])
        small = cv2.resize(portrait, (wide, high), interpolation=cv2.INTER_AREA if high < portrait.shape[0] else cv2.INTER_CUBIC)
        frame = corridor(first + step)
        left = 80 + 30 * step
        frame[SIZE[1] - high :, left : left + wide] = small[:, : SIZE[0] - left]
        yield frame


def clip(*, every: int) -> Iterator[Bgr]:
    """Frames of the development clip, grown to 1280×720; none where the clip is absent."""
    video = cv2.VideoCapture(str(CLIP))
    for number in range(_ALONE.stop):
        read, frame = video.read()
        if not read:
            return
        if number in _ALONE and number % every == 0:
            yield np.asarray(cv2.resize(frame, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
