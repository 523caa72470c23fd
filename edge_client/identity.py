"""Who the node is: its key, made here and never sent, and what the server answered to its claim.

`<state>/keys/` is capture's alone, `<state>/identity/` is for both processes; its token is the courier's (`node_token`).
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError

from edge_client.errors import EdgeError, NotClaimed
from edge_client.files import make_private_folder, make_secret_folder, sync_folder, write_private, write_secret
from shared_schema.base import Base64Bytes, WireModel
from shared_schema.envelope import MAX_INT
from shared_schema.ids import NodeId
from shared_schema.node import ClaimAnswer

_KEY_BYTES = 32


class Identity(WireModel):
    """What `identity.json` holds. The gallery's secret never appears in a text form of it."""

    node: NodeId
    seal_key: Base64Bytes = Field(min_length=_KEY_BYTES, max_length=_KEY_BYTES)
    next_epoch: int = Field(ge=1, le=MAX_INT)
    server: str
    door_name: str
    site_time_zone: str
    gallery_secret: Base64Bytes | None = Field(default=None, repr=False, min_length=_KEY_BYTES, max_length=_KEY_BYTES)

    @classmethod
    def of_claim(cls, answer: ClaimAnswer, *, server: str) -> Self:
        return cls.model_validate({**answer.model_dump(exclude={"token", "token_generation"}), "server": server})


class IdentityFolder:
    """`<state>/identity/identity.json`."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "identity"
        self._identity = self._folder / "identity.json"

    def load(self) -> Identity:
        """The identity. Raises NotClaimed when there is none."""
        try:
            return Identity.model_validate_json(self._identity.read_bytes())
        except FileNotFoundError:
            raise NotClaimed("this node is not claimed yet; run `lintel-edge claim` with the server's URL and a claim token") from None
        except ValidationError as error:
            raise EdgeError(f"{self._identity} is damaged; claim the node again with a new token: {_first(error)}") from error

    def save(self, identity: Identity) -> None:
        """Keep the answer to a claim."""
        make_private_folder(self._folder)
        write_private(self._identity, identity.model_dump_json(indent=1).encode())


class KeyFolder:
    """`<state>/keys/`, for capture's account alone: `signing.key`, a raw Ed25519 key.

    Earlier releases kept the key under `identity/`; it is moved when it is found there.
    """

    def __init__(self, state: Path) -> None:
        self._folder = state / "keys"
        self._key = self._folder / "signing.key"
        self._before = state / "identity" / "signing.key"

    def signer(self) -> Ed25519PrivateKey:
        """The signing key. Raises NotClaimed when there is none."""
        self._move()
        return _load(self._before if self._before.exists() and not self._key.exists() else self._key)

    def public_key(self) -> bytes:
        """Raises NotClaimed when there is no key."""
        return self.signer().public_key().public_bytes_raw()

    def ensure(self) -> bytes:
        """The raw public key. A key is made, and is durable, before it is told to anybody.

        So a claim that is repeated after a lost answer uses the same key.
        """
        self._move()
        make_secret_folder(self._folder)
        if not self._key.exists():
            write_secret(self._key, _fresh())
        return self.public_key()

    def for_claim(self, token: str, *, new: bool) -> Ed25519PrivateKey:
        """The key to claim with: the node's, or one made for this claim token and kept beside it until the claim is answered.

        A repeat with the same token gets the same key, whatever became of the first attempt.
        """
        own = self._of_claim(token)
        if not own.exists() and not new:
            self.ensure()
            return self.signer()
        make_secret_folder(self._folder)
        if not own.exists():
            write_secret(own, _fresh())
        return _load(own)

    def claimed(self, token: str) -> None:
        """The server knows the key of this claim: it is the node's from now on, and those of other claims go."""
        own = self._of_claim(token)
        if own.exists():
            write_secret(self._key, own.read_bytes())
        for path in self._folder.glob("claim-*.key"):
            if path != own:
                path.unlink(missing_ok=True)

    def _of_claim(self, token: str) -> Path:
        return self._folder / f"claim-{sha256(token.encode()).hexdigest()[:16]}.key"

    def _move(self) -> None:
        """Copy, make durable, then remove: after a power cut in between the key is there at least once.

        Only for its own account: it would lose a key that another one moved, as root does who looks after the node.
        """
        if not self._before.exists() or self._before.stat().st_uid != os.geteuid():
            return
        make_secret_folder(self._folder)
        if not self._key.exists():
            write_secret(self._key, self._before.read_bytes())
        self._before.unlink()
        sync_folder(self._before.parent)


def _fresh() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()


def _load(path: Path) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except FileNotFoundError:
        raise NotClaimed("this node has no signing key; run `lintel-edge claim` with a new claim token") from None
    except ValueError as error:
        raise EdgeError(f"{path} is damaged; remove it and claim the node again with a new token") from error


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
