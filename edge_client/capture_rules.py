"""What capture works by: settings and gallery, as the server last told them, looked up again between two frames."""

from typing import Final

from edge_client.config import NodeConfig
from edge_client.errors import ConfigError
from edge_client.gallery_cache import GalleryCache
from edge_client.reporting import Reporter
from shared_schema.doorway import DoorPolicy, policy_of
from shared_schema.face.manifest import Embedder
from shared_schema.face.match import Gallery
from shared_schema.face.types import FaceError
from shared_schema.ids import ModelId

NO_GALLERY: Final = 0
"""The gallery revision of a node that has none yet: every pass is unknown, for the server to look at again."""

reporter = Reporter("capture")


class Rules:
    """The settings, gallery and policy in force. What cannot be used is logged once and what was in force before stays."""

    def __init__(self, config: NodeConfig, cache: GalleryCache, embedder: Embedder) -> None:
        self._config = config
        self._cache = cache
        self._embedder = embedder
        self.settings = config.effective_settings(None)
        self.gallery = Gallery.empty(embedder.model_id, revision=NO_GALLERY)
        self._gallery_stamp = cache.gallery_stamp()
        self._settings_stamp = cache.settings_stamp()
        self._load_settings()
        self._load_gallery()

    @property
    def model_id(self) -> ModelId:
        return self._embedder.model_id

    @property
    def policy(self) -> DoorPolicy:
        return policy_of(self.settings, self._embedder.calibration, self.gallery.size)

    def refresh(self) -> bool:
        """Whether anything changed since the last call."""
        before = (self.settings, self.gallery)
        if (stamp := self._cache.settings_stamp()) != self._settings_stamp:
            self._settings_stamp = stamp
            self._load_settings()
        if (stamp := self._cache.gallery_stamp()) != self._gallery_stamp:
            self._gallery_stamp = stamp
            self._load_gallery()
        return self.settings is not before[0] or self.gallery is not before[1]

    def _load_settings(self) -> None:
        try:
            self.settings = self._config.effective_settings(self._cache.settings())
        except ConfigError as error:
            reporter.warn("settings not used", reason=str(error))

    def _load_gallery(self) -> None:
        snapshot = self._cache.gallery()
        if snapshot is None:
            return
        try:
            self.gallery = Gallery.from_snapshot(snapshot, model_id=self.model_id)
        except FaceError as error:
            reporter.warn("gallery not used", revision=snapshot.revision, reason=str(error))
            return
        reporter.say("gallery in use", revision=self.gallery.revision, people=self.gallery.size)
