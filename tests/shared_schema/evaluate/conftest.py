from collections.abc import Callable
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from skimage import data

from shared_schema.face.types import Bgr

DATA = Path(__file__).parents[3] / "../shared/data"
Show = Callable[[Path, int], None]


@pytest.fixture(scope="session")
def lfw() -> Path:
    """The development part of LFW."""
    folder = DATA / "lfw-dev"
    if not (folder / "pairs.txt").is_file():
        pytest.skip("the development data (lfw-dev) is not beside the project")
    return folder


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Two people with three pictures each, made from public-domain portraits, in the layout of LFW; the officer's last file is broken."""
    picture = data.astronaut()  # type: ignore[no-untyped-call]
    astronaut = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)[0:300, 80:380]
    officer = np.asarray(cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg")), np.uint8)
    for name, image in (("Astro_Naut", astronaut), ("Naval_Officer", officer)):
        _write(tmp_path / "images" / name, name, image)
    (tmp_path / "images" / "Naval_Officer" / "Naval_Officer_0003.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    return tmp_path


def _write(folder: Path, name: str, image: Bgr) -> None:
    folder.mkdir(parents=True)
    small = cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    for number, picture in enumerate((image, small, image[:, ::-1]), 1):
        cv2.imwrite(str(folder / f"{name}_{number:04d}.jpg"), picture)
