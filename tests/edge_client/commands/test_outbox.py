import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_client.__main__ import main
from edge_client.outbox.delivery import Deliveries
from edge_client.outbox.schema import connect
from edge_client.outbox.status import list_records
from shared_schema.envelope import Envelope
from shared_schema.node import RecordBatch
from shared_schema.sealing import CROP, unseal
from tests.edge_client.fakes import SEAL, SIGNER, FakeClock, make_claimed, open_outbox
from tests.edge_client.outbox.model_server import ModelServer
from tests.edge_client.outbox.sightings import crop_of, put


@dataclass(frozen=True)
class Shown:
    """A node of whose three sightings with crops the first is parked, and the crop of the second."""

    config: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def outbox(self) -> Path:
        return self.config.parent / "state" / "outbox"

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        self.capsys.readouterr()
        assert main(["outbox", *map(str, arguments), "--config", str(self.config)]) == code
        said = self.capsys.readouterr()
        return said.err if code else said.out


@pytest.fixture
def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shown:
    config = tmp_path / "edge.toml"
    config.write_text('state = "state"\n[camera]\nkind = "replay"\nsource = "nowhere"\n')
    make_claimed(tmp_path / "state")
    shown = Shown(config, capsys)
    outbox = open_outbox(shown.outbox)
    for number in range(3):
        put(outbox, number, crop=crop_of(number))
    outbox.close()
    deliveries = Deliveries.open(shown.outbox, clock=FakeClock())
    first, second, _ = deliveries.lease(3)
    deliveries.bury(first, code="invalid_payload", detail="no such outcome")
    deliveries.ack([second], ModelServer().receive([second]))
    (crop,) = deliveries.lease_crops(1)
    deliveries.bury_crop(crop, code="invalid_crop", detail="no picture")
    deliveries.close()
    return shown


def test_the_list_shows_records_and_crops(shown: Shown) -> None:
    lines = shown.run("list").splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["1/1", "sighting", "parked"],
        ["1/3", "sighting", "waiting"],
        ["1/1", "crop", "held"],
        ["1/2", "crop", "parked"],
        ["1/3", "crop", "held"],
    ]
    assert "invalid_payload: no such outcome" in lines[0]


def test_the_list_can_be_kept_to_what_is_parked_and_short(shown: Shown) -> None:
    parked = json.loads(shown.run("list", "--parked", "--json"))
    assert ([one["seq"] for one in parked["records"]], [one["seq"] for one in parked["crops"]]) == ([1], [2])
    short = json.loads(shown.run("list", "--limit", "1", "--json"))
    assert ([one["seq"] for one in short["records"]], [one["seq"] for one in short["crops"]]) == ([1], [1])


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_is_none_is_refused(shown: Shown, limit: str) -> None:
    with pytest.raises(SystemExit):
        shown.run("list", f"--limit={limit}")


def test_status_tells_what_the_outbox_takes_of_the_card(shown: Shown) -> None:
    found = json.loads(shown.run("status", "--json"))
    assert (found["waiting"], found["parked"], found["crops_waiting"], found["crops_parked"]) == (1, 1, 1, 2)
    assert found["crops_bytes"] == sum(path.stat().st_size for path in (shown.outbox / "crops").iterdir())
    assert (found["reserve_bytes"], found["max_bytes"], found["set_aside_bytes"]) == (8_388_608, 8_000_000_000, 0)
    assert "reserve 8.4 MB" in shown.run("status")


def test_what_is_parked_is_exported_as_it_goes_over_the_wire(shown: Shown, tmp_path: Path) -> None:
    told = shown.run("export", "--parked", tmp_path / "out")
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert "3 files written" in told
    item = json.loads(files.pop("1-1.json").read_text())
    batch = RecordBatch.model_validate_json(json.dumps({"items": [item]}))
    batch.items[0].envelope.verify(SIGNER.public_key().public_bytes_raw())
    assert isinstance(batch.items[0].envelope, Envelope)
    assert [unseal(path.read_bytes(), private_key=SEAL.private_bytes_raw(), purpose=CROP) for _, path in sorted(files.items())] == [
        crop_of(0),
        crop_of(1),
    ]
    assert [record.state for record in list_records(shown.outbox)] == ["parked", "waiting"]


def test_one_record_is_exported_with_its_crop(shown: Shown, tmp_path: Path) -> None:
    (found,) = json.loads(shown.run("export", "--record", "1/1", "--json", tmp_path / "out"))
    assert (found["code"], len(found["files"])) == ("invalid_payload", 2)
    assert "nothing of 1/3 is parked" in shown.run("export", "--record", "1/3", tmp_path / "out", code=1)


def test_a_damaged_record_is_exported_as_it_lies_there(shown: Shown, tmp_path: Path) -> None:
    connection = connect(shown.outbox / "outbox.db")
    connection.execute("UPDATE records SET signature = zeroblob(64) WHERE seq = 1")
    connection.close()
    shown.run("export", "--parked", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "1-1.damaged.json").read_text())["seq"] == 1


def test_a_folder_that_cannot_be_written_to_is_a_clear_error(shown: Shown, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    assert "name a folder" in shown.run("export", "--parked", tmp_path / "out", code=1)
