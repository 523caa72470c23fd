"""Fills a root file system for the run: the product, frames for the virtual camera, and a claimed node. For the development environment.

`prepare.py ROOT`
"""

import shutil
import sys
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_client.identity import Identity, IdentityFolder, KeyFolder
from shared_schema.ids import NodeId
from tests.bench.face_frames import corridor, portraits, walk

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
SIZE = (1280, 720)
FRAMES_PER_SECOND = 15
CONFIG = f"""state = "/var/lib/lintel-node"

[camera]
kind = "picamera"
width = {SIZE[0]}
height = {SIZE[1]}
sensor_fps = {FRAMES_PER_SECOND}
"""


def main() -> None:
    root = Path(sys.argv[1])
    for package in ("edge_client", "shared_schema"):
        shutil.copytree(PROJECT / package, root / "opt/project" / package, dirs_exist_ok=True)
    for file in ("node.py", "udmabuf.c"):
        shutil.copy(HERE / file, root / "opt" / file)
    pipeline = root / "usr/share/libcamera/pipeline/virtual"
    pipeline.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "virtual.yaml", pipeline)
    write_frames(root / "opt/frames")
    state = root / "var/lib/lintel-node"
    shutil.rmtree(state, ignore_errors=True)
    claim(state)
    (root / "etc/lintel-node.toml").write_text(CONFIG, encoding="utf-8")


def write_frames(folder: Path) -> None:
    """Two seconds of nobody, somebody who walks up to the camera, and two seconds of nobody; the pipeline plays it again and again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    empty = 2 * FRAMES_PER_SECOND
    shown = [corridor(number) for number in range(empty)]
    shown += [frame for frame in walk(portraits()[0], first=empty) for _ in range(3)]
    shown += [corridor(len(shown) + number) for number in range(empty)]
    for number, frame in enumerate(shown):
        cv2.imwrite(str(folder / f"{number:04}.jpg"), np.asarray(cv2.resize(frame, SIZE), np.uint8))


def claim(state: Path) -> None:
    """An identity as a claim would leave it, of a server that is never asked."""
    KeyFolder(state).ensure()
    IdentityFolder(state).save(
        Identity(
            node=NodeId(UUID(int=1)),
            seal_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
            next_epoch=1,
            server="http://127.0.0.1:9",
            door_name="virtual",
            site_time_zone="UTC",
        )
    )


if __name__ == "__main__":
    main()
