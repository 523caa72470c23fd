import tomllib
from pathlib import Path

from deploy.local.configuration import Camera, Table, toml, write_node_config, write_server_config
from deploy.local.data_folder import DataFolder


def test_what_is_written_reads_back_the_same() -> None:
    tables: dict[str, Table] = {
        "": {"path": 'a "quoted" \\ folder é\n', "flag": False, "port": 5432, "hosts": ("a", "b")},
        "camera": {"source": "0"},
    }
    assert tomllib.loads(toml(tables)) == {
        "path": 'a "quoted" \\ folder é\n',
        "flag": False,
        "port": 5432,
        "hosts": ["a", "b"],
        "camera": {"source": "0"},
    }


def test_the_server_listens_on_this_machine_alone(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    write_server_config(folder, port=8123, database_host=Path("/run/socket"))
    written = tomllib.loads(folder.server_config.read_text())
    assert written["bind"] == "127.0.0.1:8123"
    assert written["allowed_hosts"] == ["127.0.0.1", "localhost"]
    assert written["database"] == {"name": "lintel", "user": "postgres", "host": "/run/socket", "port": 5432}


def test_only_a_replay_has_a_pace(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    write_node_config(folder, server="http://127.0.0.1:1", camera=Camera("opencv", "0"))
    assert tomllib.loads(folder.node_config.read_text())["camera"] == {"kind": "opencv", "source": "0"}
    write_node_config(folder, server="http://127.0.0.1:1", camera=Camera("replay", "/c.mp4", "fast"))
    assert tomllib.loads(folder.node_config.read_text())["camera"] == {
        "kind": "replay",
        "source": "/c.mp4",
        "pace": "fast",
        "repeat": False,
    }
