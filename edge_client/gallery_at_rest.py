"""The key under which a gallery may lie on the card: made of a secret from the server and the board's own key.

Capture alone can read the board's key, so capture alone can open the gallery. The public half lies in
`<state>/cache/gallery.pub`, for the courier to seal to. A stolen card has the server's secret and the sealed gallery,
and not the board's key; a stolen board with its card has all three.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge_client.files import make_private_folder, write_private
from shared_schema.sealing import GALLERY, SealError, seal, unseal

_INFO: Final = b"lintel gallery at rest 1"
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class RestKey:
    """An X25519 key pair, 32 raw bytes each."""

    private: bytes = field(repr=False)
    public: bytes

    @classmethod
    def derive(cls, *, gallery_secret: bytes, board_key: bytes) -> Self:
        private = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=gallery_secret, info=_INFO).derive(board_key)
        return cls(private, X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed to this key; None when it was sealed to another or is damaged."""
        try:
            return unseal(sealed, private_key=self.private, purpose=GALLERY)
        except SealError:
            return None


class PublicHalf:
    """`<state>/cache/gallery.pub`: capture writes it, the courier seals to it. Without it nothing is kept on the card."""

    def __init__(self, cache: Path) -> None:
        self._path = cache / "gallery.pub"

    def read(self) -> bytes | None:
        try:
            found = self._path.read_bytes()
        except FileNotFoundError:
            return None
        return found if len(found) == _KEY_BYTES else None

    def publish(self, key: RestKey | None) -> bool:
        """Leave the public half of `key`, or none. True when it was another one before: nobody can open what was sealed to that."""
        if key is not None and self.read() == key.public:
            return False
        if key is None:
            there = self._path.exists()
            self._path.unlink(missing_ok=True)
            return there
        make_private_folder(self._path.parent)
        write_private(self._path, key.public)
        return True


def seal_to(public_half: bytes, plain: bytes) -> bytes:
    """Seal a gallery so that only this node's capture, on this board, can open it."""
    return seal(plain, public_key=public_half, purpose=GALLERY)
