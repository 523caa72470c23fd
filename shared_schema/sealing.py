"""Seal images and embeddings to the server, and a gallery to its node, so that a stolen card shows none of them.

HPKE (RFC 9180) in base mode: X25519, HKDF-SHA256, ChaCha20-Poly1305. Whoever has the public key can seal; only who
has the private one can open.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

PROBE = b"lintel probe 1"
CROP = b"lintel crop 1"
GALLERY = b"lintel gallery 1"
"""The purposes that sealed bytes are bound to: what was sealed as a crop does not open as a probe."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class SealError(ValueError):
    """The bytes were not sealed to this key for this purpose, or were changed since."""


def seal(plain: bytes, *, public_key: bytes, purpose: bytes) -> bytes:
    """Seal `plain` to a raw 32-byte X25519 public key."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public_key), info=purpose)


def unseal(sealed: bytes, *, private_key: bytes, purpose: bytes) -> bytes:
    """Open what was sealed to the key pair of a raw 32-byte X25519 private key. Raises SealError."""
    try:
        return _SUITE.decrypt(sealed, _private_key(private_key), info=purpose)
    except (InvalidTag, ValueError) as error:
        msg = "the sealed bytes do not open: sealed to another key, for another purpose, or damaged"
        raise SealError(msg) from error


@lru_cache(maxsize=4)
def _private_key(raw: bytes) -> X25519PrivateKey:
    """A server opens thousands of probes with one key; making it ready costs as much as opening."""
    return X25519PrivateKey.from_private_bytes(raw)
