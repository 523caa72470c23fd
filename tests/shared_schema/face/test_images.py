import struct
import zlib

import cv2
import numpy as np
import pytest

from shared_schema.face.images import MAX_BYTES, decode_image, encode_jpeg, header_size
from shared_schema.face.types import Bgr, FaceError


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    body = struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + body + b"\x00\x00\x00\x00IEND\xae\x42\x60\x82"


def written(image: Bgr, suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, image)
    assert done
    return data.tobytes()


def code_of(data: bytes) -> str:
    with pytest.raises(FaceError) as caught:
        decode_image(data)
    return caught.value.code


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp"])
def test_usual_formats_are_read_with_their_size(astronaut: Bgr, suffix: str) -> None:
    image = astronaut[:300, :200]
    data = written(image, suffix)
    assert header_size(data) == (200, 300)
    assert np.abs(decode_image(data).astype(int) - image).mean() < 4


def test_a_pixel_flood_is_refused_by_its_header() -> None:
    assert code_of(png_header(100_000, 100_000)) == "image_too_large"
    flood = bytearray(encode_jpeg(np.zeros((8, 8, 3), np.uint8)))
    at = flood.index(b"\xff\xc0")
    flood[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    assert code_of(bytes(flood)) == "image_too_large"


def test_too_many_bytes_are_refused_unread() -> None:
    assert code_of(b"\xff\xd8\xff" + bytes(MAX_BYTES)) == "image_too_large"


def test_a_truncated_jpeg_or_png_is_not_an_image(astronaut: Bgr) -> None:
    for suffix in (".jpg", ".png"):
        data = written(astronaut, suffix)
        assert code_of(data[: len(data) // 2]) == "not_an_image"
        assert code_of(data[:30]) == "not_an_image"


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + bytes(50), b"%PDF-1.7", b"\xff\xd8\xff", b"RIFF0000WAVE", bytes(1000)])
def test_what_is_not_an_image_is_said_to_be_none(data: bytes) -> None:
    assert code_of(data) == "not_an_image"


def test_a_damaged_body_is_not_an_image() -> None:
    assert code_of(png_header(10, 10)) == "not_an_image"


def test_an_image_lying_on_its_side_is_turned_upright(astronaut: Bgr) -> None:
    upright = decode_image(encode_jpeg(astronaut[:300, :200]))
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    plain = encode_jpeg(np.rot90(astronaut[:300, :200]))
    tagged = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    assert decode_image(tagged).shape == upright.shape
    assert np.abs(decode_image(tagged).astype(int) - upright).mean() < 5


def test_a_grey_image_becomes_bgr(astronaut: Bgr) -> None:
    assert decode_image(written(astronaut[:, :, 0], ".png")).shape == astronaut.shape
