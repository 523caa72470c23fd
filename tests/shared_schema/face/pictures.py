"""What tests do to pictures."""

import cv2
import numpy as np

from shared_schema.face.types import Bgr


def scaled(image: Bgr, factor: float) -> Bgr:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def smeared(image: Bgr, sigma: float) -> Bgr:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
