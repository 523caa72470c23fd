"""The server's secrets: one file, readable by its owner alone, made once by `lintel-server init` and never changed by it."""

import base64
import binascii
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

FILE_NAME = "secrets.json"


class SecretsError(Exception):
    """The secrets cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What only this installation knows. Keys are raw bytes."""

    django_secret_key: str
    seal_private_key: bytes
    data_key: bytes
    token_key: bytes

    @classmethod
    def generate(cls) -> Self:
        return cls(
            django_secret_key=secrets.token_urlsafe(64),
            seal_private_key=X25519PrivateKey.generate().private_bytes_raw(),
            data_key=secrets.token_bytes(32),
            token_key=secrets.token_bytes(32),
        )

    @property
    def seal_public_key(self) -> bytes:
        """The raw X25519 key nodes seal probes and crops to."""
        return X25519PrivateKey.from_private_bytes(self.seal_private_key).public_key().public_bytes_raw()

    def bearer(self, node: str, generation: int) -> str:
        """A node's bearer token of a generation: a function of both, so that a repeated request gets the same answer."""
        return hmac.new(self.token_key, f"{node}|{generation}".encode(), sha256).hexdigest()

    def gallery_secret(self, node: str) -> bytes:
        """The server's half, 32 bytes, of the key under which a node keeps its gallery."""
        return hmac.new(self.token_key, f"gallery|{node}".encode(), sha256).digest()

    def to_json(self) -> str:
        values = {name: value if isinstance(value, str) else base64.b64encode(value).decode() for name, value in asdict(self).items()}
        return json.dumps(values, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        if not isinstance(values, Mapping):
            raise TypeError("not a table")
        texts = {field.name: str(values[field.name]) for field in fields(cls)}
        key = texts.pop("django_secret_key")
        return cls(django_secret_key=key, **{name: _key(value) for name, value in texts.items()})


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return key


def read(folder: Path) -> Secrets | None:
    """The secrets of `folder`; None when there are none yet. Raises SecretsError when they are damaged or unreadable."""
    path = folder / FILE_NAME
    try:
        return Secrets.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretsError(f"cannot read {path}: {error.strerror}; run the command as the account that owns it") from error
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise SecretsError(f"{path} is damaged: restore it from the backup, it cannot be made again") from error


def create_if_absent(folder: Path) -> bool:
    """Make the secrets, whole or not at all. Returns whether they were made now; existing ones are never replaced."""
    if read(folder) is not None:
        return False
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".{FILE_NAME}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(Secrets.generate().to_json())
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, folder / FILE_NAME)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(folder)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def current() -> Secrets:
    """This installation's secrets. Raises SecretsError before `lintel-server init`."""
    from django.conf import settings  # noqa: PLC0415  (this module is read while the settings are being made)

    found = settings.LINTEL_SECRETS
    if not isinstance(found, Secrets):
        raise SecretsError("this installation has no secrets yet: run `lintel-server init`")
    return found
