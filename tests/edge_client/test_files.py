import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_client import files
from edge_client.files import (
    is_shared,
    make_private_file,
    make_private_folder,
    make_secret_folder,
    replace_volatile,
    write_private,
    write_secret,
)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder as the installation makes it for two accounts of one group."""
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o2770)
    return folder


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (path.read_bytes(), mode_of(path)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "full").touch()
    with pytest.raises(OSError, match="directory"):
        write_private(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private_folder(folder)
    assert mode_of(folder) == 0o700
    folder.chmod(0o755)
    make_private_folder(folder)
    assert mode_of(folder) == 0o700


def test_folders_and_files_below_a_shared_folder_are_for_its_group(shared: Path) -> None:
    folder = shared / "cache"
    make_private_folder(folder)
    write_private(folder / "a", b"1")
    make_private_file(folder / "b")
    assert (mode_of(folder), mode_of(folder / "a"), mode_of(folder / "b")) == (0o2770, 0o660, 0o660)
    make_private_folder(folder / "deeper")
    assert is_shared(folder / "deeper")


def test_a_shared_folder_itself_stays_shared_though_its_parent_is_not(shared: Path) -> None:
    make_private_folder(shared)
    write_private(shared / "a", b"1")
    assert (mode_of(shared), mode_of(shared / "a")) == (0o2770, 0o660)


def test_a_secret_is_for_its_account_alone_also_in_a_shared_folder(shared: Path) -> None:
    make_secret_folder(shared / "keys")
    write_secret(shared / "keys" / "a", b"1")
    write_secret(shared / "b", b"1")
    assert (mode_of(shared / "keys"), mode_of(shared / "keys" / "a"), mode_of(shared / "b")) == (0o700, 0o600, 0o600)


@pytest.mark.parametrize("make", [make_private_folder, make_secret_folder])
def test_making_a_folder_again_changes_nothing(shared: Path, make: Callable[[Path], None]) -> None:
    make(shared / "a")
    before = (shared / "a").stat().st_ctime_ns
    make(shared / "a")
    assert (shared / "a").stat().st_ctime_ns == before


def test_a_file_that_is_open_to_others_is_closed_and_keeps_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"rows")
    (tmp_path / "a").chmod(0o644)
    make_private_file(tmp_path / "a")
    assert ((tmp_path / "a").read_bytes(), mode_of(tmp_path / "a")) == (b"rows", 0o600)


def test_new_folders_are_durable_each_in_the_one_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    make_private_folder(tmp_path / "a" / "b" / "c")
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
    synced.clear()
    make_private_folder(tmp_path / "a" / "b" / "c")
    assert synced == []


def test_what_is_not_durable_is_replaced_as_a_whole_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "run" / "report"
    replace_volatile(path, b"old")
    replace_volatile(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert list(path.parent.iterdir()) == [path]
