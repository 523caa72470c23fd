"""Sample images in object storage, encrypted before they leave the process."""

from collections.abc import Iterable

import structlog

from server.core import cipher, objects
from server.core.errors import NotFound, Unavailable

log = structlog.get_logger(__name__)


def store_object(key: str, plain: bytes) -> None:
    """Encrypt and store. Raises Unavailable."""
    objects.current().put(key, cipher.current().encrypt(plain, purpose=cipher.SAMPLE))


def open_object(key: str) -> bytes:
    """The plain bytes. Raises NotFound when the store has no such object, Unavailable when it does not answer."""
    stored = objects.current().get(key)
    if stored is None:
        raise NotFound("object_missing", "The image is no longer in the object storage; add the sample again.")
    return cipher.current().decrypt(stored, purpose=cipher.SAMPLE)


def forget_objects(keys: Iterable[str]) -> None:
    """Remove objects whose rows are gone. A store that does not answer leaves them unreadable to anybody without the data key."""
    for key in keys:
        try:
            objects.current().delete(key)
        except Unavailable:
            log.warning("sample_object_left", key=key)
