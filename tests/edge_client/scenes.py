"""A node whose camera shows scenes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from edge_client.camera import Frame, Lost
from edge_client.capture import known_time_ns, load_model_set
from edge_client.capture_ledger import Ledger, Records
from edge_client.capture_loop import Capture, Surroundings
from edge_client.capture_report import CaptureReport
from edge_client.capture_rules import Rules
from edge_client.capture_stills import Stills
from edge_client.config import CameraConfig, NodeConfig
from edge_client.errors import CameraHung
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.notify import Notifier
from edge_client.orders import EpochOrder
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.store import Recorded
from edge_client.preview_folder import PreviewFolder
from shared_schema.doorway import Doorway
from shared_schema.envelope import Envelope
from shared_schema.face.calibration import Calibration
from shared_schema.face.manifest import Embedder
from shared_schema.face.types import Bgr
from shared_schema.face.vectors import encode_embedding
from shared_schema.gallery import GalleryPerson, GallerySnapshot
from shared_schema.ids import BootNs, ModelId
from shared_schema.observation import Observation
from shared_schema.sighting import Sighting
from tests.edge_client.fakes import FakeClock, open_outbox
from tests.shared_schema.doorway.fakes import EMPTY, FakePipeline, Scene, approach, face_of, frame_of, person

STEP_NS = 200_000_000
MODELS = load_model_set(None)
WALK = (*approach("ann", 6), *((EMPTY,) * 10))


class ScenePipeline(FakePipeline):
    model_id = MODELS.embedder.model_id


def pipeline_of(model_id: ModelId, scenes: Sequence[Scene]) -> ScenePipeline:
    """A pipeline that goes by this model."""
    pipeline = ScenePipeline(scenes)
    pipeline.model_id = model_id
    return pipeline


def embedder_called(model_id: str) -> Embedder:
    """The shipped embedder by this name, for faces of the scenes: they have another dimension than its crowd, so it has none."""
    shipped = MODELS.embedder.file
    calibration = Calibration.model_validate(MODELS.embedder.calibration.model_dump(exclude={"crowd"}))
    return Embedder(shipped.model_copy(update={"model_id": model_id, "calibration": calibration}))


class SceneCamera:
    """Shows a scene every 200 ms; None in place of a scene is a moment without a frame. It hangs where it is told to."""

    def __init__(self, scenes: Sequence[Scene | None], clock: FakeClock) -> None:
        self.scenes = [scene if scene is not None else EMPTY for scene in scenes]
        self.closed = False
        self.hangs_at: int | None = None
        self.lens: Callable[[Bgr, int], Bgr] = textured
        self.intervals_ms: list[int] = []
        self.before: dict[int, Callable[[], object]] = {}
        self._lost = {number for number, scene in enumerate(scenes) if scene is None}
        self._clock = clock
        self._next = 0

    def next(self, interval_ms: int) -> Frame | Lost | None:
        number = self._next
        if self.closed or number >= len(self.scenes):
            return None
        self.before.get(number, lambda: None)()
        self.intervals_ms.append(interval_ms)
        self._next += 1
        if number == self.hangs_at:
            raise CameraHung("the camera hangs")
        self._clock.now += STEP_NS
        at = BootNs(self._clock.now)
        return Lost(at, "camera_gives_no_frames") if number in self._lost else Frame(self.lens(frame_of(self.scenes, number), number), at)

    def close(self) -> None:
        self.closed = True

    def release(self) -> None:
        pass


def textured(frame: Bgr, number: int) -> Bgr:
    """A wall with stripes along the lower edge, so that the picture is one of something; the number of the scene stays readable."""
    frame[-20::4] = 190
    return frame


class HeardNotifier(Notifier):
    """Remembers what systemd would hear."""

    def __init__(self) -> None:
        super().__init__(None)
        self.heard: list[str] = []

    def _send(self, message: str) -> None:
        self.heard.append(message)


class Node:
    """Capture with a real doorway, outbox and cache."""

    def __init__(self, state: Path, scenes: Sequence[Scene | None], **settings: int | bool) -> None:
        self.state = state
        self.clock = FakeClock()
        self.cache = GalleryCache(state)
        self.recorded: list[Recorded] = []
        self.reports: list[CaptureReport] = []
        self.camera = SceneCamera(scenes, self.clock)
        self.notifier = HeardNotifier()
        self.known_time: Callable[[], int | None] | None = None
        self.open_outbox: Callable[[], Records] = lambda: open_outbox(state / "outbox", self.clock)
        self.embedders: tuple[Embedder, ...] = (embedder_called(MODELS.embedder.model_id),)
        self._scenes = self.camera.scenes
        self._leased: dict[tuple[int, int], Envelope] = {}
        self._config = NodeConfig(state=state, camera=CameraConfig(kind="replay", source="x"), settings={"min_face_px": 16, **settings})

    @property
    def preview(self) -> PreviewFolder:
        return PreviewFolder(self.state / "run", self.clock)

    def capture(self, *, patience_s: float = 0.0, sleep: Callable[[float], None] | None = None) -> Capture:
        contact = FirstContact(self.state / "run")
        rules = Rules(self._config, self.cache, *self.embedders)
        around = Surroundings(
            clock=self.clock,
            announce=self.recorded.append,
            report=self.reports.append,
            orders=EpochOrder(self.state / "run"),
            notifier=self.notifier,
            stills=Stills(self.preview, rules, None),
            known_time_ns=self.known_time or (lambda: known_time_ns(self.clock, contact)),
            is_up_to_date=lambda: contact.was_had(self.clock.boot_id),
            gallery_patience_s=patience_s,
            sleep=sleep or self.clock.go_on,
        )
        self.ledger = Ledger(self.open_outbox)
        return Capture(
            self.camera,
            lambda: Doorway(pipeline_of(rules.model_id, self._scenes), rules.gallery, rules.policy),
            self.ledger,
            rules,
            around,
        )

    def run(self) -> None:
        self.capture().run()

    def envelopes(self) -> list[Envelope]:
        """Everything recorded so far, as a courier that has just started is given it."""
        leased = Deliveries.open(self.state / "outbox", clock=self.clock).lease(100)
        found = {(record.item.envelope.epoch, record.item.envelope.seq): record.item.envelope for record in leased}
        self._leased |= found
        return list(self._leased.values())

    def sightings(self) -> list[Sighting]:
        return [Sighting.model_validate_json(one.payload) for one in self.envelopes() if one.kind == "sighting"]

    def observations(self) -> list[Observation]:
        return [Observation.model_validate_json(one.payload) for one in self.envelopes() if one.kind == "observation"]


def snapshot(*names: str, revision: int = 1, model_id: str = MODELS.embedder.model_id) -> GallerySnapshot:
    people = tuple(GalleryPerson(person=person(who), templates=(encode_embedding(face_of(who)),)) for who in names)
    return GallerySnapshot(revision=revision, model_id=model_id, dimension=32, people=people)
