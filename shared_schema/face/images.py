"""Images from outside: limits are checked on the header, before anything is decoded."""

import struct
from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np

from shared_schema.face.types import Bgr, FaceError

MAX_BYTES: Final = 20_000_000
MAX_PIXELS: Final = 50_000_000

Size = tuple[int, int]
"""Width and height in pixels."""

_NOT_AN_IMAGE = "this is not an image that can be read; send a JPEG, PNG, WebP or BMP file"


def decode_image(data: bytes) -> Bgr:
    """Decode a JPEG, PNG, WebP or BMP into BGR, turned upright by its EXIF orientation.

    FaceError: not_an_image (also for a truncated file), image_too_large (more than 20 MB or 50 million pixels).
    """
    if len(data) > MAX_BYTES:
        raise FaceError("image_too_large", f"the image has {len(data) / 1e6:.0f} MB; send at most {MAX_BYTES // 1_000_000} MB")
    width, height = header_size(data)
    if width * height > MAX_PIXELS:
        raise FaceError("image_too_large", f"the image has {width}×{height} pixels; send at most {MAX_PIXELS // 1_000_000} million")
    if not _ends(data):
        raise FaceError("not_an_image", "the image is cut off; send the whole file")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise FaceError("not_an_image", _NOT_AN_IMAGE) from error
    if image is None:
        raise FaceError("not_an_image", _NOT_AN_IMAGE)
    return np.asarray(image, np.uint8)


def encode_jpeg(image: Bgr, quality: int = 85) -> bytes:
    """A BGR image as JPEG."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise FaceError("wrong_shape", f"an image of shape {image.shape} cannot be written as JPEG")
    return data.tobytes()


def header_size(data: bytes) -> Size:
    """Width and height as the header states them; FaceError not_an_image for an unknown or damaged header."""
    for magic, read in _READERS:
        if data.startswith(magic):
            try:
                width, height = read(data)
            except (struct.error, IndexError) as error:
                raise FaceError("not_an_image", _NOT_AN_IMAGE) from error
            if width > 0 and height > 0:
                return width, height
    raise FaceError("not_an_image", _NOT_AN_IMAGE)


def _png(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _bmp(data: bytes) -> Size:
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _webp(data: bytes) -> Size:
    if data[8:12] != b"WEBP":
        return 0, 0
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(data: bytes) -> Size:
    """The first start-of-frame (C0–CF without C4, C8 and CC) states the size."""
    for marker, at in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
    return 0, 0


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of each segment of a JPEG's header, the start of scan (DA) being the last."""
    at, marker = 2, 0
    while marker != 0xDA:
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        yield marker, at
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + length


def _ends(data: bytes) -> bool:
    """Is the end of the picture there? Decoders fill what is missing of a JPEG or PNG with grey and say nothing."""
    if data.startswith(b"\xff\xd8"):
        try:
            scan = next(at for marker, at in _segments(data) if marker == 0xDA)
        except (StopIteration, IndexError, struct.error):
            return False
        # Within a scan a marker cannot occur by chance; phones append films behind the end.
        return data.find(b"\xff\xd9", scan) >= 0
    if data.startswith(b"\x89PNG"):
        return b"IEND" in data[-4096:]
    return True


_READERS: Final[tuple[tuple[bytes, Callable[[bytes], Size]], ...]] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    (b"BM", _bmp),
)
