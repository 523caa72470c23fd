from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from edge_client.errors import Rejected
from edge_client.gallery_cache import GalleryCache
from edge_client.server_api import ServerApi
from edge_client.sync import Sync
from shared_schema.gallery import GalleryDelta, GalleryPerson, GallerySnapshot
from shared_schema.node import NodeSettings
from tests.edge_client.fakes import FakeServer, an_identity


@pytest.fixture
def api(server: FakeServer) -> Iterator[ServerApi]:
    server.documents["settings"] = (NodeSettings(revision=2).model_dump_json(), '"s2"')
    for model in ("old", "new model"):
        name = f"gallery?model={model.replace(' ', '%20')}"
        server.documents[name] = (GallerySnapshot(revision=7, model_id=model, dimension=2, people=()).model_dump_json(), f'"7-{model}"')
    server.documents["gallery"] = server.documents["gallery?model=old"]
    api = ServerApi(server.url, token="t")
    yield api
    api.close()


def gallery(revision: int, *people: int) -> GallerySnapshot:
    entries = tuple(GalleryPerson(person=UUID(int=number), templates=(bytes([number] * 8),)) for number in people)
    return GallerySnapshot(revision=revision, model_id="old", dimension=2, people=entries)


@pytest.fixture
def serve(server: FakeServer) -> Callable[[GallerySnapshot, str | None], None]:
    """Let the server have this gallery, and answer whoever has that of revision 7 with this text."""

    def serve(now: GallerySnapshot, delta: str | None = None) -> None:
        server.documents["gallery?model=old"] = (now.model_dump_json(), f'"{now.revision}"')
        if delta is not None:
            server.deltas["gallery?model=old", 7] = delta

    return serve


def test_the_gallery_of_every_model_the_node_runs_is_fetched(api: ServerApi, tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    brought = Sync(api, cache).fetch(["old", "new model"])
    assert (brought.gallery_revision, brought.lacking) == (7, None)
    assert cache.gallery("old") is not None
    assert cache.gallery("new model") is not None
    assert Sync(api, cache).fetch(["old", "new model"]).gallery_revision is None


def test_before_capture_has_said_what_it_runs_the_server_decides(api: ServerApi, tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    Sync(api, cache).fetch()
    assert cache.gallery("old") is not None


def test_a_gallery_that_is_not_ready_leaves_the_others_and_is_told(api: ServerApi, server: FakeServer, tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    server.faults["gallery?model=new%20model"] = [(409, {}, "gallery_not_ready")]
    brought = Sync(api, cache).fetch(["new model", "old"])
    assert (brought.gallery_revision, brought.lacking) == (7, "detail of gallery_not_ready")
    assert cache.gallery("old") is not None
    assert cache.gallery("new model") is None


def test_another_refusal_is_passed_on(api: ServerApi, server: FakeServer, tmp_path: Path) -> None:
    server.faults["gallery?model=old"] = [(422, {}, "something_else")]
    with pytest.raises(Rejected):
        Sync(api, GalleryCache(tmp_path)).fetch(["old"])


def test_what_the_node_no_longer_runs_leaves_its_card(api: ServerApi, tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    Sync(api, cache).fetch(["old", "new model"])
    Sync(api, cache).fetch(["new model"])
    assert (cache.gallery("old"), cache.gallery("new model") is not None) == (None, True)


def test_what_changed_is_fetched_and_applied(api: ServerApi, tmp_path: Path, serve: Callable[[GallerySnapshot, str | None], None]) -> None:
    cache, before, now = GalleryCache(tmp_path), gallery(7, 1, 2), gallery(8, 2, 3)
    serve(before, None)
    sync = Sync(api, cache)
    sync.fetch(["old"])
    serve(now, GalleryDelta.between(before, now).model_dump_json())
    assert sync.fetch(["old"]).gallery_revision == 8
    found = cache.gallery("old")
    assert found
    assert (found.revision, found.digest()) == (8, now.digest())
    assert cache.gallery_etag("old") == '"8"'


def test_a_server_that_does_not_know_the_revision_any_more_sends_the_whole(
    api: ServerApi, tmp_path: Path, serve: Callable[[GallerySnapshot, str | None], None], server: FakeServer
) -> None:
    cache = GalleryCache(tmp_path)
    sync = Sync(api, cache)
    serve(gallery(7, 1), None)
    sync.fetch(["old"])
    serve(gallery(9, 2), None)
    sync.fetch(["old"])
    assert (cache.gallery("old"), server.calls.count("gallery?model=old")) == (gallery(9, 2), 2)


@pytest.mark.parametrize(
    "wrong",
    [
        GalleryDelta.between(gallery(7, 1), gallery(8, 2)).model_copy(update={"digest": "0" * 64}),
        GalleryDelta.between(gallery(6, 1), gallery(8, 2)),
        GalleryDelta.between(gallery(7, 5), gallery(8, 5, 2)),
    ],
    ids=["wrong digest", "from another revision", "from another gallery"],
)
def test_a_change_that_does_not_fit_makes_the_node_fetch_the_whole(
    api: ServerApi, tmp_path: Path, serve: Callable[[GallerySnapshot, str | None], None], server: FakeServer, wrong: GalleryDelta
) -> None:
    cache = GalleryCache(tmp_path)
    sync = Sync(api, cache)
    serve(gallery(7, 1), None)
    sync.fetch(["old"])
    serve(gallery(8, 2), wrong.model_dump_json())
    sync.fetch(["old"])
    assert (cache.gallery("old"), server.calls.count("gallery?model=old")) == (gallery(8, 2), 3)


def test_after_a_restart_a_sealed_gallery_is_fetched_whole(
    api: ServerApi, tmp_path: Path, serve: Callable[[GallerySnapshot, str | None], None], server: FakeServer
) -> None:
    identity = an_identity().model_copy(update={"gallery_secret": b"\x03" * 32})
    capture = GalleryCache.of_capture(tmp_path, run=tmp_path / "run", identity=identity, read_board_key=lambda: b"\x04" * 32)
    serve(gallery(7, 1), "no delta is asked for")
    Sync(api, GalleryCache(tmp_path)).fetch(["old"])
    Sync(api, GalleryCache(tmp_path)).fetch(["old"])
    assert (capture.gallery("old"), server.calls.count("gallery?model=old")) == (gallery(7, 1), 2)


def test_settings_that_cannot_be_worked_by_leave_the_old_ones_and_hold_up_no_gallery(
    api: ServerApi, tmp_path: Path, server: FakeServer
) -> None:
    cache = GalleryCache(tmp_path)
    sync = Sync(api, cache)
    sync.fetch(["old"])
    server.documents["settings"] = ('{"revision": 3, "interval_ms": 1}', '"s3"')
    brought = sync.fetch(["new model"])
    assert (brought.gallery_revision, brought.settings_revision) == (7, None)
    assert brought.settings_refused.startswith("interval_ms: ")
    assert cache.settings() == NodeSettings(revision=2)
