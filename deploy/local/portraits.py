"""The built-in people: public-domain portraits that ship inside Python packages, with the outline of the person in each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
"""Image, uint8 (height, width, 3), blue first."""
Mask = NDArray[np.float32]
"""Opacity of each pixel, float32 (height, width), 0 to 1."""

FEATHER_PX = 5


def _astronaut_bgr() -> Bgr:
    # scikit-image takes a while to import and only the builder of the clip needs it
    from skimage.data import astronaut  # noqa: PLC0415

    rgb: Bgr = astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(rgb[:, :, ::-1])


def _hopper_bgr() -> Bgr:
    path = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(path)
    return image.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A portrait and what the clip needs to know of it, in pixels of the portrait."""

    name: str
    source: str
    image_bgr: Callable[[], Bgr]
    outline: tuple[tuple[int, int], ...]
    face_centre: tuple[int, int]
    face_width_px: int
    legs_bgr: tuple[int, int, int]

    def mask(self) -> Mask:
        """The person without the background, with a soft edge."""
        height, width = self.image_bgr().shape[:2]
        hard = np.zeros((height, width), np.uint8)
        cv2.fillPoly(hard, [np.array(self.outline, np.int32)], (255,))
        eroded = cv2.erode(hard, np.ones((3, 3), np.uint8))
        soft = cv2.GaussianBlur(eroded, (0, 0), FEATHER_PX / 2)
        return (soft / np.float32(255)).astype(np.float32)


COLLINS = Portrait(
    name="Eileen Collins",
    source="scikit-image, data.astronaut(): NASA, public domain",
    image_bgr=_astronaut_bgr,
    outline=(
        (22, 511), (22, 420), (30, 330), (48, 270), (80, 238), (116, 212), (122, 182), (140, 160), (176, 150), (184, 140),
        (172, 122), (158, 108), (153, 84), (160, 60), (178, 40), (200, 24), (224, 16), (252, 20), (276, 34), (294, 58),
        (301, 84), (294, 108), (278, 126), (268, 136), (260, 172), (286, 190), (302, 216), (304, 240), (336, 262), (346, 300),
        (340, 336), (306, 362), (286, 400), (278, 450), (276, 511),
    ),
    face_centre=(226, 112),
    face_width_px=94,
    legs_bgr=(36, 70, 190),
)  # fmt: skip

HOPPER = Portrait(
    name="Grace Hopper",
    source="matplotlib, sample_data/grace_hopper.jpg: US Navy, public domain",
    image_bgr=_hopper_bgr,
    outline=(
        (14, 599), (20, 500), (30, 430), (62, 386), (130, 356), (196, 330), (198, 300), (178, 272), (160, 240), (152, 204),
        (158, 168), (148, 140), (150, 112), (172, 88), (176, 60), (204, 36), (240, 24), (284, 24), (322, 36), (348, 60),
        (354, 84), (370, 100), (371, 140), (362, 170), (376, 200), (370, 236), (358, 272), (344, 306), (330, 318), (334, 334),
        (392, 358), (450, 380), (490, 406), (504, 450), (510, 520), (511, 599),
    ),
    face_centre=(266, 222),
    face_width_px=176,
    legs_bgr=(44, 36, 34),
)  # fmt: skip

ENROLLED = (COLLINS,)
"""Whom the demo enrols when no folder of people is given."""
WALKERS = (COLLINS, HOPPER)
"""Who walks through the built-in clip, in this order: one enrolled, one stranger."""
