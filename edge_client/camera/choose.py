"""The camera that a configuration names."""

import os
from pathlib import Path

import cv2

from edge_client.camera import Camera
from edge_client.camera.opencv import OpencvCamera
from edge_client.camera.picamera import PicameraCamera
from edge_client.camera.replay import ReplayCamera, open_source
from edge_client.clock import Clock
from edge_client.config import CameraConfig


def open_camera(config: CameraConfig, clock: Clock) -> Camera:
    """Open it; a file is played as a clip, whichever kind it is named under. Raises CameraUnavailable."""
    _silence_opencv()
    if config.kind == "picamera":
        return PicameraCamera(config, clock=clock)
    if config.kind == "opencv" and not Path(config.source).is_file():
        return OpencvCamera(config.source, clock=clock)
    source = open_source(config.source, frames_per_second=config.frames_per_second)
    return ReplayCamera(source, clock=clock, pace=config.pace, repeat=config.repeat)


def _silence_opencv() -> None:
    """What it would print about a camera is said in our own words; lines of its own would break the log."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # OpenCV moved the function between 4.11 and 4.14.
    logging_of_opencv = getattr(cv2.utils, "logging", cv2)
    logging_of_opencv.setLogLevel(0)
