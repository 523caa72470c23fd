from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from skimage import data

from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr


@pytest.fixture(scope="session")
def model_set() -> ModelSet:
    return ModelSet.load()


@pytest.fixture(scope="session")
def pipeline(model_set: ModelSet) -> FacePipeline:
    return FacePipeline(model_set, threads=1)


@pytest.fixture(scope="session")
def astronaut() -> Bgr:
    """Public domain (NASA): one person, the face about 100 px wide."""
    picture = data.astronaut()  # type: ignore[no-untyped-call]
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)


@pytest.fixture(scope="session")
def officer_file() -> Path:
    """Public domain (US Navy): one person, the face about 200 px wide."""
    return Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"


@pytest.fixture(scope="session")
def officer(officer_file: Path) -> Bgr:
    return np.asarray(cv2.imread(str(officer_file)), np.uint8)
