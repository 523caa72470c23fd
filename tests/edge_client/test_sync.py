from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_client.errors import Rejected
from edge_client.gallery_cache import GalleryCache
from edge_client.server_api import ServerApi
from edge_client.sync import Sync
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings
from tests.edge_client.fakes import FakeServer


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
