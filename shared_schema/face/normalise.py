"""Pixels as a network wants them, by its manifest."""

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.manifest import ModelFile
from shared_schema.face.types import Bgr


def normalised(image: Bgr, model: ModelFile) -> NDArray[np.float32]:
    """A BGR image of the model's size as float32 (1, rows, columns, 3) in the model's colour order and range."""
    ordered = cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if model.colour == "RGB" else image
    values = np.asarray(ordered, np.float32)
    rule = model.normalisation
    if rule.kind == "per_image":
        # A flat image has no deviation; this floor is the one the public FaceNet conversions use.
        deviation = max(float(values.std()), 1 / float(np.sqrt(values.size)))
        values = (values - values.mean()) / np.float32(deviation)
    else:
        values -= np.array(rule.mean, np.float32)
        values *= np.float32(rule.scale)
    return values[np.newaxis]
