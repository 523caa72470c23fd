"""What capture works by: settings and gallery, as the server last told them, looked up again between two frames."""

from typing import Final
from zoneinfo import ZoneInfo

from edge_client.capture_hours import is_open, zone_of
from edge_client.config import NodeConfig
from edge_client.errors import ConfigError
from edge_client.gallery_cache import ABSENT, GalleryCache
from edge_client.reporting import Reporter
from shared_schema.doorway import DoorPolicy, policy_of
from shared_schema.face.manifest import Embedder
from shared_schema.face.match import Gallery
from shared_schema.face.types import FaceError
from shared_schema.ids import ModelId

NO_GALLERY: Final = 0
"""The gallery revision of a node that has none yet: every pass is unknown, for the server to look at again."""

_LONGEST_REFUSAL: Final = 200

reporter = Reporter("capture")


class Rules:
    """The settings, gallery and policy in force. What cannot be used is logged once and what was in force before stays."""

    def __init__(self, config: NodeConfig, cache: GalleryCache, embedder: Embedder, meanwhile: Embedder | None = None) -> None:
        """`embedder` is to be used as soon as there is a gallery for it; until then `meanwhile`, when there is one for that."""
        self._config = config
        self._cache = cache
        self._wanted = embedder
        self._embedder = meanwhile or embedder
        self._wanted_stamp = ABSENT
        if self.is_ready_to_go_over() or cache.gallery(self.model_id) is None:
            self._embedder = embedder
        self._use(self._embedder)
        self.settings = config.effective_settings(None)
        self.settings_refused = ""
        self._zone: ZoneInfo | None = None
        self._settings_stamp = cache.settings_stamp()
        self._load_settings()

    def _use(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.gallery = Gallery.empty(embedder.model_id, revision=NO_GALLERY)
        self._gallery_stamp = self._cache.gallery_stamp(embedder.model_id)
        self._load_gallery()

    @property
    def model_id(self) -> ModelId:
        return self._embedder.model_id

    @property
    def wanted_model_id(self) -> ModelId:
        """The model it goes over to; `model_id` itself when it has."""
        return self._wanted.model_id

    def is_ready_to_go_over(self) -> bool:
        """Whether a gallery of the wanted model has come since it was asked last. Cheap to ask between two frames."""
        stamp = self._cache.gallery_stamp(self.wanted_model_id)
        if self._embedder is self._wanted or stamp == self._wanted_stamp:
            return False
        self._wanted_stamp = stamp
        return self._read(self.wanted_model_id) is not None

    def go_over(self) -> None:
        """Use the wanted model and its gallery from now on, both at once."""
        reporter.say("model changed", before=self.model_id, now=self.wanted_model_id)
        self._use(self._wanted)

    @property
    def policy(self) -> DoorPolicy:
        return policy_of(self.settings, self._embedder.calibration, self.gallery.size)

    def is_open(self, time_ns: int | None) -> bool:
        """Whether this is an hour at which to look. Always, where the time or the site's zone is not known: people pass."""
        return time_ns is None or self._zone is None or is_open(self.settings.hours, self._zone, time_ns)

    def refresh(self) -> bool:
        """Whether anything changed since the last call. A cache that cannot be read changes nothing, and is asked again."""
        before = (self.settings, self.gallery)
        try:
            self._refresh()
        except OSError as error:
            reporter.state("cache", "failing", reason=f"{error.strerror}: {error.filename}")
        else:
            reporter.state("cache", "ok")
        return self.settings is not before[0] or self.gallery is not before[1]

    def _refresh(self) -> None:
        if (stamp := self._cache.settings_stamp()) != self._settings_stamp:
            self._settings_stamp = stamp
            self._load_settings()
        if (stamp := self._cache.gallery_stamp(self.model_id)) != self._gallery_stamp:
            self._gallery_stamp = stamp
            self._load_gallery()

    def _load_settings(self) -> None:
        """Settings that cannot be used leave those before in force; hours without a zone are no hours. Either is told to the server."""
        self.settings_refused = ""
        try:
            self.settings = self._config.effective_settings(self._cache.settings())
            self._zone = zone_of(self.settings.time_zone) if self.settings.hours else None
        except (ConfigError, OSError) as error:
            self.settings_refused = str(error)[:_LONGEST_REFUSAL]
            reporter.warn("settings not used", reason=str(error))

    def _load_gallery(self) -> None:
        gallery = self._read(self.model_id)
        if gallery is not None:
            self.gallery = gallery
            reporter.say("gallery in use", revision=gallery.revision, people=gallery.size)

    def _read(self, model_id: ModelId) -> Gallery | None:
        """The cached gallery of a model; None when there is none that can be used."""
        try:
            snapshot = self._cache.gallery(model_id)
        except OSError as error:
            reporter.warn("gallery not read", reason=error.strerror or str(error))
            return None
        if snapshot is None:
            return None
        try:
            return Gallery.from_snapshot(snapshot, model_id=model_id)
        except FaceError as error:
            reporter.warn("gallery not used", revision=snapshot.revision, reason=str(error))
            return None
