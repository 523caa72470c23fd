import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.sealing import CROP, PROBE, SealError, seal, unseal

PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
PRIVATE_BYTES = PRIVATE.private_bytes_raw()


@given(plain=st.binary(max_size=2000))
def test_what_was_sealed_opens_for_the_server(plain: bytes) -> None:
    assert unseal(seal(plain, public_key=PUBLIC, purpose=CROP), private_key=PRIVATE_BYTES, purpose=CROP) == plain


def test_sealing_twice_gives_different_bytes() -> None:
    assert seal(b"same", public_key=PUBLIC, purpose=CROP) != seal(b"same", public_key=PUBLIC, purpose=CROP)


def test_the_sealed_bytes_do_not_show_the_plain_ones() -> None:
    assert b"a face" not in seal(b"a face", public_key=PUBLIC, purpose=CROP)


def test_a_crop_does_not_open_as_a_probe() -> None:
    sealed = seal(b"image", public_key=PUBLIC, purpose=CROP)
    with pytest.raises(SealError, match="do not open"):
        unseal(sealed, private_key=PRIVATE_BYTES, purpose=PROBE)


def test_another_key_does_not_open_it() -> None:
    other = X25519PrivateKey.generate().private_bytes_raw()
    with pytest.raises(SealError):
        unseal(seal(b"image", public_key=PUBLIC, purpose=CROP), private_key=other, purpose=CROP)


@given(at=st.integers(0, 52), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_noticed(at: int, bit: int) -> None:
    sealed = bytearray(seal(b"image", public_key=PUBLIC, purpose=CROP))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(SealError):
        unseal(bytes(sealed), private_key=PRIVATE_BYTES, purpose=CROP)


@given(keep=st.integers(0, 52))
def test_truncated_bytes_do_not_open(keep: int) -> None:
    with pytest.raises(SealError):
        unseal(seal(b"image", public_key=PUBLIC, purpose=CROP)[:keep], private_key=PRIVATE_BYTES, purpose=CROP)
