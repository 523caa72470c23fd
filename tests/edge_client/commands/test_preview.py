import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from edge_client.__main__ import main
from edge_client.commands.preview import Wish, preview
from edge_client.config import CameraConfig, NodeConfig, PreviewConfig
from edge_client.preview_folder import PreviewFolder, PreviewRequest
from tests.edge_client.fakes import FakeClock
from tests.edge_client.test_preview import mounting


def a_config(tmp_path: Path, address: str = "127.0.0.1:8377") -> NodeConfig:
    return NodeConfig(state=tmp_path, camera=CameraConfig(kind="picamera"), preview=PreviewConfig(address=address))


def said(tmp_path: Path, clock: FakeClock, meanwhile: Callable[[PreviewFolder], None], **config: str) -> list[str]:
    """What is printed; `meanwhile` happens between two lines."""
    lines: list[str] = []
    folder = PreviewFolder(tmp_path / "run", clock)

    def sleep(seconds: float) -> None:
        clock.go_on(seconds)
        meanwhile(folder)

    preview(a_config(tmp_path, **config), Wish(minutes=0.1, distance_m=3.0), say=lines.append, clock=clock, sleep=sleep)
    return lines


def test_it_prints_an_address_whose_token_capture_and_courier_know_only_by_its_hash(tmp_path: Path, clock: FakeClock) -> None:
    asked: list[PreviewRequest | None] = []
    lines = said(tmp_path, clock, lambda folder: asked.append(folder.request()))
    token = re.search(r"http://127\.0\.0\.1:8377/\?token=([\w-]+)$", lines[0])
    assert token is not None
    assert len(token[1]) == 43
    assert asked[0] is not None
    assert asked[0].token_sha256 == sha256(token[1].encode()).hexdigest()
    assert asked[0].distance_m == 3.0
    assert "ssh -L 8377:127.0.0.1:8377" in lines[1]


def test_every_token_is_another(tmp_path: Path, clock: FakeClock) -> None:
    first, second = (said(tmp_path, clock, lambda _folder: None)[0] for _ in range(2))
    assert first != second


def test_every_two_seconds_it_says_how_the_camera_is_mounted(tmp_path: Path, clock: FakeClock) -> None:
    lines = said(tmp_path, clock, lambda folder: folder.leave(b"jpeg", mounting(boot_ns=clock.now)))
    assert lines[2].startswith("wait")
    assert lines[3].startswith("change  add light")
    assert "faces 88 px, 31 px (too_small) (least 40 px); brightness 120, sharpness 300" in lines[3]
    assert len(lines) == 5


def test_a_still_that_has_grown_old_is_not_judged(tmp_path: Path, clock: FakeClock) -> None:
    clock.go_on(100)
    lines = said(tmp_path, clock, lambda folder: folder.leave(b"jpeg", mounting(boot_ns=clock.now - 6 * 10**9)))
    assert all(line.startswith("wait") for line in lines[2:])


def test_when_it_ends_no_picture_stays_behind(tmp_path: Path, clock: FakeClock) -> None:
    def interrupt(folder: PreviewFolder) -> None:
        folder.leave(b"jpeg", mounting())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        said(tmp_path, clock, interrupt)
    assert list((tmp_path / "run" / "preview").iterdir()) == []


def test_a_preview_that_somebody_else_began_meanwhile_goes_on(tmp_path: Path, clock: FakeClock) -> None:
    other = PreviewRequest(boot_id=clock.boot_id, until_boot_ns=clock.now + 10**12, token_sha256="0" * 64, distance_m=1)
    said(tmp_path, clock, lambda folder: folder.ask(other))
    assert PreviewFolder(tmp_path / "run", clock).request() == other


def test_on_a_management_address_no_tunnel_is_spoken_of(tmp_path: Path, clock: FakeClock) -> None:
    lines = said(tmp_path, clock, lambda _folder: None, address="10.0.0.7:8377")
    assert "ssh" not in lines[1]


@pytest.mark.parametrize("option", [["--minutes", "0"], ["--minutes", "nan"], ["--distance", "-1"], ["--distance", "inf"]])
def test_what_makes_no_sense_is_refused(tmp_path: Path, option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "node.toml"
    config.write_text('state = "."\n[camera]\nkind = "picamera"\n')
    assert main(["preview", "--config", str(config), *option]) == 1
    assert "at most 50 metres" in capsys.readouterr().err
