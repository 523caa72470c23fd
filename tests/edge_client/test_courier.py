import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Courier, Surroundings, build
from edge_client.errors import NotClaimed, Unauthorised
from edge_client.first_contact import FirstContact
from edge_client.gallery_cache import GalleryCache
from edge_client.outbox.status import read_status
from shared_schema.envelope import Kind
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import Heartbeat, HeartbeatAnswer, NodeSettings
from tests.edge_client.fakes import FakeClock, FakeServer, make_claimed, open_outbox


def _config(state: Path, url: str) -> NodeConfig:
    return NodeConfig(state=state, server=url, camera=CameraConfig(kind="replay", source="clip.mp4"))


class Patience:
    """Waits on the fake clock and gives up after so many waits."""

    def __init__(self, clock: FakeClock, waits: int = 500) -> None:
        self._clock = clock
        self._left = waits

    def __call__(self, seconds: float) -> bool:
        self._clock.go_on(seconds)
        self._left -= 1
        return self._left < 0


@pytest.fixture
def courier(tmp_path: Path, clock: FakeClock, server: FakeServer) -> Iterator[Courier]:
    server.answers["heartbeat"] = lambda _: HeartbeatAnswer(
        server_ns=time.time_ns(), gallery_revision=7, settings_revision=2
    ).model_dump_json()
    server.documents["settings"] = (NodeSettings(revision=2, heartbeat_ms=5000).model_dump_json(), '"s2"')
    server.documents["gallery"] = (GallerySnapshot(revision=7, model_id="m", dimension=2, people=()).model_dump_json(), '"g7"')
    make_claimed(tmp_path)
    courier = build(_config(tmp_path, server.url), Surroundings(clock=clock, wait=Patience(clock), random=lambda: 0.5))
    yield courier
    courier.close()


def _put(state: Path, clock: FakeClock, count: int) -> None:
    outbox = open_outbox(state / "outbox", clock)
    for _ in range(count):
        outbox.put(Kind.SIGHTING, b"{}", probe=b"p", crop=b"jpeg")
    outbox.close()


