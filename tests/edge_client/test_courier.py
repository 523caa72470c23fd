"""The courier as it runs: its workers in threads, on a clock that is faster than time."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self
from uuid import UUID

import pytest

from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Courier, Surroundings, build
from edge_client.errors import EdgeError, NotClaimed, Unauthorised
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import IdentityFolder
from edge_client.node_token import NodeToken, TokenFile
from edge_client.outbox.status import read_status
from shared_schema.envelope import Kind
from shared_schema.gallery import GallerySnapshot
from shared_schema.ids import NodeId
from shared_schema.node import Heartbeat, HeartbeatAnswer, NodeSettings
from tests.edge_client.fakes import FakeServer, an_identity, make_claimed, open_outbox
from tests.edge_client.fast_clock import FastClock

OTHER = NodeId(UUID(int=9))


def answer(**changes: object) -> str:
    told = {"server_ns": time.time_ns(), "gallery_revision": 7, "settings_revision": 2, **changes}
    return HeartbeatAnswer.model_validate(told).model_dump_json()


def config_of(state: Path, url: str) -> NodeConfig:
    led = {"led": str(state / "no-light")}
    return NodeConfig.model_validate(
        {"state": state, "server": url, "camera": CameraConfig(kind="replay", source="clip.mp4"), "identify": led}
    )


@pytest.fixture
def fast() -> FastClock:
    return FastClock()


@pytest.fixture
def courier(tmp_path: Path, fast: FastClock, server: FakeServer) -> Iterator[Courier]:
    server.answers["heartbeat"] = lambda _: answer()
    server.documents["settings"] = (NodeSettings(revision=2, heartbeat_ms=5000).model_dump_json(), '"s2"')
    server.documents["gallery"] = (GallerySnapshot(revision=7, model_id="m", dimension=2, people=()).model_dump_json(), '"g7"')
    make_claimed(tmp_path)
    courier = build(config_of(tmp_path, server.url), Surroundings(clock=fast, wait=fast.wait, random=lambda: 0.5))
    yield courier
    courier.close()


def put(state: Path, count: int) -> None:
    outbox = open_outbox(state / "outbox")
    for _ in range(count):
        outbox.put(Kind.SIGHTING, b"{}", probe=b"p", crop=b"jpeg")
    outbox.close()


class Running:
    """A courier in a thread, until the end of the test."""

    def __init__(self, courier: Courier, fast: FastClock) -> None:
        self.raised: list[BaseException] = []
        self._courier = courier
        self._fast = fast
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._fast.stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def until(self, true: Callable[[], bool], within_s: float = 20.0) -> bool:
        deadline = time.monotonic() + within_s
        while not true() and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        return true()

    def _run(self) -> None:
        try:
            self._courier.run(once=False)
        except EdgeError as error:
            self.raised.append(error)


def test_once_delivers_everything_and_ends(tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock) -> None:
    put(tmp_path, 3)
    courier.run(once=True)
    assert (len(server.stored), len(server.crops)) == (3, 1)
    assert read_status(tmp_path / "outbox", clock=fast).is_drained


def test_two_heartbeats_come_before_the_first_record(tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock) -> None:
    put(tmp_path, 1)
    courier.run(once=True)
    assert server.calls[: server.calls.index("records")].count("heartbeat") == 2
    first, second = (Heartbeat.model_validate_json(body) for body in server.bodies["heartbeat"][:2])
    assert first.previous is None
    assert second.previous
    assert second.previous.boot_id == fast.boot_id
    assert (second.queue_depth, second.crops_waiting, second.epoch, second.last_seq) == (1, 1, 1, 1)


def test_gallery_and_settings_are_fetched_once_and_kept(tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock) -> None:
    with Running(courier, fast) as running:
        assert running.until(lambda: server.calls.count("heartbeat") > 5)
    assert (server.calls.count("gallery"), server.calls.count("settings")) == (1, 1)
    cache = GalleryCache(tmp_path)
    gallery, settings = cache.gallery("m"), cache.settings()
    assert gallery
    assert settings
    assert (gallery.revision, settings.revision) == (7, 2)


def test_a_server_that_is_down_at_the_start_is_waited_for(tmp_path: Path, server: FakeServer, courier: Courier) -> None:
    put(tmp_path, 2)
    server.faults["heartbeat"] = ["reset", "captive_portal", "reset"]
    server.faults["records"] = ["reset"] * 4
    courier.run(once=True)
    assert len(server.stored) == 2


def test_a_broken_heartbeat_does_not_hold_up_records_for_ever(tmp_path: Path, server: FakeServer, courier: Courier) -> None:
    put(tmp_path, 1)
    server.faults["heartbeat"] = [(500, {}, "")] * 1000
    courier.run(once=True)
    assert len(server.stored) == 1


def test_a_heartbeat_that_hangs_does_not_hold_up_records_nor_a_stop(
    tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock
) -> None:
    released = threading.Event()

    def hang(_: bytes) -> str:
        released.wait(30)
        return answer()

    put(tmp_path, 1)
    server.answers["heartbeat"] = hang
    began = time.monotonic()
    with Running(courier, fast) as running:
        assert running.until(lambda: len(server.stored) == 1)
        released.set()
    assert time.monotonic() - began < 15


def test_crops_that_hang_do_not_hold_up_records(
    tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    class Slow(dict[str, bytes]):
        def __setitem__(self, key: str, value: bytes) -> None:
            released.wait(30)
            super().__setitem__(key, value)

    server.crops = Slow()
    put(tmp_path, 1)
    with Running(courier, fast) as running:
        assert running.until(lambda: "crops" in server.calls)
        put(tmp_path, 3)
        assert running.until(lambda: len(server.stored) == 4)
        assert len(server.crops) == 0
        released.set()


def test_once_without_any_outbox_ends(server: FakeServer, courier: Courier) -> None:
    courier.run(once=True)
    assert not server.stored
    assert "heartbeat" in server.calls


def test_an_outbox_that_capture_salvages_meanwhile_is_opened_anew(tmp_path: Path, server: FakeServer, courier: Courier) -> None:
    put(tmp_path, 1)
    courier.run(once=True)
    (tmp_path / "outbox" / "outbox.db").rename(tmp_path / "outbox" / "elsewhere.db")
    for side in (tmp_path / "outbox").glob("outbox.db-*"):
        side.unlink()
    put(tmp_path, 1)
    courier.run(once=True)
    assert sorted(server.stored) == [(1, 1), (2, 1)]


def test_an_unclaimed_node_has_no_courier(tmp_path: Path, fast: FastClock) -> None:
    with pytest.raises(NotClaimed):
        build(config_of(tmp_path, "http://127.0.0.1:9"), Surroundings(clock=fast, wait=fast.wait))


def test_a_cache_that_cannot_be_written_does_not_hold_up_records(
    tmp_path: Path, server: FakeServer, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(GalleryCache, "store_gallery", full)
    put(tmp_path, 1)
    courier.run(once=True)
    assert len(server.stored) == 1


@pytest.mark.parametrize(("server_url", "warnings"), [("http://lintel.example.org", 1), ("https://lintel.example.org", 0)])
def test_plain_http_to_another_machine_is_warned_of_once(
    tmp_path: Path, fast: FastClock, caplog: pytest.LogCaptureFixture, server_url: str, warnings: int
) -> None:
    make_claimed(tmp_path)
    build(config_of(tmp_path, server_url), Surroundings(clock=fast, wait=fast.wait)).close()
    assert sum("plain http" in record.getMessage() for record in caplog.records) == warnings


def test_once_ends_when_the_server_goes_on_refusing_the_node_and_keeps_everything(
    tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock
) -> None:
    put(tmp_path, 2)
    server.faults["heartbeat"] = [(401, {}, "unknown_token")] * 1000
    server.faults["records"] = [(401, {}, "unknown_token")] * 1000
    with pytest.raises(Unauthorised, match="claim it again") as refused:
        courier.run(once=True)
    assert refused.value.exit_code == 3
    assert read_status(tmp_path / "outbox", clock=fast).waiting == 2
    assert "records" not in server.calls


def test_a_node_that_is_refused_for_a_moment_goes_on(tmp_path: Path, server: FakeServer, courier: Courier) -> None:
    put(tmp_path, 1)
    server.faults["heartbeat"] = [(403, {}, "node_frozen")] * 2
    courier.run(once=True)
    assert len(server.stored) == 1


def test_a_live_node_that_is_refused_goes_on_by_itself_when_it_is_accepted(
    tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock
) -> None:
    put(tmp_path, 1)
    server.faults["heartbeat"] = [(403, {}, "node_frozen")] * 6
    with Running(courier, fast) as running:
        assert running.until(lambda: len(server.stored) == 1)


def test_a_node_that_is_claimed_again_goes_on_without_a_restart(
    tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock
) -> None:
    put(tmp_path, 1)
    tokens: list[str] = []
    server.faults["heartbeat"] = [(401, {}, "unknown_token")] * 4
    with Running(courier, fast) as running:
        assert running.until(lambda: server.calls.count("heartbeat") >= 4)
        TokenFile(tmp_path).save(NodeToken(token="of-another-claim", generation=2))
        assert running.until(lambda: len(server.stored) == 1)
        tokens = server.tokens
    assert tokens[0] == "bearer-of-the-test"
    assert tokens[-1] == "of-another-claim"


def test_a_node_that_was_claimed_as_another_ends_to_be_started_again(
    tmp_path: Path, server: FakeServer, courier: Courier, fast: FastClock
) -> None:
    with Running(courier, fast) as running:
        assert running.until(lambda: "heartbeat" in server.calls)
        IdentityFolder(tmp_path).save(an_identity().model_copy(update={"node": OTHER}))
        assert running.until(lambda: bool(running.raised))
    assert "claimed as another one" in str(running.raised[0])


def test_every_request_is_told_to_whoever_observes(tmp_path: Path, server: FakeServer, fast: FastClock, courier: Courier) -> None:
    seen: list[str] = []
    around = Surroundings(clock=fast, wait=fast.wait, random=lambda: 0.5, observe=lambda call: seen.append(call.path))
    put(tmp_path, 1)
    build(config_of(tmp_path, server.url), around).run(once=True)
    assert {"heartbeat", "settings", "gallery", "records"} <= set(seen)
    assert any(path.startswith("crops/") for path in seen)


def test_what_a_heartbeat_tells_is_no_secret(tmp_path: Path, server: FakeServer, courier: Courier) -> None:
    courier.run(once=True)
    said = json.dumps([json.loads(body) for body in server.bodies["heartbeat"]])
    assert "bearer-of-the-test" not in said
