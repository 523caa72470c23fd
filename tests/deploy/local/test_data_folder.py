import os
import stat
from pathlib import Path

import pytest

from deploy.local.data_folder import DataFolder, DataLock, read_json, write_whole
from deploy.local.errors import DemoError


def test_a_data_folder_in_use_names_the_process_that_uses_it(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    with DataLock(folder):
        with pytest.raises(DemoError, match=f"process {os.getpid()}") as caught:
            DataLock(folder)
        assert caught.value.exit_code == 2
    with DataLock(folder):
        pass


def test_two_data_folders_do_not_know_of_each_other(tmp_path: Path) -> None:
    one, two = DataFolder.open(tmp_path / "one"), DataFolder.open(tmp_path / "two")
    with DataLock(one), DataLock(two):
        assert one.root != two.root


def test_nobody_else_can_look_into_the_data_folder(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    assert not stat.S_IMODE(folder.root.stat().st_mode) & 0o066
    for path in folder.root.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="choose another one with DATA="):
        DataFolder.open(tmp_path / "file" / "data")


def test_a_small_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "login.json"
    path.write_text("old")
    path.chmod(0o644)
    write_whole(path, '{"a": 1}')
    assert read_json(path) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [left.name for left in tmp_path.iterdir()] == ["login.json"]


def test_no_file_is_an_empty_object_and_a_broken_one_is_an_error(tmp_path: Path) -> None:
    assert read_json(tmp_path / "none.json") == {}
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(DemoError, match="remove it"):
        read_json(tmp_path / "broken.json")
