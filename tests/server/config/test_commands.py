import socket
import subprocess
import sys
from pathlib import Path

import pytest

from server.__main__ import main
from server.core import secrets


def run(config: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"LINTEL_SERVER_CONFIG": str(config), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments], check=False, capture_output=True, text=True, env=environment, timeout=120
    )


def configured(folder: Path, *, port: int = 8000) -> Path:
    path = folder / "server.toml"
    path.write_text(f'data = "{folder}/data"\nbind = "127.0.0.1:{port}"\n[database]\nhost = "{folder}"\n', encoding="utf-8")
    return path


def test_no_command_shows_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "lintel-server COMMAND" in capsys.readouterr().err
    assert main(["--help"]) == 0


def test_without_a_configuration_nothing_runs(tmp_path: Path) -> None:
    result = run(tmp_path / "none.toml", "serve")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "there is no configuration" in result.stderr


@pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
def test_before_init_nothing_runs(tmp_path: Path, command: str) -> None:
    result = run(configured(tmp_path), command)
    assert result.returncode == 2
    assert result.stderr.strip().endswith("run `lintel-server init` first")


def test_a_database_that_does_not_answer_is_one_line_and_leaves_the_secrets_alone(tmp_path: Path) -> None:
    config = configured(tmp_path)
    first = run(config, "init")
    made = (tmp_path / "data" / "secrets.json").read_text()
    second = run(config, "init")
    assert (first.returncode, second.returncode) == (1, 1)
    assert "Traceback" not in first.stderr
    assert first.stderr.strip().splitlines()[-1].startswith("lintel-server: the database does not answer")
    assert (tmp_path / "data" / "secrets.json").read_text() == made


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = configured(tmp_path, port=taken.getsockname()[1])
        secrets.create_if_absent(tmp_path / "data")
        result = run(config, "serve")
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert "cannot listen on" in result.stderr
