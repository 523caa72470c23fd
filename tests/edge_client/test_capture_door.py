"""Capture under the conditions of a door: rules that change, hours, masks, a lens that is covered, a card that is full."""

import dataclasses
import errno
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge_client.capture_ledger import Records
from edge_client.capture_report import CaptureReportFile
from edge_client.errors import CameraHung, OutboxError, OutboxFull
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.orders import EpochOrder
from edge_client.outbox.store import Outbox, Recorded
from shared_schema.clock import Exchange
from shared_schema.envelope import Kind
from shared_schema.face.types import Bgr
from shared_schema.ids import Epoch
from shared_schema.node import Hours, NodeSettings
from shared_schema.sighting import Outcome
from tests.edge_client.fakes import SIGNER, an_identity
from tests.edge_client.scenes import STEP_NS, WALK, Node, snapshot, textured
from tests.shared_schema.doorway.fakes import EMPTY, approach

ALL_DAYS = (0, 1, 2, 3, 4, 5, 6)
OFFICE = Hours(days=ALL_DAYS, from_minute=8 * 60, until_minute=18 * 60)
NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 10**9
NIGHT = int(datetime(2026, 11, 20, 23, tzinfo=UTC).timestamp()) * 10**9


class WatchedOutbox(Outbox):
    """A real outbox that remembers the crops it is given, and fails while `error` says so."""

    crops: list[bytes | None]
    error: Callable[[], OutboxError | None]

    def put(self, kind: Kind, payload: bytes, *, probe: bytes | None = None, crop: bytes | None = None) -> Recorded:
        error = self.error()
        if error is not None:
            raise error
        self.crops.append(crop)
        return super().put(kind, payload, probe=probe, crop=crop)


def watched(node: Node, crops: list[bytes | None], error: Callable[[], OutboxError | None] = lambda: None) -> WatchedOutbox:
    WatchedOutbox.crops, WatchedOutbox.error = crops, staticmethod(error)
    return WatchedOutbox.open(node.state / "outbox", identity=an_identity(), signer=SIGNER, clock=node.clock)


def settle(node: Node, **settings: object) -> None:
    node.cache.store_settings(NodeSettings.model_validate({"revision": 2, **settings}), "e")


def blind(node: Node) -> list[str]:
    return [one.reason for observation in node.observations() for one in observation.blind]


def test_settings_that_do_not_go_with_the_files_are_refused_and_told(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 20, interval_ms=1000)
    node.camera.before[5] = lambda: settle(node, pass_timeout_ms=500, interval_ms=200, keep_crops=False)
    node.run()
    last = node.reports[-1]
    assert last.settings_revision == 0
    assert "do not go with the server's" in last.settings_refused


def test_settings_that_can_be_used_again_are_refused_no_more(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 20, interval_ms=1000)
    settle(node, pass_timeout_ms=500, interval_ms=200)
    node.camera.before[5] = lambda: settle(node, revision=3, keep_crops=False)
    node.run()
    assert (node.reports[0].settings_refused != "", node.reports[-1].settings_refused, node.reports[-1].settings_revision) == (True, "", 3)


def test_without_crops_not_a_byte_of_a_picture_touches_the_card(tmp_path: Path) -> None:
    written: list[bytes | None] = []
    node = Node(tmp_path, (*approach("stranger", 6), *((EMPTY,) * 30)))
    settle(node, keep_crops=False)
    node.open_outbox = lambda: watched(node, written)
    node.run()
    (sighting,) = node.sightings()
    assert sighting.crop is None
    assert written == [None, None]
    assert not any((tmp_path / "outbox" / "crops").iterdir())


def test_a_mask_reaches_the_doorway_without_a_restart(tmp_path: Path) -> None:
    seen: list[Bgr] = []
    node = Node(tmp_path, (EMPTY,) * 10)
    capture = node.capture()
    is_open = capture.doorway._gate.is_open

    def watch(frame: Bgr) -> bool:
        seen.append(frame)
        return is_open(frame)

    capture.doorway._gate.is_open = watch  # type: ignore[method-assign]
    node.camera.before[5] = lambda: settle(node, masks=[[(0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1)]])
    capture.run()
    assert [len(np.unique(frame[62:, 82:])) > 1 for frame in seen] == [True] * 5 + [False] * 5
    assert node.reports[-1].settings_revision == 2


