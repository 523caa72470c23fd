"""What the server told the node last, on disk: so that a node works the same after a restart without a network.

The courier stores, capture loads. A file that cannot be read counts as absent: the courier then fetches it anew.
"""

from pathlib import Path
from typing import NewType

from pydantic import ValidationError

from edge_client.files import make_private_folder, write_private
from shared_schema.base import WireModel
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings

Stamp = NewType("Stamp", tuple[int, int, int])
"""Changes whenever a cached file is replaced."""

_ABSENT = Stamp((0, 0, 0))


class _CachedGallery(WireModel):
    etag: str
    value: GallerySnapshot


class _CachedSettings(WireModel):
    etag: str
    value: NodeSettings


class GalleryCache:
    """`<state>/cache/`, files for their owner alone."""

    def __init__(self, state: Path) -> None:
        folder = state / "cache"
        make_private_folder(folder)
        self._gallery = folder / "gallery.json"
        self._settings = folder / "settings.json"

    def gallery_stamp(self) -> Stamp:
        """Cheap to ask between two frames: load again only when it differs."""
        return _stamp(self._gallery)

    def settings_stamp(self) -> Stamp:
        return _stamp(self._settings)

    def gallery(self) -> GallerySnapshot | None:
        cached = self._cached_gallery()
        return cached.value if cached else None

    def settings(self) -> NodeSettings | None:
        cached = self._cached_settings()
        return cached.value if cached else None

    def gallery_etag(self) -> str | None:
        cached = self._cached_gallery()
        return cached.etag if cached else None

    def settings_etag(self) -> str | None:
        cached = self._cached_settings()
        return cached.etag if cached else None

    def store_gallery(self, value: GallerySnapshot, etag: str) -> None:
        write_private(self._gallery, _CachedGallery(etag=etag, value=value).model_dump_json().encode())

    def store_settings(self, value: NodeSettings, etag: str) -> None:
        write_private(self._settings, _CachedSettings(etag=etag, value=value).model_dump_json().encode())

    def _cached_gallery(self) -> _CachedGallery | None:
        try:
            return _CachedGallery.model_validate_json(self._gallery.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _cached_settings(self) -> _CachedSettings | None:
        try:
            return _CachedSettings.model_validate_json(self._settings.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return _ABSENT
    return Stamp((stat.st_mtime_ns, stat.st_ino, stat.st_size))
