import os
from pathlib import Path

import pytest

from edge_client.errors import EdgeError
from edge_client.gallery_cache import ABSENT, GalleryCache
from edge_client.identity import Identity
from edge_client.memory_folder import MemoryFolder
from shared_schema.gallery import GalleryPerson, GallerySnapshot
from shared_schema.ids import PersonId
from shared_schema.node import NodeSettings
from tests.edge_client.fakes import an_identity

SECRET, BOARD, OTHER_BOARD = b"\x03" * 32, b"\x04" * 32, b"\x06" * 32
TEMPLATE = b"\x00\x00\x80\x3f\x00\x00\x00\x00"


def _gallery(revision: int, model_id: str = "m") -> GallerySnapshot:
    people = (GalleryPerson(person=PersonId(an_identity().node), templates=(TEMPLATE,)),)
    return GallerySnapshot(revision=revision, model_id=model_id, dimension=2, people=people)


def _identity(secret: bytes | None = SECRET) -> Identity:
    return an_identity().model_copy(update={"gallery_secret": secret})


def _of_capture(state: Path, board: bytes | None, secret: bytes | None = SECRET) -> GalleryCache:
    return GalleryCache.of_capture(state, run=state / "run", identity=_identity(secret), read_board_key=lambda: board)


def _on_card(state: Path) -> list[str]:
    return sorted(path.stem.partition("-")[0] + path.suffix for path in (state / "cache").glob("*"))


def _memory(state: Path) -> Path:
    return MemoryFolder(state, state / "run").path()


