import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_client.__main__ import main
from edge_client.outbox.delivery import Deliveries
from shared_schema.envelope import Kind
from tests.edge_client.fakes import FakeClock, FakeServer, claim_answer, make_claimed, open_outbox


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text('state = "state"\n[camera]\nkind = "replay"\nsource = "clip.mp4"\n')
    return path


def _claimed(config: Path) -> Path:
    state = config.parent / "state"
    make_claimed(state)
    return state


def test_claiming_says_which_node_and_door(config: Path, server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["claim"] = lambda _: claim_answer().model_dump_json()
    assert main(["claim", "--server", server.url, "--token", "t" * 20, "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"claimed as node {claim_answer().node} at Front\n"


def test_a_server_without_a_scheme_is_said_to_be_no_url(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claim", "--server", "lintel.example.org", "--token", "t" * 20, "--config", str(config)]) == 2
    assert "must be a URL" in capsys.readouterr().err


def test_a_token_that_is_too_short_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claim", "--server", "http://127.0.0.1:9", "--token", "short", "--config", str(config)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", ["status", "list"])
def test_the_outbox_of_an_unclaimed_node_is_a_clear_error(config: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main(["outbox", command, "--config", str(config)]) == 3
    assert capsys.readouterr().err.startswith("lintel-edge: this node is not claimed yet; run `lintel-edge claim`")


def test_an_outbox_before_the_first_record_is_a_clear_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _claimed(config)
    assert main(["outbox", "status", "--config", str(config)]) == 1
    assert "nothing was recorded" in capsys.readouterr().err


def test_status_and_list_speak_to_people_and_programs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outbox = open_outbox(_claimed(config) / "outbox")
    recorded = outbox.put(Kind.SIGHTING, b"{}", crop=b"jpeg")
    outbox.close()
    assert main(["outbox", "status", "--config", str(config)]) == 0
    assert "records: 1 waiting, 0 kept until archived, 0 parked" in capsys.readouterr().out
    assert main(["outbox", "list", "--config", str(config)]) == 0
    assert str(recorded.record_id) in capsys.readouterr().out
    assert main(["outbox", "status", "--json", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["waiting"] == 1
    assert main(["outbox", "list", "--json", "--config", str(config)]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["records"]
    assert (listed["record_id"], listed["seq"], listed["sha256"], listed["state"]) == (
        *(str(recorded.record_id), recorded.seq, recorded.sha256),
        "waiting",
    )


def test_looking_leaves_the_outbox_as_it_is(config: Path) -> None:
    outbox = open_outbox(_claimed(config) / "outbox")
    outbox.put(Kind.SIGHTING, b"{}")
    before = (config.parent / "state" / "outbox" / "outbox.db").read_bytes()
    assert main(["outbox", "list", "--config", str(config)]) == 0
    assert (config.parent / "state" / "outbox" / "outbox.db").read_bytes() == before
    outbox.close()


def test_a_wrong_configuration_ends_with_2_and_names_the_key(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text().replace("state =", "colour = 1\nstate ="))
    assert main(["outbox", "status", "--config", str(config)]) == 2
    assert "colour is not a known key" in capsys.readouterr().err


def test_an_unclaimed_courier_ends_with_3(config: Path) -> None:
    assert main(["courier", "--config", str(config)]) == 3


def test_a_wrong_command_line_ends_with_2() -> None:
    with pytest.raises(SystemExit) as end:
        main(["fly"])
    assert end.value.code == 2


@pytest.mark.parametrize(
    ("spoil", "exit_code", "says"),
    [
        (lambda config: config.write_text("state = "), 2, "is not TOML"),
        (lambda config: (config.parent / "state/identity/identity.json").unlink(), 3, "is not claimed yet; run `lintel-edge claim`"),
        (lambda config: (config.parent / "state/identity/identity.json").write_text("{"), 1, "is damaged; claim the node again"),
        (lambda config: (config.parent / "state/keys/signing.key").write_text("x"), 1, "remove it and claim the node again"),
    ],
)
def test_what_can_never_run_is_said_in_one_line_before_anything_starts(
    config: Path, capfd: pytest.CaptureFixture[str], spoil: Callable[[Path], object], exit_code: int, says: str
) -> None:
    _claimed(config)
    spoil(config)
    assert main(["run", "--config", str(config)]) == exit_code
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert says in said


def test_a_state_folder_that_cannot_be_made_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "state").write_text("a file")
    assert main(["claim", "--server", "http://127.0.0.1:9", "--token", "t" * 20, "--config", str(config)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "check `state` in the configuration" in said


@pytest.mark.parametrize("which", [["--all"], ["1/1"]])
def test_what_was_parked_is_sent_again_when_asked(config: Path, capsys: pytest.CaptureFixture[str], which: list[str]) -> None:
    folder = _claimed(config) / "outbox"
    outbox = open_outbox(folder)
    outbox.put(Kind.SIGHTING, b"{}")
    outbox.close()
    deliveries = Deliveries.open(folder, clock=FakeClock())
    deliveries.bury(deliveries.lease(1)[0], code="unknown_kind", detail="update the server")
    deliveries.close()
    assert main(["outbox", "retry", *which, "--config", str(config)]) == 0
    assert capsys.readouterr().out.startswith("1 records and 0 crops wait again")
    assert main(["outbox", "status", "--config", str(config)]) == 0
    assert "1 waiting, 0 kept until archived, 0 parked" in capsys.readouterr().out


def test_a_record_that_is_not_parked_cannot_be_returned(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_outbox(_claimed(config) / "outbox").close()
    assert main(["outbox", "retry", "1/7", "--config", str(config)]) == 1
    assert "nothing of 1/7 is parked" in capsys.readouterr().err


@pytest.mark.parametrize("which", [[], ["all"], ["--all", "1/1"], ["-1/2"]])
def test_retry_wants_to_know_what(config: Path, which: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["outbox", "retry", *which, "--config", str(config)])
    assert end.value.code == 2
