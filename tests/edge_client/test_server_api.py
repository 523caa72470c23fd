from collections.abc import Iterator
from uuid import UUID

import pytest

from edge_client import server_api
from edge_client.errors import Rejected, Unauthorised, Unavailable
from edge_client.server_api import Call, ServerApi
from shared_schema.gallery import GalleryDelta, GallerySnapshot
from shared_schema.node import EpochAnswer, EpochRequest, NodeSettings, TokenAnswer
from tests.edge_client.fakes import FakeServer, Fault


@pytest.fixture
def api(server: FakeServer) -> Iterator[ServerApi]:
    server.documents["settings"] = (NodeSettings(revision=3).model_dump_json(), '"3"')
    api = ServerApi(server.url, token="t" * 20, read_timeout_s=2.0)
    yield api
    api.close()


def test_a_document_comes_with_its_tag_and_not_twice(api: ServerApi) -> None:
    fetched = api.settings(None)
    assert fetched
    assert (fetched.value.revision, fetched.etag) == (3, '"3"')
    assert api.settings('"3"') is None


@pytest.mark.parametrize(
    "fault",
    [
        "reset",
        "captive_portal",
        "wrong_body",
        (500, {}, ""),
        (503, {}, "down"),
        (302, {"Location": "http://127.0.0.1:9/login"}, ""),
        (404, {}, ""),
        (400, {}, ""),
        (400, {}, "unknown_protocol"),
        (304, {}, ""),
        (200, {"Content_Encoding": "gzip"}, "compressed"),
    ],
)
def test_what_this_server_would_not_say_is_unavailable(api: ServerApi, server: FakeServer, fault: Fault) -> None:
    server.faults["crops"] = server.faults["settings"] = [fault]
    with pytest.raises(Unavailable):
        api.settings(None)


def test_a_login_page_is_no_receipt_for_a_crop(api: ServerApi, server: FakeServer) -> None:
    server.faults["crops"] = ["captive_portal"]
    with pytest.raises(Unavailable):
        api.put_crop("0" * 64, b"sealed")


def test_the_servers_wish_to_wait_is_passed_on(api: ServerApi, server: FakeServer) -> None:
    server.faults["settings"] = [(429, {"Retry_After": "17"}, ""), (503, {"Retry_After": "Fri, 21 Nov 2031 07:28:00 GMT"}, "")]
    with pytest.raises(Unavailable) as first:
        api.settings(None)
    with pytest.raises(Unavailable) as second:
        api.settings(None)
    assert (first.value.retry_after_s, second.value.retry_after_s) == (17.0, None)


def test_a_refusal_carries_its_code_and_sentence(api: ServerApi, server: FakeServer) -> None:
    server.faults["settings"] = [(422, {}, "invalid_payload")]
    with pytest.raises(Rejected, match="detail of invalid_payload") as refusal:
        api.settings(None)
    assert refusal.value.code == "invalid_payload"


def test_an_unknown_token_is_unauthorised(api: ServerApi, server: FakeServer) -> None:
    server.faults["settings"] = [(401, {}, "unknown_token")]
    with pytest.raises(Unauthorised):
        api.settings(None)


def test_an_answer_without_end_is_not_read_to_the_end(api: ServerApi, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_api, "_MAX_ANSWER_BYTES", 1000)
    server.documents["settings"] = ("x" * 100_000, '"4"')
    with pytest.raises(Unavailable, match="too large"):
        ServerApi.settings(api, None)


def test_nobody_listening_is_unavailable() -> None:
    api = ServerApi("http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="does not answer"):
        api.settings(None)
    api.close()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:9", "nobody listens there"),
        ("http://server.invalid", "its name is not known"),
        ("http://127.0.0.1:port", "this is no address"),
    ],
)
def test_a_server_that_cannot_be_reached_is_said_with_its_cause(address: str, says: str) -> None:
    api = ServerApi(address)
    with pytest.raises(Unavailable, match=f"{says}.; check its address and that it runs"):
        api.settings(None)
    api.close()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ((404, {}, ""), "is this the address of a Lintel server"),
        ((301, {"Location": "https://lintel.example.org/api/v1/node/claim"}, ""), "points to https://lintel.example.org; use that address"),
        ((503, {}, ""), "answered 503$"),
    ],
)
def test_an_answer_that_is_not_lintels_says_what_it_may_mean(api: ServerApi, server: FakeServer, fault: Fault, says: str) -> None:
    server.faults["settings"] = [fault]
    with pytest.raises(Unavailable, match=says):
        api.settings(None)


def test_whoever_observes_is_told_of_every_request_also_of_one_that_nobody_answered(server: FakeServer) -> None:
    seen: list[Call] = []
    server.documents["settings"] = (NodeSettings().model_dump_json(), '"1"')
    ServerApi(server.url, observe=seen.append).settings(None)
    with pytest.raises(Unavailable):
        ServerApi("http://127.0.0.1:9", observe=seen.append).settings(None)
    assert [(call.method, call.path, call.status, bool(call.answer)) for call in seen] == [
        ("GET", "settings", 200, True),
        ("GET", "settings", None, False),
    ]


SNAPSHOT = GallerySnapshot(revision=7, model_id="m", dimension=2, people=())
DELTA = GalleryDelta.between(SNAPSHOT.model_copy(update={"revision": 6}), SNAPSHOT)


