"""Fetch the gallery and the settings when the server has newer ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_client.errors import Rejected
from edge_client.gallery_cache import GalleryCache
from edge_client.server_api import ServerApi

_NOT_YET: Final = frozenset({"gallery_not_ready", "unknown_model"})
"""The server has no templates of the model now; it may later."""


@dataclass(frozen=True, slots=True)
class Fetches:
    """What a round brought; None where nothing changed. `lacking`: why the server has no gallery for a model that was asked for."""

    gallery_revision: int | None
    settings_revision: int | None
    lacking: str | None = None


class Sync:
    """Brings the cache up to date. A fetch that fails leaves what the node has."""

    def __init__(self, api: ServerApi, cache: GalleryCache) -> None:
        self._api = api
        self._cache = cache

    def fetch(self, models: Sequence[str] = ()) -> Fetches:
        """Ask for the settings and for the gallery of each model; without models for the gallery the server thinks right.

        Raises Unavailable, Rejected or Unauthorised; then the cache is as before, or half newer.
        """
        settings = self._api.settings(self._cache.settings_etag())
        if settings:
            self._cache.store_settings(settings.value, settings.etag)
        revisions: list[int] = []
        lacking: list[str] = []
        for model in models or (None,):
            try:
                revisions += self._gallery(model)
            except Rejected as error:
                if error.code not in _NOT_YET:
                    raise
                lacking.append(str(error))
        if models:
            self._cache.forget_galleries_but(models)
        return Fetches(
            gallery_revision=max(revisions, default=None),
            settings_revision=settings.value.revision if settings else None,
            lacking="; ".join(lacking) or None,
        )

    def _gallery(self, model: str | None) -> list[int]:
        """The revision of what came; nothing when it has not changed."""
        fetched = self._api.gallery(self._cache.gallery_etag(model) if model else None, model_id=model)
        if fetched is None:
            return []
        self._cache.store_gallery(fetched.value, fetched.etag)
        return [fetched.value.revision]