def test_once_delivers_everything_and_ends(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    _put(tmp_path, clock, 3)
    courier.run(once=True)
    assert (len(server.stored), len(server.crops)) == (3, 1)
    assert read_status(tmp_path / "outbox", clock=clock).is_drained


def test_two_heartbeats_come_before_the_first_record(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    _put(tmp_path, clock, 1)
    courier.run(once=True)
    assert server.calls[: server.calls.index("records")].count("heartbeat") == 2
    first, second = (Heartbeat.model_validate_json(body) for body in server.bodies["heartbeat"][:2])
    assert first.previous is None
    assert second.previous
    assert second.previous.boot_id == clock.boot_id
    assert (second.queue_depth, second.crops_waiting) == (1, 1)


def test_gallery_and_settings_are_fetched_once_and_kept(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    courier.run(once=False)
    assert (server.calls.count("gallery"), server.calls.count("settings")) == (1, 1)
    cache = GalleryCache(tmp_path)
    gallery, settings = cache.gallery("m"), cache.settings()
    assert gallery
    assert settings
    assert (gallery.revision, settings.revision) == (7, 2)
    assert server.calls.count("heartbeat") > 10


def test_a_server_that_is_down_at_the_start_is_waited_for(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    _put(tmp_path, clock, 2)
    server.faults["heartbeat"] = ["reset", "captive_portal", "reset"]
    server.faults["records"] = ["reset"] * 4
    courier.run(once=True)
    assert len(server.stored) == 2


def test_a_broken_heartbeat_does_not_hold_up_records_for_ever(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier
) -> None:
    _put(tmp_path, clock, 1)
    server.faults["heartbeat"] = [(500, {}, "")] * 1000
    courier.run(once=True)
    assert len(server.stored) == 1


def test_once_without_any_outbox_ends(server: FakeServer, courier: Courier) -> None:
    courier.run(once=True)
    assert not server.stored


def test_an_outbox_that_capture_salvages_meanwhile_is_opened_anew(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier
) -> None:
    _put(tmp_path, clock, 1)
    courier.run(once=True)
    (tmp_path / "outbox" / "outbox.db").rename(tmp_path / "outbox" / "elsewhere.db")
    for side in (tmp_path / "outbox").glob("outbox.db-*"):
        side.unlink()
    _put(tmp_path, clock, 1)
    courier.run(once=True)
    assert sorted(server.stored) == [(1, 1), (2, 1)]


def test_an_unclaimed_node_has_no_courier(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(NotClaimed):
        build(_config(tmp_path, "http://127.0.0.1:9"), Surroundings(clock=clock, wait=clock.wait))


def test_first_contact_is_noted_when_the_gallery_is_here(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    first = FirstContact(tmp_path / "run")
    server.faults["gallery"] = ["reset"]
    courier._contact.step()
    assert not first.was_had(clock.boot_id)
    clock.go_on(60)
    courier._contact.step()
    assert first.was_had(clock.boot_id)
    assert GalleryCache(tmp_path).gallery("m") is not None


def test_a_cache_that_cannot_be_written_does_not_hold_up_records(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(GalleryCache, "store_gallery", full)
    _put(tmp_path, clock, 1)
    courier.run(once=True)
    assert len(server.stored) == 1


@pytest.mark.parametrize(("server_url", "warnings"), [("http://lintel.example.org", 1), ("https://lintel.example.org", 0)])
def test_plain_http_to_another_machine_is_warned_of_once(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture, server_url: str, warnings: int
) -> None:
    make_claimed(tmp_path)
    build(_config(tmp_path, server_url), Surroundings(clock=clock, wait=Patience(clock))).close()
    assert sum("plain http" in record.getMessage() for record in caplog.records) == warnings


def test_once_ends_when_the_server_goes_on_refusing_the_node_and_keeps_everything(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier
) -> None:
    _put(tmp_path, clock, 2)
    server.faults["heartbeat"] = [(401, {}, "unknown_token")] * 1000
    server.faults["records"] = [(401, {}, "unknown_token")] * 1000
    with pytest.raises(Unauthorised, match="claim it again") as refused:
        courier.run(once=True)
    assert refused.value.exit_code == 3
    assert read_status(tmp_path / "outbox", clock=clock).waiting == 2


def test_a_node_that_is_refused_for_a_moment_goes_on(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    _put(tmp_path, clock, 1)
    server.faults["heartbeat"] = [(403, {}, "node_frozen")] * 2
    courier.run(once=True)
    assert len(server.stored) == 1


def test_a_live_node_that_is_refused_goes_on_trying(tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier) -> None:
    _put(tmp_path, clock, 1)
    server.faults["heartbeat"] = [(403, {}, "node_frozen")] * 6
    courier.run(once=False)
    assert len(server.stored) == 1


def test_a_gallery_that_is_not_there_yet_is_asked_for_at_every_heartbeat_and_holds_up_nothing(
    tmp_path: Path, clock: FakeClock, server: FakeServer, courier: Courier
) -> None:
    report = CaptureReport(at=clock.reading(), camera="ok", model_id="m", wanted_model_id="new", gallery_revision=7, settings_revision=2)
    CaptureReportFile(tmp_path / "run").write(report)
    server.documents["gallery?model=m"] = server.documents["gallery"]
    server.faults["gallery?model=new"] = [(409, {}, "gallery_not_ready")] * 3
    new = GallerySnapshot(revision=7, model_id="new", dimension=2, people=())
    server.documents["gallery?model=new"] = (new.model_dump_json(), '"7-new"')
    cache = GalleryCache(tmp_path)
    for _ in range(3):
        clock.go_on(60)
        courier._contact.step()
        assert cache.gallery("new") is None
    assert (courier._contact.records_may_go, cache.gallery("m") is not None) == (True, True)
    for _ in range(2):
        clock.go_on(60)
        courier._contact.step()
    assert cache.gallery("new") == new
    assert server.calls.count("gallery?model=new") == 4
