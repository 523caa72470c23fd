from pathlib import Path

import pytest

from edge_client.config import NodeConfig, can_be_overheard
from edge_client.errors import ConfigError
from shared_schema.node import NodeSettings

GOOD = """
state = "state"
server = "http://127.0.0.1:8000"
[camera]
kind = "replay"
source = "clip.mp4"
[settings]
interval_ms = 100
"""


def _load(folder: Path, text: str) -> NodeConfig:
    path = folder / "node.toml"
    path.write_text(text, encoding="utf-8")
    return NodeConfig.load(path)


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD)
    assert config.state == tmp_path / "state"
    assert config.camera.source == str(tmp_path / "clip.mp4")


def test_a_camera_index_may_be_a_number(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD.replace('"replay"', '"opencv"').replace('"clip.mp4"', "0"))
    assert config.camera.source == "0"


def test_the_files_settings_win_over_the_servers(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD)
    settings = config.effective_settings(NodeSettings(revision=4, interval_ms=300, cooldown_ms=5))
    assert (settings.interval_ms, settings.cooldown_ms, settings.revision) == (100, 5, 4)
    assert config.effective_settings(None).interval_ms == 100


def test_a_setting_may_be_a_word(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD + 'pad = "review"\n')
    assert config.effective_settings(NodeSettings(revision=4)).pad == "review"
    with pytest.raises(ConfigError, match="pad"):
        _load(tmp_path, GOOD + 'pad = "perhaps"\n')


def test_settings_that_contradict_the_servers_are_refused(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD.replace("100", "1400"))
    with pytest.raises(ConfigError, match="pass_timeout_ms must be longer"):
        config.effective_settings(NodeSettings(pass_timeout_ms=1000))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("state =", "stat =", "state is missing"),
        ("source =", "sauce = 1\nsource =", "camera.sauce is not a known key"),
        ("interval_ms = 100", "intervall_ms = 100", "settings.intervall_ms is not a known key"),
        ("interval_ms = 100", "interval_ms = 1", "settings.interval_ms: Input should be greater than or equal to 20"),
        ('"replay"', '"pinhole"', "camera.kind: Input should be 'picamera', 'opencv' or 'replay'"),
        ('"http:', '"ftp:', "server: String should match pattern"),
        ("[camera]", "[camera", "is not TOML"),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        _load(tmp_path, GOOD.replace(old, new))
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config"):
        NodeConfig.load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("server", "overheard"),
    [
        ("http://lintel.example.org", True),
        ("http://192.0.2.7:8000", True),
        ("https://lintel.example.org", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://localhost:8000", False),
    ],
)
def test_plain_http_to_another_machine_can_be_overheard(server: str, overheard: bool) -> None:  # noqa: FBT001
    assert can_be_overheard(server) is overheard