def test_an_empty_cache_has_nothing(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    assert (cache.gallery("m"), cache.settings(), cache.gallery_etag("m"), cache.settings_etag()) == (None, None, None, None)
    assert (cache.gallery_stamp("m"), cache.has_gallery("m"), cache.has_galleries()) == (ABSENT, False, False)


def test_what_was_stored_is_there_after_a_restart_for_its_owner_alone(tmp_path: Path) -> None:
    GalleryCache(tmp_path).store_gallery(_gallery(4), '"4"')
    GalleryCache(tmp_path).store_settings(NodeSettings(revision=2), '"2"')
    cache = GalleryCache(tmp_path)
    assert (cache.gallery("m"), cache.gallery_etag("m")) == (_gallery(4), '"4"')
    assert (cache.settings(), cache.settings_etag()) == (NodeSettings(revision=2), '"2"')
    folder = _memory(tmp_path)
    assert {path.stat().st_mode & 0o777 for path in (*(tmp_path / "cache").iterdir(), *folder.glob("gallery*"))} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_stamp_changes_with_every_new_gallery(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    stamps = [cache.gallery_stamp("m")]
    for revision in (1, 2, 3):
        cache.store_gallery(_gallery(revision), f'"{revision}"')
        stamps.append(cache.gallery_stamp("m"))
    assert len(set(stamps)) == 4


def test_without_a_key_of_the_board_no_template_is_written_to_the_card(tmp_path: Path) -> None:
    capture = _of_capture(tmp_path, board=None)
    courier = GalleryCache(tmp_path)
    courier.store_gallery(_gallery(1), '"1"')
    assert (courier.at_rest, capture.at_rest, capture.gallery("m")) == ("memory", "memory", _gallery(1))
    assert _on_card(tmp_path) == []
    assert TEMPLATE not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_board_with_a_key_and_a_server_without_a_secret_keep_it_in_memory(tmp_path: Path) -> None:
    capture = _of_capture(tmp_path, BOARD, secret=None)
    GalleryCache(tmp_path).store_gallery(_gallery(1), '"1"')
    assert (capture.at_rest, _on_card(tmp_path)) == ("memory", [])


def test_with_a_key_of_the_board_the_gallery_survives_on_the_card_and_capture_alone_opens_it(tmp_path: Path) -> None:
    _of_capture(tmp_path, BOARD)
    GalleryCache(tmp_path).store_gallery(_gallery(1), '"1"')
    assert _on_card(tmp_path) == ["gallery.pub", "gallery.sealed"]
    assert not _memory(tmp_path).exists()
    assert TEMPLATE not in next((tmp_path / "cache").glob("*.sealed")).read_bytes()
    assert _of_capture(tmp_path, BOARD).gallery("m") == _gallery(1)
    courier_after_a_restart = GalleryCache(tmp_path)
    assert (courier_after_a_restart.gallery("m"), courier_after_a_restart.gallery_etag("m")) == (None, None)
    assert courier_after_a_restart.has_gallery("m")


@pytest.mark.parametrize("board", [None, OTHER_BOARD])
def test_a_card_in_another_board_names_nobody_and_takes_the_sealed_gallery_away(tmp_path: Path, board: bytes | None) -> None:
    _of_capture(tmp_path, BOARD)
    GalleryCache(tmp_path).store_gallery(_gallery(1), '"1"')
    capture = _of_capture(tmp_path, board)
    assert (capture.gallery("m"), capture.has_galleries()) == (None, False)


def test_a_sealed_gallery_that_was_changed_counts_as_absent(tmp_path: Path) -> None:
    capture = _of_capture(tmp_path, BOARD)
    GalleryCache(tmp_path).store_gallery(_gallery(1), '"1"')
    (sealed,) = (tmp_path / "cache").glob("*.sealed")
    sealed.write_bytes(sealed.read_bytes()[:-1] + b"\x00")
    assert capture.gallery("m") is None


def test_what_the_courier_had_put_into_memory_goes_to_the_card_when_capture_publishes_its_key(tmp_path: Path) -> None:
    courier = GalleryCache(tmp_path)
    courier.store_gallery(_gallery(1), '"1"')
    capture = _of_capture(tmp_path, BOARD)
    assert capture.gallery("m") == _gallery(1)
    courier.settle()
    assert (capture.gallery("m"), list(_memory(tmp_path).glob("gallery*")), courier.gallery_etag("m")) == (_gallery(1), [], '"1"')
    assert _on_card(tmp_path) == ["gallery.pub", "gallery.sealed"]


def test_what_the_courier_had_sealed_goes_to_memory_when_the_key_is_gone(tmp_path: Path) -> None:
    _of_capture(tmp_path, BOARD)
    courier = GalleryCache(tmp_path)
    courier.store_gallery(_gallery(1), '"1"')
    capture = _of_capture(tmp_path, None)
    courier.settle()
    assert (capture.gallery("m"), _on_card(tmp_path)) == (_gallery(1), [])


def test_a_newer_gallery_replaces_the_older_whole(tmp_path: Path) -> None:
    capture = _of_capture(tmp_path, BOARD)
    courier = GalleryCache(tmp_path)
    courier.store_gallery(_gallery(1), '"1"')
    before = capture.gallery_stamp("m")
    gone = GallerySnapshot(revision=2, model_id="m", dimension=2, people=())
    courier.store_gallery(gone, '"2"')
    assert capture.gallery_stamp("m") != before
    assert (capture.gallery("m"), _on_card(tmp_path)) == (gone, ["gallery.pub", "gallery.sealed"])


def test_plain_galleries_of_earlier_releases_leave_the_card(tmp_path: Path) -> None:
    for name in ("gallery.json", "gallery-0123456789abcdef.json"):
        (tmp_path / "cache").mkdir(exist_ok=True)
        (tmp_path / "cache" / name).write_text("{}", encoding="utf-8")
    GalleryCache(tmp_path).store_settings(NodeSettings(revision=2), '"2"')
    GalleryCache(tmp_path).remove_plain()
    assert _on_card(tmp_path) == ["settings.json"]


def test_a_damaged_cache_counts_as_absent_and_is_fetched_anew(tmp_path: Path) -> None:
    GalleryCache(tmp_path).store_gallery(_gallery(1), '"1"')
    (file,) = _memory(tmp_path).glob("gallery-*.json")
    file.write_bytes(b"\xff{")
    cache = GalleryCache(tmp_path)
    assert (cache.gallery("m"), cache.gallery_etag("m")) == (None, None)


def test_each_model_has_a_gallery_of_its_own(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    cache.store_gallery(_gallery(1), '"1-m"')
    cache.store_gallery(_gallery(2, "../n"), '"2-n"')
    assert (cache.gallery("m"), cache.gallery("../n"), cache.gallery("o")) == (_gallery(1), _gallery(2, "../n"), None)
    assert (cache.gallery_etag("m"), cache.gallery_etag("../n")) == ('"1-m"', '"2-n"')


@pytest.mark.parametrize("board", [None, BOARD])
def test_templates_of_models_that_are_not_run_leave_the_node(tmp_path: Path, board: bytes | None) -> None:
    capture, cache = _of_capture(tmp_path, board), GalleryCache(tmp_path)
    cache.store_gallery(_gallery(1), "a")
    cache.store_gallery(_gallery(2, "n"), "b")
    cache.store_settings(NodeSettings(revision=2), '"2"')
    cache.forget_galleries_but(["n"])
    assert (capture.gallery("m"), capture.gallery("n"), cache.held_gallery("m")) == (None, _gallery(2, "n"), None)
    assert cache.settings() == NodeSettings(revision=2)


def test_a_gallery_under_the_name_of_another_model_counts_as_absent(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    cache.store_gallery(_gallery(1), "a")
    (file,) = _memory(tmp_path).glob("gallery-*.json")
    file.write_text(file.read_text(encoding="utf-8").replace('"m"', '"n"'), encoding="utf-8")
    assert cache.gallery("m") is None


def test_on_a_card_that_takes_nothing_any_more_capture_starts_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("edge_client.gallery_at_rest.make_private_folder", read_only)
    capture = _of_capture(tmp_path, BOARD)
    assert (capture.gallery("m"), capture.at_rest) == (None, "memory")


def test_a_folder_in_memory_that_somebody_else_made_is_not_used(tmp_path: Path) -> None:
    folder = _memory(tmp_path)
    folder.mkdir()
    folder.chmod(0o755)  # whatever the umask says
    try:
        with pytest.raises(EdgeError, match="somebody else made it"):
            GalleryCache(tmp_path).store_gallery(_gallery(1), "a")
        assert GalleryCache(tmp_path).gallery("m") is None
    finally:
        folder.rmdir()


def test_a_run_folder_in_memory_holds_it_for_both_accounts(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    device = tmp_path.stat().st_dev
    mounts.write_text(f"36 25 {os.major(device)}:{os.minor(device)} / /run rw - tmpfs tmpfs rw\n", encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    run.chmod(0o2770)
    folder = MemoryFolder(tmp_path, run, mounts=mounts).make()
    assert (folder, folder.stat().st_mode & 0o7777) == (run / "gallery", 0o2770)


def test_where_nothing_lies_in_memory_there_is_no_place_for_it(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("", encoding="utf-8")
    with pytest.raises(EdgeError, match="put `run` on a tmpfs"):
        MemoryFolder(tmp_path, tmp_path / "run", mounts=mounts).path()
