"""The process around the loop: what it ends with, and that a driver which hangs cannot keep it."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.outbox.status import list_records
from tests.edge_client.fakes import an_identity

ROOT = Path(__file__).parents[2]
NODE = """
import sys, threading
import numpy as np
from edge_client import __main__, capture
from edge_client.camera import Frame
from edge_client.clock import SystemClock
from edge_client.errors import CameraHung

class Camera:
    def __init__(self):
        self.left = 3
    def next(self, interval_ms):
        if not self.left:
            raise CameraHung("the camera gave no frame for 5 s")
        self.left -= 1
        return Frame(np.random.default_rng(self.left).integers(0, 255, (120, 160, 3), np.uint8), SystemClock().boot_ns())
    def close(self):
        pass
    def release(self):
        if sys.argv[1] == "hangs":
            threading.Event().wait()

capture.open_camera = lambda config, clock: Camera()
capture.LET_GO_WITHIN_S = 0.2
sys.exit(__main__.main(["capture", "--config", sys.argv[2]]))
"""


@pytest.mark.parametrize("driver", ["hangs", "lets go"])
def test_a_camera_that_hangs_ends_the_process_for_its_next_start_with_everything_recorded(tmp_path: Path, driver: str) -> None:
    KeyFolder(tmp_path).ensure()
    IdentityFolder(tmp_path).save(an_identity())
    config = tmp_path / "node.toml"
    config.write_text('state = "."\n[camera]\nkind = "picamera"\n')
    command = [sys.executable, "-c", NODE, driver, str(config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1, done.stderr
    assert "the camera gave no frame for 5 s" in done.stderr
    assert ("driver does not let go" in done.stderr) is (driver == "hangs")
    assert [record.kind for record in list_records(tmp_path / "outbox")] == ["observation"]
