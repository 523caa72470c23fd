"""Embeddings as bytes, and the checks every embedding passes before it is used."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_schema.face.types import Embedding, Embeddings, FaceError

UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of an embedding may be: float16 rounding stays well within."""


def check_embeddings(rows: NDArray[np.generic], dimension: int) -> Embeddings:
    """Return the rows as unit float32 (n, dimension); raise FaceError for another shape, NaN or a length other than 1."""
    if rows.ndim != 2 or rows.shape[1] != dimension:
        raise FaceError("wrong_dimension", f"embeddings have shape {rows.shape}, expected (n, {dimension}); embed the samples again")
    checked = np.ascontiguousarray(rows, np.float32)
    if not np.isfinite(checked).all():
        raise FaceError("not_finite", "an embedding holds NaN or infinity; embed the sample again")
    lengths = np.linalg.norm(checked, axis=1)
    if np.abs(lengths - 1).max(initial=0) > UNIT_TOLERANCE:
        raise FaceError("not_unit", "an embedding is not of unit length; embed the sample again")
    return checked


def check_embedding(vector: NDArray[np.generic], dimension: int) -> Embedding:
    """As `check_embeddings`, for one vector of shape (dimension,)."""
    return np.asarray(check_embeddings(vector[np.newaxis], dimension)[0])


def unit(rows: NDArray[np.generic]) -> Embeddings:
    """Scale every row to length 1, float32. A row of zeros has no direction and is refused."""
    wide = np.asarray(rows, np.float64)
    lengths = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths <= 0).any():
        raise FaceError("not_finite", "the embedder returned a vector without direction; check the model file")
    return np.asarray(wide / lengths, np.float32)


def encode_embedding(embedding: Embedding) -> bytes:
    """Little-endian float32, as it is stored and sent."""
    if embedding.ndim != 1:
        raise FaceError("wrong_dimension", f"an embedding has one axis, not {embedding.ndim}")
    return np.asarray(embedding, "<f4").tobytes()


def decode_embedding(data: bytes, dimension: int) -> Embedding:
    """The inverse of `encode_embedding`; raises FaceError unless it is `dimension` finite numbers of unit length."""
    if len(data) != 4 * dimension:
        raise FaceError("wrong_dimension", f"an embedding of {dimension} numbers has {4 * dimension} bytes, got {len(data)}")
    return check_embedding(np.frombuffer(data, "<f4"), dimension)


def decode_embeddings(parts: Sequence[bytes], dimension: int) -> Embeddings:
    """Several embeddings as rows (n, dimension)."""
    if not parts:
        return np.empty((0, dimension), np.float32)
    return np.stack([decode_embedding(part, dimension) for part in parts])
