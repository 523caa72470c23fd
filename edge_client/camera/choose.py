"""The camera that a configuration names."""

from pathlib import Path

from edge_client.camera import Camera
from edge_client.camera.opencv import OpencvCamera
from edge_client.camera.replay import ReplayCamera, open_source
from edge_client.clock import Clock
from edge_client.config import CameraConfig


def open_camera(config: CameraConfig, clock: Clock) -> Camera:
    """Open it; a file is played as a clip, whichever kind it is named under. Raises CameraUnavailable."""
    if config.kind == "opencv" and not Path(config.source).is_file():
        return OpencvCamera(config.source, clock=clock)
    source = open_source(config.source, frames_per_second=config.frames_per_second)
    return ReplayCamera(source, clock=clock, pace=config.pace, repeat=config.repeat)
