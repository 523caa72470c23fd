"""Encryption at rest: AES-256-GCM under the installation's data key, which is never in the database."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.core import secrets

TEMPLATE = b"lintel template 1"
PROBE = b"lintel probe 1"
SAMPLE = b"lintel sample 1"
"""The purposes that encrypted bytes are bound to: a probe's bytes do not open as a template."""

NONCE_BYTES = 12
OVERHEAD_BYTES = NONCE_BYTES + 16


class CipherError(ValueError):
    """The bytes were encrypted under another key or for another purpose, or were changed since."""


class Cipher:
    """Encrypts and decrypts under one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def encrypt(self, plain: bytes, *, purpose: bytes) -> bytes:
        """Nonce and ciphertext in one: `OVERHEAD_BYTES` longer than `plain`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, purpose)

    def decrypt(self, stored: bytes | memoryview, *, purpose: bytes) -> bytes:
        """The plain bytes. Raises CipherError."""
        data = bytes(stored)
        try:
            return self._aead.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], purpose)
        except (InvalidTag, ValueError) as error:
            raise CipherError("the stored bytes do not open: wrong data key, wrong purpose, or damaged") from error


def current() -> Cipher:
    """The installation's cipher. Raises SecretsError before `lintel-server init`."""
    return Cipher(secrets.current().data_key)
