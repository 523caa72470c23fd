"""Fetch the gallery and the settings when the server has newer ones."""

from dataclasses import dataclass

from edge_client.gallery_cache import GalleryCache
from edge_client.server_api import ServerApi


@dataclass(frozen=True, slots=True)
class Fetches:
    """What a round brought; None where nothing changed."""

    gallery_revision: int | None
    settings_revision: int | None


class Sync:
    """Brings the cache up to date. A fetch that fails leaves what the node has."""

    def __init__(self, api: ServerApi, cache: GalleryCache) -> None:
        self._api = api
        self._cache = cache

    def fetch(self) -> Fetches:
        """Ask for both. Raises Unavailable, Rejected or Unauthorised; then the cache is as before, or half newer."""
        settings = self._api.settings(self._cache.settings_etag())
        if settings:
            self._cache.store_settings(settings.value, settings.etag)
        gallery = self._api.gallery(self._cache.gallery_etag())
        if gallery:
            self._cache.store_gallery(gallery.value, gallery.etag)
        return Fetches(
            gallery_revision=gallery.value.revision if gallery else None,
            settings_revision=settings.value.revision if settings else None,
        )
