from pathlib import Path

from edge_client.gallery_cache import GalleryCache
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings


def _gallery(revision: int) -> GallerySnapshot:
    return GallerySnapshot(revision=revision, model_id="m", dimension=2, people=())


def test_an_empty_cache_has_nothing(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    assert (cache.gallery(), cache.settings(), cache.gallery_etag(), cache.settings_etag()) == (None, None, None, None)


def test_what_was_stored_is_there_after_a_restart_for_its_owner_alone(tmp_path: Path) -> None:
    GalleryCache(tmp_path).store_gallery(_gallery(4), '"4"')
    GalleryCache(tmp_path).store_settings(NodeSettings(revision=2), '"2"')
    cache = GalleryCache(tmp_path)
    assert (cache.gallery(), cache.gallery_etag()) == (_gallery(4), '"4"')
    assert (cache.settings(), cache.settings_etag()) == (NodeSettings(revision=2), '"2"')
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "cache").iterdir()} == {0o600}


def test_the_stamp_changes_with_every_new_gallery(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    stamps = [cache.gallery_stamp()]
    for revision in (1, 2, 3):
        cache.store_gallery(_gallery(revision), f'"{revision}"')
        stamps.append(cache.gallery_stamp())
    assert len(set(stamps)) == 4


def test_a_damaged_cache_counts_as_absent_and_is_fetched_anew(tmp_path: Path) -> None:
    cache = GalleryCache(tmp_path)
    cache.store_gallery(_gallery(1), '"1"')
    (tmp_path / "cache" / "gallery.json").write_bytes(b"\xff{")
    assert (cache.gallery(), cache.gallery_etag()) == (None, None)
