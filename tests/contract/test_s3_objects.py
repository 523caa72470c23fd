"""The folder and an S3-compatible store (over real HTTP) pass the same tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from server.core.errors import Unavailable
from server.core.objects import FolderObjects, Objects, S3Objects, checked_key

BUCKET = "lintel"


@pytest.fixture(scope="module")
def s3_address() -> Iterator[Any]:
    server: Any = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "folder":
        return FolderObjects(tmp_path)
    address = request.getfixturevalue("s3_address")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket=BUCKET)
    return S3Objects(bucket=BUCKET, endpoint_url=address, region="us-east-1")


def test_what_was_put_is_got(store: Objects) -> None:
    store.put("crops/a/b.jpg", b"\x00bytes\xff")
    assert store.get("crops/a/b.jpg") == b"\x00bytes\xff"


def test_putting_again_replaces(store: Objects) -> None:
    store.put("a", b"old")
    store.put("a", b"new")
    assert store.get("a") == b"new"


def test_what_is_not_there_is_none(store: Objects) -> None:
    assert store.get("nothing") is None


def test_deleting_takes_one_object_and_may_be_repeated(store: Objects) -> None:
    store.put("a/x", b"1")
    store.put("a/y", b"2")
    store.delete("a/x")
    store.delete("a/x")
    assert (store.get("a/x"), store.get("a/y")) == (None, b"2")


@pytest.mark.parametrize("key", ["", "/a", "../a", "a/../b", "a//b", "A", "a b", "a\n", "a/", ".a", "x" * 201])
def test_a_key_that_could_leave_the_store_is_refused(key: str, store: Objects) -> None:
    actions: tuple[Callable[[], object], ...] = (lambda: store.put(key, b""), lambda: store.get(key), lambda: store.delete(key))
    for action in actions:
        with pytest.raises(ValueError, match="no object key"):
            action()


def test_an_ordinary_key_is_one() -> None:
    assert checked_key("crops/0a-1/x_y.jpg")


def test_a_store_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    store = S3Objects(bucket=BUCKET, endpoint_url="http://127.0.0.1:9", region="us-east-1")
    with pytest.raises(Unavailable, match="try again"):
        store.put("a", b"x")


def test_a_bucket_that_is_not_there_is_no_stored_object(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    store = S3Objects(bucket="nowhere", endpoint_url=s3_address, region="us-east-1")
    with pytest.raises(Unavailable):
        store.put("a", b"x")


class _Liar(FolderObjects):
    def get(self, key: str) -> bytes | None:
        found = super().get(key)
        return None if found is None else found[:-1]


def test_a_store_that_lies_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="did not keep"):
        _Liar(tmp_path).put("a", b"bytes")


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        FolderObjects(tmp_path / "file").put("a/b", b"x")


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    FolderObjects(tmp_path).put("a/b", b"x")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
