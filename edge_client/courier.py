"""The courier: outbox → server, and gallery, settings and heartbeat. It has the network and needs no camera.

This is its composition root: `build` puts the parts together, `Courier.run` watches over the threads they run in.
"""

from collections.abc import Callable, Sequence

from edge_client.config import NodeConfig, can_be_overheard
from edge_client.courier_contact import Contact, Duty
from edge_client.courier_crew import IDLE_S, Crew, Surroundings, Worker
from edge_client.courier_description import Description
from edge_client.courier_duties import EpochWatch, Freshness, Interval, Rotation
from edge_client.courier_lanes import LaneWorker, OpenLane
from edge_client.errors import EdgeError, OutboxError, OutboxMissing, Unauthorised
from edge_client.gallery_cache import GalleryCache
from edge_client.health import Machine
from edge_client.heartbeat import Heartbeats
from edge_client.identify import Identify, Light
from edge_client.identity import Identity, IdentityFolder
from edge_client.lanes import CropLane, RecordLane
from edge_client.node_token import TokenFile, Tokens
from edge_client.notify import Notifier
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.status import read_status
from edge_client.preview import PreviewServer
from edge_client.preview_folder import PreviewFolder
from edge_client.reporting import Reporter
from edge_client.sender import Backoff, Sender
from edge_client.server_api import ServerApi
from edge_client.sync import Sync

__all__ = ["Courier", "Surroundings", "build", "server_of"]

_TIMEOUT_S = 20.0
_CROP_TIMEOUT_S = 10.0
_LOOK_EVERY_S = 0.1


class Courier:
    """The workers of a courier, and the process around them."""

    def __init__(self, contact: Contact, workers: Sequence[Worker], *, config: NodeConfig, around: Surroundings) -> None:
        self.contact = contact
        self.workers = workers
        self._outbox = config.state / "outbox"
        self._identity = IdentityFolder(config.state)
        self._claimed_as = self._identity.load()
        self._around = around
        self._notifier = around.notifier or Notifier(None)

    def run(self, *, once: bool) -> None:
        """Until told to stop; with `once`, until both lanes are empty. Parked items do not count: they wait for people.

        Raises what a worker died of, and EdgeError when it has to be started again. With `once` raises Unauthorised when the
        server goes on refusing the node; everything stays in the outbox.
        """
        crew = Crew(self.workers, wait=self._around.wait)
        crew.start()
        self._notifier.ready()
        try:
            while not (once and self._is_done()) and not self._around.wait(_LOOK_EVERY_S if once else IDLE_S):
                crew.check()
                self._require_same_node()
                self._notifier.watchdog()
            crew.check()
        finally:
            self._notifier.stopping()
            crew.stop()

    def close(self) -> None:
        """Let go of what a courier holds that never ran."""
        for worker in self.workers:
            worker.close()

    def _is_done(self) -> bool:
        """Whether nothing is left to send, and gallery and settings were asked for at least once."""
        if self.contact.is_refused:
            raise Unauthorised("the server does not accept this node; claim it again, or ask whoever runs the server: nothing is lost")
        return self.contact.was_tried and self._is_drained()

    def _is_drained(self) -> bool:
        try:
            return read_status(self._outbox, clock=self._around.clock).is_drained
        except OutboxMissing:
            return True
        except OutboxError:
            return False

    def _require_same_node(self) -> None:
        """Raises EdgeError when the node was claimed as another one, or at another server: nothing of this process fits that."""
        try:
            found = self._identity.load()
        except (EdgeError, OSError):
            return  # this process knows who it is
        if (found.node, found.server) != (self._claimed_as.node, self._claimed_as.server):
            raise EdgeError("the node was claimed as another one; starting again")


def build(config: NodeConfig, around: Surroundings) -> Courier:
    """A courier for a claimed node. Raises NotClaimed."""
    server = server_of(config, IdentityFolder(config.state).load())
    if can_be_overheard(server):
        Reporter("courier").warn("the server is reached over plain http: others can read the token; use https", server=server)
    tokens = Tokens(TokenFile(config.state))
    identify = Identify(Light(config.identify.led), clock=around.clock)
    watch = EpochWatch(outbox=config.state / "outbox", run=config.run_folder, clock=around.clock)

    def connect(read_timeout_s: float) -> ServerApi:
        return ServerApi(server, token=tokens.current, read_timeout_s=read_timeout_s, observe=around.observe)

    contact = _contact(connect(_TIMEOUT_S), config, around, tokens=tokens, watch=watch, identify=identify)
    records = LaneWorker("records", lambda: _records(connect(_TIMEOUT_S), config, around, watch), may_go=lambda: contact.records_may_go)
    crops = LaneWorker("crops", lambda: _crops(connect(_CROP_TIMEOUT_S), config, around), may_go=lambda: contact.records_may_go)
    preview = PreviewServer(PreviewFolder(config.run_folder, around.clock), config.preview)
    return Courier(contact, (contact, records, crops, identify, preview), config=config, around=around)


def server_of(config: NodeConfig, identity: Identity) -> str:
    """The configuration wins over the URL of the claim."""
    return config.server or identity.server


def _contact(api: ServerApi, config: NodeConfig, around: Surroundings, *, tokens: Tokens, watch: EpochWatch, identify: Identify) -> Contact:
    cache = GalleryCache(config.state, run=config.run_folder)
    cache.remove_plain()

    heartbeats = Heartbeats(api, clock=around.clock, describe=lambda at, previous: description(at, previous))  # noqa: PLW0108 (it is made below)
    freshness = Freshness(Sync(api, cache), heartbeats, run=config.run_folder, clock=around.clock)
    description = Description(
        config,
        around.clock,
        machine=Machine(config.state),
        generation=lambda: tokens.generation,
        settings_refused=lambda: freshness.settings_refused,
    )
    duties: dict[str, Duty] = {
        "fetch": freshness,
        "token": Rotation(api, tokens),
        "epoch": lambda answer: watch.compare(answer, api),
        "identify": lambda answer: identify.start(answer.identify_s),
    }
    return Contact(heartbeats, duties, tokens, interval_s=Interval(config, cache), around=around, let_go=api.close)


def _records(api: ServerApi, config: NodeConfig, around: Surroundings, watch: EpochWatch) -> OpenLane:
    deliveries = Deliveries.open(config.state / "outbox", clock=around.clock)
    sender = Sender(api, wait=_sleep(around), random=around.random)
    pause, retry = _patience(around)
    lane = RecordLane(deliveries, sender, clock=around.clock, pause=pause, retry=retry, dealings=watch.dealings)
    return OpenLane(lane, deliveries, api)


def _crops(api: ServerApi, config: NodeConfig, around: Surroundings) -> OpenLane:
    deliveries = Deliveries.open(config.state / "outbox", clock=around.clock)
    sender = Sender(api, wait=_sleep(around), random=around.random, attempts=2)
    pause, retry = _patience(around)
    return OpenLane(CropLane(deliveries, sender, clock=around.clock, pause=pause, retry=retry), deliveries, api)


def _patience(around: Surroundings) -> tuple[Backoff, Backoff]:
    """Of a lane, and of one item in it."""
    return Backoff(around.random, first_s=1.0, longest_s=30.0), Backoff(around.random, longest_s=60.0)


def _sleep(around: Surroundings) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        around.wait(seconds)

    return sleep
