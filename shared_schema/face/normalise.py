"""Pixels as a network wants them, by its manifest."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.manifest import ModelFile, Normalisation
from shared_schema.face.types import Bgr


def normalised(image: Bgr, model: ModelFile) -> NDArray[np.float32]:
    """A BGR image of the model's size as float32 (1, rows, columns, 3) in the model's colour order and range."""
    ordered = cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if model.colour == "RGB" else image
    if model.normalisation.kind == "fixed":
        return np.asarray(cv2.LUT(ordered, _table(model.normalisation)), np.float32)[np.newaxis]
    values = np.asarray(ordered, np.float32)
    # A flat image has no deviation; this floor is the one the public FaceNet conversions use.
    deviation = max(float(values.std()), 1 / float(np.sqrt(values.size)))
    return np.asarray((values - values.mean()) / np.float32(deviation), np.float32)[np.newaxis]


@cache
def _table(rule: Normalisation) -> NDArray[np.float32]:
    """What becomes of each of the 256 values of each channel: looking up is faster than computing."""
    grey = np.arange(256, dtype=np.float32)[np.newaxis, :, np.newaxis]
    return np.asarray((grey - np.array(rule.mean, np.float32)) * np.float32(rule.scale), np.float32)
