import hashlib
import subprocess
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from shared_schema.face.registry import entries, entry_of, read_entry
from shared_schema.face.registry.download import download
from shared_schema.face.source import RepositorySource, git_blob
from shared_schema.face.types import FaceError
from tests.shared_schema.face.foreign import manifest_text, repository_source, small_entry, write_manifest

CONTENT = b"a file of a repository"
PATH = "/somebody/something/" + "0" * 39 + "1/a/model.tflite"


@pytest.fixture
def source(tmp_path: Path) -> RepositorySource:
    found = small_entry(tmp_path, CONTENT, source=repository_source(CONTENT)).source
    assert isinstance(found, RepositorySource)
    return found


def code_of(server: HTTPServer, source: RepositorySource, *, max_bytes: int = 1000) -> str:
    with pytest.raises(FaceError) as caught:
        download(source, base=server.url_for("").rstrip("/"), max_bytes=max_bytes)
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_the_registry_has_facenet_four_times_pinned_by_git_blob() -> None:
    found = {entry.name: entry for entry in entries()}
    assert set(found) == {"facenet-128", "facenet-512", "facenet-128-int8", "facenet-512-int8"}
    for entry in found.values():
        assert isinstance(entry.source, RepositorySource)
        assert entry.source.licence == "Apache-2.0"
        assert (entry.embedder.input_px, entry.embedder.normalisation.kind, entry.embedder.colour) == (160, "per_image", "RGB")
    assert found["facenet-512"].source == entry_of("facenet-512").source
    blobs = {entry.source.blob for entry in found.values() if isinstance(entry.source, RepositorySource)}
    assert len(blobs) == 4
    assert "8e480443f91300f88032b761410a49f06ec0d978" in blobs


def test_an_unknown_name_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(FaceError, match="facenet-512"):
        entry_of("buffalo_l")


def test_the_blob_id_is_gits_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    said = subprocess.run(["git", "hash-object", "file"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    assert git_blob(CONTENT) == said
    assert git_blob(CONTENT) != hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()


def test_a_pinned_file_is_fetched_from_repository_commit_and_path(httpserver: HTTPServer, source: RepositorySource) -> None:
    httpserver.expect_request(PATH).respond_with_data(CONTENT)
    content = download(source, base=httpserver.url_for("").rstrip("/"))
    source.check(content)
    with pytest.raises(FaceError, match="git blob"):
        source.check(content + b"!")


def test_a_redirect_to_elsewhere_is_not_followed(httpserver: HTTPServer, source: RepositorySource) -> None:
    httpserver.expect_request(PATH).respond_with_data(b"", status=302, headers={"Location": httpserver.url_for("/elsewhere")})
    httpserver.expect_request("/elsewhere").respond_with_data(CONTENT)
    assert code_of(httpserver, source) == "redirected"
    assert [request.path for request, _ in httpserver.log] == [PATH]


def test_what_is_larger_than_a_model_is_not_read_to_its_end(httpserver: HTTPServer, source: RepositorySource) -> None:
    httpserver.expect_request(PATH).respond_with_data(b"x" * 1001)
    assert code_of(httpserver, source) == "too_large"


def test_an_answer_that_breaks_off_is_refused(httpserver: HTTPServer, source: RepositorySource) -> None:
    def broken(_: Request) -> Response:
        answer = Response(CONTENT)
        answer.headers["Content-Length"] = str(len(CONTENT) + 5)
        return answer

    httpserver.expect_request(PATH).respond_with_handler(broken)
    assert code_of(httpserver, source) in {"truncated", "unreachable"}


def test_a_missing_file_and_a_silent_host_are_told_apart(httpserver: HTTPServer, source: RepositorySource) -> None:
    httpserver.expect_request(PATH).respond_with_data(b"", status=404)
    assert code_of(httpserver, source) == "not_there"
    with pytest.raises(FaceError, match="--from FILE") as caught:
        download(source, base="http://127.0.0.1:1")
    assert caught.value.code == "unreachable"


def test_nothing_is_fetched_in_the_clear_from_another_machine(source: RepositorySource) -> None:
    with pytest.raises(FaceError) as caught:
        download(source, base="http://example.org")
    assert caught.value.code == "not_https"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('colour = "RGB"', 'colour = "YUV"'),
        ('metric = "cosine"', 'metric = "euclidean"'),
        ('kind = "per_image"', 'kind = "guess"'),
        ('name = "own"', 'name = "../own"'),
        ('kind = "file"', 'kind = "package"'),
        ("mirrored = false", ""),
        ('origin = "made for a test"', 'origin = ""'),
        ("[source]", "[source"),
    ],
)
def test_an_own_manifest_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str) -> None:
    text = manifest_text(CONTENT)
    assert old in text
    with pytest.raises(FaceError, match=r"own\.toml") as caught:
        read_entry(write_manifest(tmp_path, text.replace(old, new)))
    assert caught.value.code == "bad_manifest"
