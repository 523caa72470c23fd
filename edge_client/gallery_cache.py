"""What the server told the node last, on disk: so that a node works the same after a restart without a network.

The courier stores, capture loads. A file that cannot be read counts as absent: the courier then fetches it anew.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NewType

from pydantic import ValidationError

from edge_client.files import make_private_folder, write_private
from shared_schema.base import WireModel
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings

Stamp = NewType("Stamp", tuple[int, int, int])
"""Changes whenever a cached file is replaced."""

ABSENT = Stamp((0, 0, 0))
"""The stamp of a file that is not there."""


class _CachedGallery(WireModel):
    etag: str
    value: GallerySnapshot


class _CachedSettings(WireModel):
    etag: str
    value: NodeSettings


class GalleryCache:
    """`<state>/cache/`, files for their owner alone: the settings, and a gallery for each model this node may run."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "cache"
        make_private_folder(self._folder)
        self._settings = self._folder / "settings.json"

    def gallery_stamp(self, model_id: str) -> Stamp:
        """Cheap to ask between two frames: load again only when it differs."""
        return _stamp(self._gallery(model_id))

    def settings_stamp(self) -> Stamp:
        return _stamp(self._settings)

    def gallery(self, model_id: str) -> GallerySnapshot | None:
        cached = self._cached_gallery(model_id)
        return cached.value if cached else None

    def settings(self) -> NodeSettings | None:
        cached = self._cached_settings()
        return cached.value if cached else None

    def gallery_etag(self, model_id: str) -> str | None:
        cached = self._cached_gallery(model_id)
        return cached.etag if cached else None

    def settings_etag(self) -> str | None:
        cached = self._cached_settings()
        return cached.etag if cached else None

    def has_galleries(self) -> bool:
        """Whether there is one for any model."""
        return any(self._galleries())

    def store_gallery(self, value: GallerySnapshot, etag: str) -> None:
        write_private(self._gallery(value.model_id), _CachedGallery(etag=etag, value=value).model_dump_json().encode())

    def store_settings(self, value: NodeSettings, etag: str) -> None:
        write_private(self._settings, _CachedSettings(etag=etag, value=value).model_dump_json().encode())

    def forget_galleries_but(self, model_ids: Iterable[str]) -> None:
        """Templates of models that this node no longer runs do not stay on its card."""
        kept = {self._gallery(model_id) for model_id in model_ids}
        for path in self._galleries():
            if path not in kept:
                path.unlink(missing_ok=True)

    def _gallery(self, model_id: str) -> Path:
        return self._folder / f"gallery-{sha256(model_id.encode()).hexdigest()[:16]}.json"

    def _galleries(self) -> Iterator[Path]:
        return self._folder.glob("gallery*.json")

    def _cached_gallery(self, model_id: str) -> _CachedGallery | None:
        try:
            cached = _CachedGallery.model_validate_json(self._gallery(model_id).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return cached if cached.value.model_id == model_id else None

    def _cached_settings(self) -> _CachedSettings | None:
        try:
            return _CachedSettings.model_validate_json(self._settings.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ABSENT
    return Stamp((stat.st_mtime_ns, stat.st_ino, stat.st_size))