def test_what_changed_in_a_gallery_is_told_from_the_whole(api: ServerApi, server: FakeServer) -> None:
    server.documents["gallery?model=m"] = (SNAPSHOT.model_dump_json(), '"7"')
    server.deltas["gallery?model=m", 6] = DELTA.model_dump_json()
    changed, whole = api.gallery_since(None, model_id="m", since=6), api.gallery_since(None, model_id="m", since=5)
    assert changed
    assert whole
    assert (changed.value, whole.value, changed.etag) == (DELTA, SNAPSHOT, '"7"')
    assert api.gallery_since('"7"', model_id="m", since=7) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"base_revision": 1}', "<html>"])
def test_what_is_no_gallery_is_unavailable(api: ServerApi, server: FakeServer, text: str) -> None:
    server.documents["gallery?model=m"] = (text, '"7"')
    with pytest.raises(Unavailable):
        api.gallery_since(None, model_id="m", since=6)
    with pytest.raises(Unavailable):
        api.gallery(None, model_id="m")


def test_the_next_token_and_an_epoch_are_asked_for(api: ServerApi, server: FakeServer) -> None:
    server.answers["token"] = lambda _: TokenAnswer(token="next", generation=2).model_dump_json()
    server.answers["epoch"] = lambda _: EpochAnswer(epoch=9).model_dump_json()
    request = EpochRequest(boot_id=UUID(int=1), epoch=3, last_seq=4)
    assert (api.next_token(), api.next_epoch(request)) == (TokenAnswer(token="next", generation=2), EpochAnswer(epoch=9))
    assert (server.bodies["token"], EpochRequest.model_validate_json(server.bodies["epoch"][0])) == ([b""], request)


@pytest.mark.parametrize(
    "fault", ["reset", "captive_portal", "wrong_body", (500, {}, ""), (302, {"Location": "http://127.0.0.1:9/"}, ""), (404, {}, "")]
)
def test_neither_a_token_nor_an_epoch_is_taken_from_what_is_no_answer(api: ServerApi, server: FakeServer, fault: Fault) -> None:
    server.faults["token"] = server.faults["epoch"] = [fault, fault]
    with pytest.raises(Unavailable):
        api.next_token()
    with pytest.raises(Unavailable):
        api.next_epoch(EpochRequest(boot_id=UUID(int=1), epoch=3, last_seq=4))


def test_every_request_carries_the_token_of_its_moment(server: FakeServer) -> None:
    known = iter(["first", "second"])
    api = ServerApi(server.url, token=lambda: next(known))
    server.documents["settings"] = (NodeSettings(revision=3).model_dump_json(), '"3"')
    api.settings(None)
    api.settings(None)
    assert server.tokens == ["first", "second"]
    api.close()


def test_a_refused_node_is_told_from_an_unknown_token(api: ServerApi, server: FakeServer) -> None:
    server.faults["settings"] = [(401, {}, "unknown_token"), (403, {}, "node_frozen")]
    with pytest.raises(Unauthorised) as unknown:
        api.settings(None)
    with pytest.raises(Unauthorised) as frozen:
        api.settings(None)
    assert (unknown.value.knows_node, frozen.value.knows_node) == (False, True)


def test_settings_nobody_can_work_by_are_the_servers_all_the_same(api: ServerApi, server: FakeServer) -> None:
    server.documents["settings"] = ('{"revision": 4, "hours": [{"days": [9]}]}', '"4"')
    with pytest.raises(Rejected, match=r"^hours\.0\.days\.0: ") as refusal:
        api.settings(None)
    assert refusal.value.code == "unusable_settings"


@pytest.mark.parametrize("text", ["", "[]", "7", '"settings"'])
def test_what_is_no_object_is_not_the_servers_settings(api: ServerApi, server: FakeServer, text: str) -> None:
    server.documents["settings"] = (text, '"4"')
    with pytest.raises(Unavailable):
        api.settings(None)


class Time:
    """Stands still but for a second with every look at it."""

    def __init__(self, steps_s: float) -> None:
        self.now = 0.0
        self._step_s = steps_s

    def monotonic(self) -> float:
        self.now += self._step_s
        return self.now


@pytest.mark.parametrize(("seconds_a_chunk", "chunk_bytes", "comes"), [(8.0, 65_536, True), (8.0, 64, False), (20.0, 65_536, False)])
def test_an_answer_may_take_as_long_as_a_slow_link_needs_for_it_and_not_trickle(
    api: ServerApi, server: FakeServer, monkeypatch: pytest.MonkeyPatch, seconds_a_chunk: float, chunk_bytes: int, *, comes: bool
) -> None:
    people = [{"person": str(UUID(int=number)), "templates": ["AAAA" * 300]} for number in range(1000)]
    whole = {"revision": 7, "model_id": "m", "dimension": 2, "people": people}
    server.documents["gallery?model=m"] = (GallerySnapshot.model_validate(whole).model_dump_json(), '"7"')
    monkeypatch.setattr(server_api, "_CHUNK_BYTES", chunk_bytes)
    monkeypatch.setattr(server_api, "time", Time(seconds_a_chunk))
    if comes:
        assert api.gallery(None, model_id="m")
    else:
        with pytest.raises(Unavailable, match="too slow"):
            api.gallery(None, model_id="m")
