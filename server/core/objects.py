"""Object storage: a local folder, or any S3-compatible store. Nothing else in the product knows where images lie.

What was put is read back and compared before anybody is told that it is stored: a store may lie.
"""

import os
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from server.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_KEY = re.compile(r"\A[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*\Z")
_T = TypeVar("_T")
MISSING = {"404", "NoSuchKey", "NotFound"}


class Objects(Protocol):
    """Whole objects under keys of lower-case letters, digits, dots, dashes and slashes."""

    def put(self, key: str, data: bytes) -> None:
        """Store and verify. Raises Unavailable when that cannot be done now."""
        ...

    def get(self, key: str) -> bytes | None:
        """The object; None when there is no such object. Raises Unavailable."""
        ...

    def delete(self, key: str) -> None:
        """Remove it; nothing happens when it is not there. Raises Unavailable."""
        ...


def checked_key(key: str) -> str:
    """Refuse keys that could leave the store."""
    if not _KEY.match(key) or len(key) > 200:
        raise ValueError(f"{key!r} is no object key")
    return key


def _unavailable(reason: str) -> Unavailable:
    return Unavailable("objects_unavailable", f"The object storage does not answer ({reason}); try again.", retry_after_s=10)


def _same(data: bytes, found: bytes | None) -> bool:
    return found is not None and len(found) == len(data) and sha256(found).digest() == sha256(data).digest()


class FolderObjects:
    """Objects as files: written aside, synced, renamed, so that an object is whole or absent."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        path = self._root / checked_key(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, data)
        except OSError as error:
            raise _unavailable(error.strerror or "write failed") from error
        if not _same(data, self.get(key)):
            raise _unavailable("it did not keep what it was given")

    def get(self, key: str) -> bytes | None:
        try:
            return (self._root / checked_key(key)).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unavailable(error.strerror or "read failed") from error

    def delete(self, key: str) -> None:
        try:
            (self._root / checked_key(key)).unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable(error.strerror or "delete failed") from error

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class S3Objects:
    """Objects in an S3-compatible store: signature version 4, path style, no checksum trailers that older stores refuse."""

    def __init__(self, *, bucket: str, endpoint_url: str | None, region: str) -> None:
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=3,
            read_timeout=20,
            retries={"total_max_attempts": 2},
        )
        self._bucket = bucket
        self._s3: S3Client = boto3.client("s3", endpoint_url=endpoint_url, region_name=region, config=config)

    def put(self, key: str, data: bytes) -> None:
        checked_key(key)
        self._call(lambda: self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, ContentLength=len(data)))
        if not _same(data, self.get(key)):
            raise _unavailable("it did not keep what it was given")

    def get(self, key: str) -> bytes | None:
        checked_key(key)
        return self._call(lambda: self._read(key))

    def delete(self, key: str) -> None:
        checked_key(key)
        self._call(lambda: self._s3.delete_object(Bucket=self._bucket, Key=key))

    def _read(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    @staticmethod
    def _call(action: Callable[[], _T]) -> _T | None:
        try:
            return action()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in MISSING:
                return None
            raise _unavailable(code or "refused") from error
        except (BotoCoreError, OSError) as error:
            raise _unavailable(type(error).__name__) from error


def current() -> Objects:
    """The configured store."""
    from django.conf import settings  # noqa: PLC0415  (the stores themselves need no Django)

    kind, options = settings.LINTEL_OBJECTS["kind"], {k: v for k, v in settings.LINTEL_OBJECTS.items() if k != "kind"}
    return FolderObjects(Path(options["path"])) if kind == "folder" else S3Objects(**options)
