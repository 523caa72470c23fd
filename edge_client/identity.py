"""Who the node is: its key, made here and never sent, and what the server answered to its claim."""

from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError

from edge_client.errors import EdgeError, NotClaimed
from edge_client.files import make_private_folder, write_private
from shared_schema.base import Base64Bytes, WireModel
from shared_schema.envelope import MAX_INT
from shared_schema.ids import NodeId
from shared_schema.node import ClaimAnswer

_KEY_BYTES = 32


class Identity(WireModel):
    """What `identity.json` holds. The token never appears in a text form of it."""

    node: NodeId
    token: str = Field(repr=False)
    seal_key: Base64Bytes = Field(min_length=_KEY_BYTES, max_length=_KEY_BYTES)
    next_epoch: int = Field(ge=1, le=MAX_INT)
    server: str
    door_name: str
    site_time_zone: str

    @classmethod
    def of_claim(cls, answer: ClaimAnswer, *, server: str) -> Self:
        return cls.model_validate({**answer.model_dump(), "server": server})


class IdentityFolder:
    """`<state>/identity/`: `signing.key` (raw Ed25519) and `identity.json`, both for their owner alone."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "identity"
        self._identity = self._folder / "identity.json"
        self._key = self._folder / "signing.key"

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

    def signer(self) -> Ed25519PrivateKey:
        """The signing key. Raises NotClaimed when there is none."""
        try:
            return Ed25519PrivateKey.from_private_bytes(self._key.read_bytes())
        except FileNotFoundError:
            raise NotClaimed("this node has no signing key; run `lintel-edge claim` with a new claim token") from None
        except ValueError as error:
            raise EdgeError(f"{self._key} is damaged; remove it and claim the node again with a new token") from error

    def ensure_key(self) -> bytes:
        """The raw public key. A key is made, and is durable, before it is told to anybody.

        So a claim that is repeated after a lost answer uses the same key.
        """
        make_private_folder(self._folder)
        if not self._key.exists():
            write_private(self._key, Ed25519PrivateKey.generate().private_bytes_raw())
        return self.signer().public_key().public_bytes_raw()


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
