import numpy as np
import pytest
from numpy.typing import NDArray

from shared_schema.face.types import FaceError
from shared_schema.face.vectors import check_embeddings, decode_embedding, decode_embeddings, encode_embedding, unit

ROW = unit(np.arange(1, 9, dtype=np.float32))


def test_an_embedding_survives_its_bytes() -> None:
    assert np.array_equal(decode_embedding(encode_embedding(ROW), 8), ROW)


def test_bytes_are_little_endian_float32() -> None:
    assert encode_embedding(np.array([1, 0], np.float32)) == b"\x00\x00\x80\x3f\x00\x00\x00\x00"


@pytest.mark.parametrize("data", [b"", b"\x00" * 31, encode_embedding(ROW)[:-4], encode_embedding(ROW) + b"\x00" * 4])
def test_bytes_of_another_dimension_are_refused(data: bytes) -> None:
    with pytest.raises(FaceError, match="32 bytes"):
        decode_embedding(data, 8)


def test_no_embeddings_are_an_empty_table() -> None:
    assert decode_embeddings([], 8).shape == (0, 8)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (np.full((1, 8), np.nan, np.float32), "not_finite"),
        (np.full((1, 8), np.inf, np.float32), "not_finite"),
        (np.ones((1, 8), np.float32), "not_unit"),
        (np.zeros((1, 8), np.float32), "not_unit"),
        (np.ones((1, 7), np.float32), "wrong_dimension"),
        (np.ones(8, np.float32), "wrong_dimension"),
    ],
)
def test_what_is_no_unit_vector_is_refused(rows: NDArray[np.float32], code: str) -> None:
    with pytest.raises(FaceError) as caught:
        check_embeddings(rows, 8)
    assert caught.value.code == code


@pytest.mark.parametrize("row", [np.zeros(8), np.full(8, np.nan)])
def test_a_vector_without_direction_cannot_be_scaled(row: NDArray[np.float64]) -> None:
    with pytest.raises(FaceError):
        unit(row)
