"""The contact, step by step, on a clock that stands still until it is told to go on."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_client.courier import Courier, Surroundings, build
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.node_token import TokenFile
from edge_client.outbox.delivery import Deliveries
from shared_schema.envelope import Kind
from shared_schema.gallery import GalleryDelta, GallerySnapshot
from shared_schema.node import NodeSettings, Receipt, Status
from tests.edge_client.courier_scene import NEXT, Meet, a_courier, capture_says, last_heartbeat, meeting
from tests.edge_client.fakes import FakeClock, FakeServer, an_identity, open_outbox
from tests.edge_client.test_courier import answer, config_of


@pytest.fixture
def courier(tmp_path: Path, clock: FakeClock, server: FakeServer) -> Iterator[Courier]:
    courier = a_courier(tmp_path, clock, server)
    yield courier
    courier.close()


@pytest.fixture
def meet(courier: Courier, clock: FakeClock) -> Meet:
    return meeting(courier, clock)


def test_the_first_heartbeat_is_sent_at_once_and_later_ones_when_the_settings_say(
    courier: Courier, clock: FakeClock, server: FakeServer
) -> None:
    for _ in range(3):
        courier.contact.step()
    assert server.calls.count("heartbeat") == 2
    clock.go_on(4.9)
    courier.contact.step()
    assert server.calls.count("heartbeat") == 2
    clock.go_on(0.2)
    courier.contact.step()
    assert server.calls.count("heartbeat") == 3


def test_nodes_that_were_switched_on_at_once_drift_apart(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    due = []
    for luck in (0.0, 0.25, 0.75, 0.999):
        other = build(config_of(tmp_path, server.url), Surroundings(clock=clock, wait=clock.wait, random=lambda luck=luck: luck))  # type: ignore[misc]
        other.contact.step()
        other.contact.step()
        due.append((other.contact._due_ns - clock.now) / 1e9)
        other.close()
    assert due == pytest.approx([4.5, 4.75, 5.25, 5.499])


def test_first_contact_is_noted_when_the_gallery_is_here(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    first = FirstContact(tmp_path / "run")
    server.faults["gallery"] = ["reset"]
    courier.contact.step()
    assert not first.was_had(clock.boot_id)
    clock.go_on(60)
    courier.contact.step()
    assert first.was_had(clock.boot_id)
    assert GalleryCache(tmp_path).gallery("m") is not None


def test_with_the_first_contact_comes_the_servers_time(tmp_path: Path, clock: FakeClock, courier: Courier) -> None:
    before = time.time_ns()
    courier.contact.step()
    offset = FirstContact(tmp_path / "run").time_offset_ns(clock.boot_id)
    assert offset is not None
    assert before <= clock.boot_ns() + offset <= time.time_ns()


def test_a_gallery_that_is_not_there_yet_is_asked_for_at_every_heartbeat_and_holds_up_nothing(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier, meet: Meet
) -> None:
    capture_says(tmp_path, clock, wanted_model_id="new")
    server.documents["gallery?model=m"] = server.documents["gallery"]
    server.faults["gallery?model=new"] = [(409, {}, "gallery_not_ready")] * 3
    new = GallerySnapshot(revision=7, model_id="new", dimension=2, people=())
    server.documents["gallery?model=new"] = (new.model_dump_json(), '"7-new"')
    cache = GalleryCache(tmp_path)
    for _ in range(3):
        meet()
        assert cache.gallery("new") is None
    assert (courier.contact.records_may_go, cache.gallery("m") is not None) == (True, True)
    for _ in range(2):
        meet()
    assert cache.gallery("new") == new
    assert server.calls.count("gallery?model=new") == 4


def test_somebody_who_was_erased_is_gone_at_the_next_contact_and_the_heartbeat_after_it_confirms_that(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier, meet: Meet
) -> None:
    capture_says(tmp_path, clock)
    with_somebody = GallerySnapshot.model_validate(
        {"revision": 7, "model_id": "m", "dimension": 2, "people": [{"person": str(clock.boot_id), "templates": ["AAA="]}]}
    )
    server.documents["gallery?model=m"] = (with_somebody.model_dump_json(), '"7"')
    meet()
    assert GalleryCache(tmp_path).gallery("m") == with_somebody
    without = with_somebody.model_copy(update={"revision": 8, "people": ()})
    server.answers["heartbeat"] = lambda _: answer(gallery_revision=8)
    server.documents["gallery?model=m"] = ("never the whole", '"8"')
    server.deltas["gallery?model=m", 7] = GalleryDelta.between(with_somebody, without).model_dump_json()
    meet()
    assert GalleryCache(tmp_path).gallery("m") == without
    assert last_heartbeat(server).gallery_revision == 7
    capture_says(tmp_path, clock, gallery_revision=8)
    meet()
    assert last_heartbeat(server).gallery_revision == 8


def test_what_capture_says_is_passed_on(tmp_path: Path, clock: FakeClock, server: FakeServer, meet: Meet) -> None:
    said = {"refused": 3, "crops_shed": 4, "fsync_p99_ms": 12.5, "disk_errors": 2, "card": "full", "settings_refused": "too new"}
    capture_says(tmp_path, clock, last_frame_boot_ns=clock.now, **said)
    meet()
    told = last_heartbeat(server)
    assert (told.refused, told.crops_shed, told.settings_refused) == (3, 4, "too new")
    assert (told.health.fsync_p99_ms, told.health.disk_errors, told.health.card) == (12.5, 2, "full")
    assert (told.last_frame_age_ms, told.health.uptime_s) == (700_000, clock.now // 10**9)
    assert told.free_bytes


def test_settings_this_release_cannot_work_by_are_told_and_the_old_ones_stay(
    tmp_path: Path, clock: FakeClock, server: FakeServer, meet: Meet
) -> None:
    capture_says(tmp_path, clock)
    meet()
    server.answers["heartbeat"] = lambda _: answer(settings_revision=3)
    server.documents["settings"] = ('{"revision": 3, "interval_ms": 1}', '"s3"')
    server.documents["gallery?model=m"] = (GallerySnapshot(revision=9, model_id="m", dimension=2, people=()).model_dump_json(), '"g9"')
    for _ in range(2):
        meet()
    assert last_heartbeat(server).settings_refused.startswith("interval_ms: ")
    settings, gallery = GalleryCache(tmp_path).settings(), GalleryCache(tmp_path).gallery("m")
    assert settings
    assert gallery
    assert (settings.revision, gallery.revision) == (2, 9)
    server.answers["heartbeat"] = lambda _: answer(settings_revision=4)
    server.documents["settings"] = (NodeSettings(revision=4).model_dump_json(), '"s4"')
    for _ in range(2):
        meet()
    assert last_heartbeat(server).settings_refused == ""


def test_a_duty_that_fails_keeps_no_other_from_being_done(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier, meet: Meet
) -> None:
    server.answers["heartbeat"] = lambda _: answer(rotate_token=True)
    server.faults["settings"] = [(500, {}, "")]
    meet()
    assert TokenFile(tmp_path).load()[0].token == NEXT
    assert not FirstContact(tmp_path / "run").was_had(clock.boot_id)


def test_what_the_server_asks_to_wait_is_waited(server: FakeServer, courier: Courier, clock: FakeClock) -> None:
    server.faults["heartbeat"] = [(429, {"Retry_After": "120"}, "")]
    for _ in range(119):
        courier.contact.step()
        clock.go_on(1)
    assert server.calls.count("heartbeat") == 1
    clock.go_on(20)
    courier.contact.step()
    assert server.calls.count("heartbeat") == 2


def test_who_the_server_looks_for_shows_itself(tmp_path: Path, server: FakeServer, courier: Courier, clock: FakeClock) -> None:
    led = tmp_path / "no-light"
    led.mkdir()
    (led / "trigger").write_text("none [mmc0]", encoding="ascii")
    server.answers["heartbeat"] = lambda _: answer(identify_s=10)
    (identify,) = (worker for worker in courier.workers if worker.name == "identify")
    courier.contact.step()
    identify.step()
    assert (led / "brightness").read_text(encoding="ascii") == "1"


def test_what_waits_since_an_earlier_boot_is_at_least_as_old_as_this_one(
    tmp_path: Path, clock: FakeClock, server: FakeServer, meet: Meet
) -> None:
    before = FakeClock(boot=2, boot_ns=10**15)
    outbox = open_outbox(tmp_path / "outbox", before)
    outbox.put(Kind.SIGHTING, b"{}")
    outbox.close()
    meet()
    assert last_heartbeat(server).oldest_boot_age_ms == clock.now // 1_000_000
    now = open_outbox(tmp_path / "outbox", clock)
    now.put(Kind.SIGHTING, b"{}")
    now.close()
    meet()
    assert last_heartbeat(server).oldest_boot_age_ms == clock.now // 1_000_000
    deliver_all(tmp_path, before)
    meet()
    assert last_heartbeat(server).oldest_boot_age_ms == 2 * 700_000


def deliver_all(state: Path, of: FakeClock) -> None:
    """Take the record of that boot away, as a receipt does."""
    deliveries = Deliveries.open(state / "outbox", clock=of)
    first = deliveries.lease(10)[:1]
    deliveries.ack(first, [Receipt(epoch=one.epoch, seq=one.seq, sha256=one.sha256, status=Status.ARCHIVED) for one in first])
    deliveries.close()


def test_a_gallery_goes_to_the_card_when_capture_finds_the_boards_key_after_the_courier_began(
    tmp_path: Path, clock: FakeClock, server: FakeServer, meet: Meet
) -> None:
    capture_says(tmp_path, clock)
    server.documents["gallery?model=m"] = server.documents["gallery"]
    meet()
    identity = an_identity().model_copy(update={"gallery_secret": b"\x03" * 32})
    capture = GalleryCache.of_capture(tmp_path, run=tmp_path / "run", identity=identity, read_board_key=lambda: b"\x04" * 32)
    assert list((tmp_path / "cache").glob("*.sealed")) == []
    meet()
    assert len(list((tmp_path / "cache").glob("*.sealed"))) == 1
    assert (capture.gallery("m") is not None, server.calls.count("gallery?model=m")) == (True, 1)
