"""The command from its options to its exit code, against a server without a database."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_client.__main__ import main
from tests.edge_client.fakes import FakeServer
from tests.faults.network_archive import Archive

PERSON = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive().running() as archive:
        yield archive


def run(archive: FakeServer, folder: Path, *more: str) -> int:
    (folder / "people.csv").write_text(f"id\n{PERSON}\n")
    state = folder / "state"
    archive_node = state / "node-0001"
    if isinstance(archive, Archive) and not archive_node.exists():
        archive.node_in(archive_node)
    options = ["--server", archive.url, "--people", str(folder / "people.csv"), "--state", str(state), "--rate", "300", "--seconds", "1"]
    return main(["simulate", *options, "--patience", "20", "--json", *more])


def test_what_was_recorded_while_away_and_afterwards_is_delivered(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(archive, tmp_path, "--offline-days", "0.0005") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["backlog"] > 5
    assert told["counts"]["archived"] == told["counts"]["recorded"] == len(archive.held()) > told["backlog"]
    assert told["counts"]["crops_stored"] == archive.crops_held() > 0
    assert told["calls"]["records"]["statuses"].keys() == {"200"}


def test_a_folder_of_nodes_is_used_again_without_new_tokens(archive: Archive, tmp_path: Path) -> None:
    assert run(archive, tmp_path) == 0
    held = len(archive.held())
    assert run(archive, tmp_path) == 0
    assert len(archive.held()) > held
    assert archive.calls.count("claim") == 1


def test_control_a_server_that_refuses_a_record_makes_it_fail(archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.poison = {2}
    assert run(archive, tmp_path, "--offline-days", "0.0005") == 1
    assert json.loads(capsys.readouterr().out)["counts"]["parked"] == 1


def test_too_few_claim_tokens_are_said_before_any_is_used(archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(archive, tmp_path, "--nodes", "3") == 2
    assert "2 nodes have to be claimed and --claims has 0 tokens" in capsys.readouterr().err


def test_another_machine_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "people.csv").write_text(f"id\n{PERSON}\n")
    assert main(["simulate", "--server", "https://lintel.example.org", "--people", str(tmp_path / "people.csv")]) == 2
    assert "--yes-load-this-server" in capsys.readouterr().err