def test_out_of_hours_nobody_is_looked_at_and_the_door_is_blind(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    settle(node, hours=[OFFICE])
    node.known_time = lambda: NIGHT + node.clock.now
    node.run()
    assert node.sightings() == []
    assert blind(node) == ["hours"]
    assert node.observations()[0].funnel.frames == 0
    assert node.reports[-2].camera == "hours"
    assert set(node.camera.intervals_ms[1:]) == {1000}


def test_within_the_hours_the_door_is_watched(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    settle(node, hours=[OFFICE])
    node.known_time = lambda: NOON + node.clock.now
    node.run()
    assert (len(node.sightings()), blind(node)) == (1, [])


def test_whoever_is_in_view_when_the_hours_end_is_recorded(tmp_path: Path) -> None:
    node = Node(tmp_path, approach("stranger", 30))
    settle(node, hours=[OFFICE])
    began = node.clock.now
    node.known_time = lambda: NOON if node.clock.now < began + 6 * STEP_NS else NIGHT
    node.run()
    (sighting,) = node.sightings()
    assert sighting.until_boot_ns < began + 6 * STEP_NS
    (observation,) = node.observations()
    assert observation.blind[0].from_boot_ns == began + 5 * STEP_NS


def test_while_nobody_knows_the_time_the_door_is_watched(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    settle(node, hours=[OFFICE])
    node.run()
    assert len(node.sightings()) == 1


def test_the_servers_time_counts_and_not_the_wall_clock_of_a_machine_that_nobody_set(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    settle(node, hours=[OFFICE])
    now = node.clock.boot_ns()
    FirstContact(tmp_path / "run").note(
        node.clock.boot_id, Exchange(boot_id=node.clock.boot_id, sent_boot_ns=now, received_boot_ns=now, server_ns=NIGHT)
    )
    node.run()
    assert (node.sightings(), blind(node)) == ([], ["hours"])


def test_a_zone_that_the_node_does_not_know_leaves_the_door_watched_and_is_told(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    settle(node, hours=[OFFICE], time_zone="Europe/Nowhere")
    node.known_time = lambda: NIGHT
    node.run()
    assert len(node.sightings()) == 1
    assert "install tzdata" in node.reports[-1].settings_refused


def test_a_lens_that_is_covered_makes_the_door_blind_since_then_until_it_is_free(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 150)

    def lens(frame: Bgr, number: int) -> Bgr:
        if not 20 <= number < 100:
            return textured(frame, number)
        covered: Bgr = np.full_like(frame, 100)
        covered[0, 0] = frame[0, 0]
        return covered

    node.camera.lens = lens
    began = node.clock.now
    node.run()
    (observation,) = node.observations()
    (covered,) = observation.blind
    assert covered.reason == "covered"
    assert abs(covered.from_boot_ns - (began + 21 * STEP_NS)) <= 5 * STEP_NS
    assert abs(covered.until_boot_ns - (began + 101 * STEP_NS)) <= 5 * STEP_NS
    states = [report.camera for report in node.reports]
    assert "covered" in states
    assert states[-2] == "ok"


def test_a_camera_that_hangs_ends_the_process_with_everything_recorded(tmp_path: Path) -> None:
    node = Node(tmp_path, approach("stranger", 30))
    node.camera.hangs_at = 6
    capture = node.capture()
    with pytest.raises(CameraHung):
        capture.run()
    assert [one.kind for one in node.envelopes()] == ["sighting", "observation"]
    assert blind(node) == ["camera_hangs"]
    assert node.reports[-1].camera == "camera_hangs"


def test_systemd_hears_ready_with_the_first_frame_and_the_watchdog_with_each_answer_of_the_camera(tmp_path: Path) -> None:
    node = Node(tmp_path, (None, EMPTY, EMPTY))
    node.run()
    assert node.notifier.heard == ["WATCHDOG=1", "READY=1", "WATCHDOG=1", "WATCHDOG=1"]


def test_a_node_that_looks_once_a_minute_still_tells_the_watchdog_in_between(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 4)
    settle(node, interval_ms=59_000, pass_timeout_ms=60_000, min_agreeing_frames=1)
    for number in range(4):
        node.camera.before[number] = lambda: node.clock.go_on(20)
    node.run()
    assert set(node.camera.intervals_ms) == {5_000}
    assert node.observations()[0].funnel.frames == 2
    assert node.notifier.heard.count("WATCHDOG=1") == 4


TWICE = (*approach("s", 6), *((EMPTY,) * 60), *approach("dan", 6), *((EMPTY,) * 40))


@pytest.mark.parametrize(("error", "reason"), [(OutboxFull("full"), "outbox_full"), (OutboxError("fsync failed"), "outbox_failing")])
def test_a_card_that_takes_nothing_for_a_while_costs_only_what_was_seen_meanwhile(tmp_path: Path, error: OutboxError, reason: str) -> None:
    node = Node(tmp_path, TWICE)
    began = node.clock.now
    opened: list[Records] = []

    def failing() -> OutboxError | None:
        return error if opened and began < node.clock.now < began + 50 * STEP_NS else None

    def open_again() -> Records:
        opened.append(watched(node, [], failing))
        return opened[-1]

    node.open_outbox = open_again
    node.run()
    (sighting,) = node.sightings()
    assert sighting.from_boot_ns > began + 60 * STEP_NS
    observed = node.observations()
    lost = [one for observation in observed for one in observation.blind]
    assert {one.reason for one in lost} == {reason}
    assert (lost[0].from_boot_ns, lost[-1].until_boot_ns > began + 50 * STEP_NS) == (began + STEP_NS, True)
    assert all(later.from_boot_ns == earlier.until_boot_ns for earlier, later in itertools.pairwise(observed))
    assert sum(one.funnel.frames for one in observed) == len(TWICE)
    assert node.reports[-1].refused == 1
    assert (len(opened) > 1) is (reason == "outbox_failing")


def test_a_card_that_takes_everything_is_no_blindness(tmp_path: Path) -> None:
    node = Node(tmp_path, TWICE)
    node.run()
    assert [one.outcome for one in node.sightings()] == [Outcome.UNKNOWN] * 2
    assert blind(node) == []
    assert node.reports[-1].refused == 0


def test_an_order_for_another_epoch_is_obeyed_between_two_frames(tmp_path: Path) -> None:
    orders = EpochOrder(tmp_path / "run")
    node = Node(tmp_path, (*approach("s", 4), *((EMPTY,) * 40), *approach("dan", 4), *((EMPTY,) * 40)))
    node.camera.before[30] = lambda: orders.give(Epoch(9))
    node.run()
    assert orders.wanted() is None
    assert {one.epoch for one in node.recorded} == {1, 9}


def test_a_run_folder_that_takes_nothing_keeps_nobody_from_watching(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    (tmp_path / "run").write_text("no folder")
    capture = node.capture()
    write = CaptureReportFile(tmp_path / "run").write
    capture._around = dataclasses.replace(capture._around, report=write)
    capture.run()
    assert len(node.sightings()) == 1


@pytest.mark.parametrize("broken", ["settings_stamp", "settings", "gallery"])
def test_a_cache_that_cannot_be_read_leaves_what_was_in_force(tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(tmp_path, WALK)
    node.cache.store_gallery(snapshot("ann", "bob", revision=4), "e")
    capture = node.capture()

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error", "cache")

    settle(node, keep_crops=False)
    node.cache.store_gallery(snapshot("bob", revision=5), "f")
    monkeypatch.setattr(GalleryCache, broken, fail)
    capture.run()
    (sighting,) = node.sightings()
    assert sighting.gallery_revision == (4 if broken != "settings" else 5)
