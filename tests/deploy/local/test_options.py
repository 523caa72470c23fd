import socket
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.local.__main__ import choose_camera, read_options
from deploy.local.configuration import Camera
from deploy.local.demo import check_port
from deploy.local.errors import DemoError
from deploy.local.node import own_words, time_zone


def test_a_number_is_a_webcam() -> None:
    assert choose_camera("0", once=False) == Camera("opencv", "0")


def test_a_webcam_has_no_end_so_once_wants_a_clip() -> None:
    with pytest.raises(DemoError, match="--once wants a clip") as caught:
        choose_camera("0", once=True)
    assert caught.value.exit_code == 2


def test_a_missing_clip_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="there is no clip or folder") as caught:
        choose_camera(str(tmp_path / "none.mp4"), once=True)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_clip_and_a_folder_without_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"not a clip")
    (tmp_path / "folder").mkdir()
    for name in ("clip.mp4", "folder"):
        with pytest.raises(DemoError, match="cannot be read"):
            choose_camera(str(tmp_path / name), once=False)


def test_a_folder_of_pictures_is_replayed(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
    assert choose_camera(str(tmp_path), once=True) == Camera("replay", str(tmp_path), "fast")
    assert choose_camera(str(tmp_path), once=False) == Camera("replay", str(tmp_path), "own")


def test_a_taken_port_is_said_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DemoError, match=f"PORT={port + 1}") as caught:
            check_port(port)
    assert caught.value.exit_code == 3
    check_port(port)


def test_a_missing_people_folder_is_found_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="there is no folder"):
        read_options(["--people", str(tmp_path / "none")])


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_is_a_number_that_exists(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read_options(["--port", port])
    assert caught.value.code == 2
    assert "is not a port" in capsys.readouterr().err


def test_the_time_zone_is_this_machines(tmp_path: Path) -> None:
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Rome")
    assert time_zone(tmp_path / "localtime") == "Europe/Rome"
    assert time_zone(tmp_path / "nothing") == "UTC"


def test_a_node_that_ends_is_quoted_in_its_own_words(tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    log.write_text('{"level": "info"}\nlintel-edge: the clip cannot be opened\n{"level": "info"}\n')
    assert (own_words(log) or "").startswith("the clip cannot be opened\n")
    log.write_text("{}\n")
    assert own_words(log) is None


def test_a_made_up_history_is_laid_only_when_it_is_asked_for() -> None:
    assert read_options(["--history"]).history
    assert not read_options([]).history
