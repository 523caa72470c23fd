"""`lintel-edge` as it is, on a picamera2 whose camera is libcamera's virtual one. Runs inside the root file system.

What a Pi has and the virtual pipeline has not is put in between, below the adapter: a picture in RGB888 (the pipeline gives NV12),
several streams, a list of the sensor's raw modes, and dma-buf memory. The adapter, capture and everything above are untouched.
"""

# ruff: noqa: E402 (what stands in comes first)

import contextlib
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

sys.modules["pykms"] = sys.modules["kms"] = mock.MagicMock(name="pykms")

import cv2
import libcamera
import numpy as np
import picamera2
import picamera2.picamera2 as inner
from numpy.typing import NDArray
from picamera2.allocators.libcameraallocator import LibcameraAllocator

from edge_client.__main__ import main


class LateAllocator(LibcameraAllocator):  # type: ignore[misc]
    """Memory from libcamera itself; it can only be asked for once the camera is open."""

    def __init__(self) -> None:
        super().__init__(None)
        self.allocator = None
        self.owner: Any = None

    def allocate(self, libcamera_config: object, use_case: object) -> None:
        self.camera = self.owner.camera
        super().allocate(libcamera_config, use_case)


class AsRgb888:
    """A request whose main picture is turned from NV12 into what a Pi would give."""

    def __init__(self, request: Any, width: int, height: int) -> None:
        self._request = request
        self._size = width, height

    def make_array(self, name: str) -> NDArray[np.uint8]:
        width, height = self._size
        planes = self._request.make_buffer(name)[: width * height * 3 // 2].reshape(height * 3 // 2, width)
        return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV12), np.uint8)

    def get_metadata(self) -> dict[str, object]:
        return dict(self._request.get_metadata())


class VirtualPicamera2(picamera2.Picamera2):  # type: ignore[misc]
    """The real class; only what the virtual pipeline lacks is answered here."""

    def __init__(self, camera_num: int = 0) -> None:
        allocator = LateAllocator()
        allocator.owner = self
        super().__init__(camera_num, allocator=allocator)

    def _get_raw_modes(self) -> list[dict[str, object]]:
        formats = self.camera.generate_configuration([libcamera.StreamRole.Viewfinder]).at(0).formats
        return [
            {"format": str(pixel), "size": (size.width, size.height)} for pixel in formats.pixel_formats for size in formats.sizes(pixel)
        ]

    def create_video_configuration(self, main: dict[str, object] | None = None, **rest: object) -> dict[str, object]:
        return dict(super().create_video_configuration(main={**(main or {}), "format": "NV12"}, **rest))

    @contextlib.contextmanager
    def captured_request(self, wait: float) -> Iterator[AsRgb888]:
        width, height = self.camera_configuration()["main"]["size"]
        with super().captured_request(wait=wait) as request:
            yield AsRgb888(request, width, height)


inner.DmaAllocator = LateAllocator  # what close() makes afresh
picamera2.Picamera2 = VirtualPicamera2

if __name__ == "__main__":
    sys.exit(main())
