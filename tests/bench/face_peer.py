"""What `face_recognition` does to a frame: dlib's HOG detector with one upsampling, its five-point predictor and its network.

It runs from the `dlib-bin` wheel in this process; the data files are read from the cached archive that the model set is made from.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_schema.face.models.sources import WEIGHTS, fetch
from shared_schema.face.types import Bgr

NAME = "face_recognition"
_MODELS = "face_recognition_models-0.3.0/face_recognition_models/models/"


class Peer:
    """Raises ImportError without dlib, SourceError without its data files. `known`: descriptors (n, 128) to compare with."""

    def __init__(self, known: NDArray[np.float64]) -> None:
        import dlib  # noqa: PLC0415 (installed by `make bench` alone)

        fetch()
        self._known = known
        self._detector = dlib.get_frontal_face_detector()
        with tempfile.TemporaryDirectory() as folder:
            self._predictor = dlib.shape_predictor(str(_unpack("shape_predictor_5_face_landmarks.dat", Path(folder))))
            self._network = dlib.face_recognition_model_v1(str(_unpack("dlib_face_recognition_resnet_model_v1.dat", Path(folder))))

    def __call__(self, frame: Bgr) -> int:
        """Find, encode and compare every face of a BGR frame; how many there were."""
        picture = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        places = self._detector(picture, 1)
        for place in places:
            descriptor = np.array(self._network.compute_face_descriptor(picture, self._predictor(picture, place), 1))
            np.linalg.norm(self._known - descriptor, axis=1).argmin()
        return len(places)


def _unpack(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(WEIGHTS.read(_MODELS + name))
    return path
