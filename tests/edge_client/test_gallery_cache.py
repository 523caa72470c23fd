from pathlib import Path

from edge_client.gallery_cache import GalleryCache
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings


def _gallery(revision: int, model_id: str = "m") -> GallerySnapshot:
    return GallerySnapshot(revision=revision, model_id=model_id, dimension=2, people=())


def test_an_empty_cache_has_nothing(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    assert (cache.gallery("m"), cache.settings(), cache.gallery_etag("m"), cache.settings_etag()) == (None, None, None, None)


def test_what_was_stored_is_there_after_a_restart_for_its_owner_alone(tmp_path: Path) -> None:
    GalleryCache(tmp_path).store_gallery(_gallery(4), '"4"')
    GalleryCache(tmp_path).store_settings(NodeSettings(revision=2), '"2"')
    cache = GalleryCache(tmp_path)
    assert (cache.gallery("m"), cache.gallery_etag("m")) == (_gallery(4), '"4"')
    assert (cache.settings(), cache.settings_etag()) == (NodeSettings(revision=2), '"2"')
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "cache").iterdir()} == {0o600}


def test_the_stamp_changes_with_every_new_gallery(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    stamps = [cache.gallery_stamp("m")]
    for revision in (1, 2, 3):
        cache.store_gallery(_gallery(revision), f'"{revision}"')
        stamps.append(cache.gallery_stamp("m"))
    assert len(set(stamps)) == 4


def test_a_damaged_cache_counts_as_absent_and_is_fetched_anew(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    cache.store_gallery(_gallery(1), '"1"')
    (file,) = (tmp_path / "cache").glob("gallery-*.json")
    file.write_bytes(b"\xff{")
    assert (cache.gallery("m"), cache.gallery_etag("m")) == (None, None)


def test_each_model_has_a_gallery_of_its_own(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    assert not cache.has_galleries()
    cache.store_gallery(_gallery(1), '"1-m"')
    cache.store_gallery(_gallery(2, "../n"), '"2-n"')
    assert (cache.gallery("m"), cache.gallery("../n"), cache.gallery("o")) == (_gallery(1), _gallery(2, "../n"), None)
    assert (cache.gallery_etag("m"), cache.gallery_etag("../n")) == ('"1-m"', '"2-n"')


def test_templates_of_models_that_are_not_run_leave_the_card(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    cache.store_gallery(_gallery(1), "a")
    cache.store_gallery(_gallery(2, "n"), "b")
    cache.store_settings(NodeSettings(revision=2), '"2"')
    cache.forget_galleries_but(["n"])
    assert (cache.gallery("m"), cache.gallery("n")) == (None, _gallery(2, "n"))
    assert cache.settings() == NodeSettings(revision=2)


def test_a_gallery_under_the_name_of_another_model_counts_as_absent(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    cache.store_gallery(_gallery(1), "a")
    (file,) = (tmp_path / "cache").glob("gallery-*.json")
    file.write_text(file.read_text(encoding="utf-8").replace('"m"', '"n"'), encoding="utf-8")
    assert cache.gallery("m") is None
