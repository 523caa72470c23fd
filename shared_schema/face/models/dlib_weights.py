"""Reads the layers of dlib's face network out of its serialised file: only what the compiler needs."""

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]


class WeightsError(ValueError):
    """The file is not the serialised network that was expected."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """`kernel` is (filters, rows, columns, channels), `bias` (filters,); the affine layer behind it is folded in."""

    kernel: Weights
    bias: Weights
    stride: int


@dataclass(frozen=True, slots=True)
class Network:
    """The layers from the input to the output; `projection` is (128, 256)."""

    convolutions: tuple[Convolution, ...]
    projection: Weights

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the whole file; raises WeightsError when a layer is missing or has impossible sizes."""
        tags = sorted([*_find(data, b"con_4"), *_find(data, b"affine_"), *_find(data, b"fc_2")])
        convolutions: list[Convolution] = []
        pending: _Raw | None = None
        projection: Weights | None = None
        for start, tag in tags:
            reader = _Reader(data, start)
            if tag == b"con_4":
                pending = _read_convolution(reader)
            elif tag == b"affine_" and pending is not None:
                convolutions.append(_fold(pending, _read_tensor(reader).reshape(2, -1)))
                pending = None
            elif tag == b"fc_2":
                projection = _read_projection(reader)
        if projection is None or not convolutions:
            raise WeightsError("the file holds no face network; give dlib_face_recognition_resnet_model_v1.dat")
        return cls(tuple(convolutions), projection)


@dataclass(frozen=True, slots=True)
class _Raw:
    params: Weights
    filters: int
    rows: int
    columns: int
    stride: int


class _Reader:
    """A place in the file. An integer is a byte with its size (and the sign in the top bit), then that many bytes."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def integer(self) -> int:
        head = self._data[self._at]
        size = head & 0x0F
        if not 1 <= size <= 8:
            raise WeightsError(f"no integer at byte {self._at}")
        value = int.from_bytes(self._data[self._at + 1 : self._at + 1 + size], "little")
        self._at += 1 + size
        return -value if head & 0x80 else value

    def floats(self, count: int) -> Weights:
        if count > (len(self._data) - self._at) // 4:
            raise WeightsError(f"a tensor of {count} numbers does not fit into the file")
        values = np.frombuffer(self._data, "<f4", count, self._at)
        self._at += 4 * count
        return values


def _find(data: bytes, tag: bytes) -> list[tuple[int, bytes]]:
    """Every place right behind the tag, which is written with its length in front."""
    marked = struct.pack("<BB", 1, len(tag)) + tag
    found: list[tuple[int, bytes]] = []
    at = data.find(marked)
    while at >= 0:
        found.append((at + len(marked), tag))
        at = data.find(marked, at + 1)
    return found


def _read_tensor(reader: _Reader) -> Weights:
    """Version, four sizes, then the numbers."""
    version = reader.integer()
    if version != 2:
        raise WeightsError(f"a tensor of version {version}, expected 2")
    sizes = tuple(reader.integer() for _ in range(4))
    return reader.floats(int(np.prod(sizes))).reshape(sizes)


def _read_convolution(reader: _Reader) -> _Raw:
    params = _read_tensor(reader).reshape(-1)
    filters, rows, columns, stride, _ = (reader.integer() for _ in range(5))
    return _Raw(params, filters, rows, columns, stride)


def _read_projection(reader: _Reader) -> Weights:
    """The last layer: how many numbers go out and in, then the matrix (in, out), without a bias."""
    outputs, inputs = reader.integer(), reader.integer()
    return np.ascontiguousarray(_read_tensor(reader).reshape(inputs, outputs).T)


def _fold(raw: _Raw, affine: Weights) -> Convolution:
    """Fold gamma and beta of the affine layer into the convolution before it."""
    gamma, beta = affine
    kernel = raw.params[: -raw.filters].reshape(raw.filters, -1, raw.rows, raw.columns).transpose(0, 2, 3, 1)
    folded = kernel * gamma[:, np.newaxis, np.newaxis, np.newaxis]
    return Convolution(np.ascontiguousarray(folded), raw.params[-raw.filters :] * gamma + beta, raw.stride)
