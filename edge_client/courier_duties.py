"""What the courier does after a heartbeat: fetch what is newer, change the token, find out that the card was rolled back or cloned."""

from pathlib import Path
from typing import Final

from edge_client.capture_report import CaptureReportFile
from edge_client.clock import Clock
from edge_client.config import NodeConfig
from edge_client.dealings import CONFLICT, NOTHING, Dealings
from edge_client.errors import ConfigError, OutboxError
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.heartbeat import Heartbeats
from edge_client.node_token import Tokens
from edge_client.orders import EpochOrder
from edge_client.outbox.status import OutboxStatus, list_records, read_status
from edge_client.reporting import Reporter
from edge_client.server_api import ServerApi
from edge_client.sync import Sync
from shared_schema.clock import Exchange
from shared_schema.ids import Epoch, Seq
from shared_schema.node import EpochRequest, HeartbeatAnswer, HighWater, NodeSettings

_ASK_AGAIN_NS: Final = 600 * 10**9
"""Two copies of a node outbid each other's epochs for ever: no oftener than this."""
_NOTE_AGAIN_NS: Final = 3600 * 10**9


class Freshness:
    """Fetches whatever the cache lacks, and leaves the mark of a contact when gallery and settings are the server's."""

    def __init__(self, sync: Sync, heartbeats: Heartbeats, *, run: Path, clock: Clock) -> None:
        self._sync = sync
        self._heartbeats = heartbeats
        self._clock = clock
        self._capture = CaptureReportFile(run)
        self._first = FirstContact(run)
        self._fetched: tuple[int, int, tuple[str, ...]] | None = None
        self._noted: Exchange | None = None
        self._report = Reporter("contact")
        self.settings_refused = ""

    def __call__(self, answer: HeartbeatAnswer) -> None:
        capture = self._capture.read()
        models = capture.models if capture else ()
        named = (answer.gallery_revision, answer.settings_revision, models)
        self._sync.settle()
        if named != self._fetched:
            self._fetched = named if self._fetch(models) else None
        self._note()

    def _fetch(self, models: tuple[str, ...]) -> bool:
        """Whether the server had everything that was asked for."""
        brought = self._sync.fetch(models)
        self.settings_refused = brought.settings_refused
        self._report.state("gallery", "not there yet" if brought.lacking else "ok", reason=brought.lacking)
        self._report.state("settings", "refused" if brought.settings_refused else "ok", reason=brought.settings_refused or None)
        if brought.gallery_revision is not None or brought.settings_revision is not None:
            self._report.say("fetched", gallery=brought.gallery_revision, settings=brought.settings_revision)
        return not brought.lacking

    def _note(self) -> None:
        """The first contact, and later ones that show the server's time better: a shorter round trip, or an hour of drift."""
        exchange, noted = self._heartbeats.last_exchange, self._noted
        if exchange is None:
            return
        if noted is None or _is_better(exchange, noted):
            self._first.note(self._clock.boot_id, exchange)
            self._noted = exchange


def _is_better(exchange: Exchange, noted: Exchange) -> bool:
    shorter = exchange.received_boot_ns - exchange.sent_boot_ns < noted.received_boot_ns - noted.sent_boot_ns
    return shorter or exchange.sent_boot_ns - noted.sent_boot_ns > _NOTE_AGAIN_NS


class Interval:
    """How long after a heartbeat the next one is due, in seconds: by the settings in force."""

    def __init__(self, config: NodeConfig, cache: GalleryCache) -> None:
        self._config = config
        self._cache = cache

    def __call__(self) -> float:
        try:
            settings = self._config.effective_settings(self._cache.settings())
        except ConfigError:
            settings = NodeSettings()
        return settings.heartbeat_ms / 1000


class Rotation:
    """Fetches the next token when the server wants it used. A lost answer is asked for again with the next heartbeat."""

    def __init__(self, api: ServerApi, tokens: Tokens) -> None:
        self._api = api
        self._tokens = tokens
        self._report = Reporter("contact")

    def __call__(self, answer: HeartbeatAnswer) -> None:
        if answer.rotate_token and self._tokens.adopt(self._api.next_token()):
            self._report.say("the token was changed", generation=self._tokens.generation)


class EpochWatch:
    """Compares the highest record that the server holds with what the outbox ever gave, and with what the server confirmed.

    When it holds more than was ever given, or another record under a number of the present epoch, this card was rolled
    back or has a copy: the outbox has to go on in an epoch that nobody else was given. When it holds less than it
    confirmed, it was restored from a backup: what it had accepted is sent again.
    """

    def __init__(self, *, outbox: Path, run: Path, clock: Clock) -> None:
        self.dealings = Dealings()
        self._outbox = outbox
        self._order = EpochOrder(run)
        self._clock = clock
        self._confirmed = NOTHING
        self._knows_parked = False
        self._ask_from_ns = 0
        self._report = Reporter("contact")

    def compare(self, answer: HeartbeatAnswer, api: ServerApi) -> None:
        """The outbox is read after the answer came: capture may have recorded meanwhile, which is no sign of anything.

        Likewise only what had been confirmed before the answer was asked for can be missing in it.
        """
        self._look_for_losses(answer.high_water)
        try:
            self._look_for_parked()
            status = read_status(self._outbox, clock=self._clock)
        except OutboxError:
            return
        ordered = self._order.wanted()
        if ordered is not None and ordered <= status.epoch:
            self._order.done()
        elif ordered is None and self._clock.boot_ns() >= self._ask_from_ns and self._is_used_up(status, answer.high_water):
            self._ask(status, api)

    def _look_for_losses(self, high: HighWater | None) -> None:
        held = NOTHING if high is None else (Epoch(high.epoch), Seq(high.seq))
        if held < self._confirmed:
            self.dealings.want_again(held)
        self._confirmed = self.dealings.confirmed

    def _look_for_parked(self) -> None:
        """Conflicts of which an earlier process had no time to tell."""
        if not self._knows_parked:
            for record in list_records(self._outbox, parked=True):
                if record.code == CONFLICT:
                    self.dealings.note_conflict(Epoch(record.epoch))
            self._knows_parked = True

    def _is_used_up(self, status: OutboxStatus, high: HighWater | None) -> bool:
        """A conflict of an earlier epoch needs no other one: capture gives such a record a number of the present one."""
        return self.dealings.conflict_in >= status.epoch or (high is not None and (high.epoch, high.seq) > (status.epoch, status.last_seq))

    def _ask(self, status: OutboxStatus, api: ServerApi) -> None:
        self._report.warn("the server holds what this outbox never gave: the card was rolled back or copied", epoch=status.epoch)
        request = EpochRequest(boot_id=self._clock.boot_id, epoch=status.epoch, last_seq=status.last_seq)
        epoch = Epoch(api.next_epoch(request).epoch)
        self._order.give(epoch)
        self._ask_from_ns = self._clock.boot_ns() + _ASK_AGAIN_NS
        self._report.say("going on in another epoch", epoch=epoch)
