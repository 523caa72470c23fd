"""Fetch the gallery and the settings when the server has newer ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_client.errors import Rejected
from edge_client.gallery_cache import GalleryCache
from edge_client.server_answers import UNUSABLE_SETTINGS
from edge_client.server_api import Fetched, ServerApi
from shared_schema.gallery import GalleryDelta, GallerySnapshot

_NOT_YET: Final = frozenset({"gallery_not_ready", "unknown_model"})
"""The server has no templates of the model now; it may later."""


@dataclass(frozen=True, slots=True)
class Fetches:
    """What a round brought; None where nothing changed.

    `lacking`: why the server has no gallery for a model that was asked for. `settings_refused`: why its settings cannot be used.
    """

    gallery_revision: int | None
    settings_revision: int | None
    lacking: str | None = None
    settings_refused: str = ""


class Sync:
    """Brings the cache up to date. A fetch that fails leaves what the node has."""

    def __init__(self, api: ServerApi, cache: GalleryCache) -> None:
        self._api = api
        self._cache = cache

    def settle(self) -> None:
        """Put what was fetched earlier where it belongs now. Raises what the cache raises."""
        self._cache.settle()

    def fetch(self, models: Sequence[str] = ()) -> Fetches:
        """Ask for the settings and for the gallery of each model; without models for the gallery the server thinks right.

        Raises Unavailable, Rejected, Unauthorised, or what the cache raises; then the cache is as before, or half newer.
        """
        settings_revision, settings_refused = self._settings()
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
            settings_revision=settings_revision,
            lacking="; ".join(lacking) or None,
            settings_refused=settings_refused,
        )

    def _settings(self) -> tuple[int | None, str]:
        """The revision of what came, and why it cannot be used; then the old ones stay."""
        try:
            settings = self._api.settings(self._cache.settings_etag())
        except Rejected as error:
            if error.code != UNUSABLE_SETTINGS:
                raise
            return None, str(error)
        if settings is None:
            return None, ""
        self._cache.store_settings(settings.value, settings.etag)
        return settings.value.revision, ""

    def _gallery(self, model: str | None) -> list[int]:
        """The revision of what came; nothing when it has not changed."""
        fetched = self._api.gallery(None) if model is None else self._changed(model)
        if fetched is None:
            return []
        self._cache.store_gallery(fetched.value, fetched.etag)
        return [fetched.value.revision]

    def _changed(self, model: str) -> Fetched[GallerySnapshot] | None:
        """The gallery as it is now: what the node has with what changed since, or the whole where the two do not fit."""
        base, etag = self._cache.held_gallery(model), self._cache.gallery_etag(model)
        if base is None:
            return self._api.gallery(None, model_id=model)
        fetched = self._api.gallery_since(etag, model_id=model, since=base.revision)
        if fetched is None:
            return None
        if not isinstance(fetched.value, GalleryDelta):
            return Fetched(fetched.value, fetched.etag)
        whole = fetched.value.applied_to(base)
        return self._api.gallery(None, model_id=model) if whole is None else Fetched(whole, fetched.etag)
