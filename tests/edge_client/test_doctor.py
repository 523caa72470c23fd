import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_client import doctor
from edge_client.__main__ import main
from edge_client.accounts import Accounts
from edge_client.capture import load_model_set
from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.config import NodeConfig
from edge_client.doctor import Finding, Patient, examine, exit_code, judge_settings
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import IdentityFolder
from edge_client.server_api import ServerApi
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import NodeSettings
from tests.edge_client.fakes import FakeClock, FakeServer, an_identity, make_claimed, open_outbox

DOCUMENT = (NodeSettings(revision=1).model_dump_json(), '"1"')


@pytest.fixture
def healthy(tmp_path: Path, server: FakeServer, clock: FakeClock) -> Patient:
    """A claimed node with a camera, an outbox, and a server that answers."""
    server.documents["settings"] = DOCUMENT
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "1.png"), np.zeros((48, 64, 3), np.uint8))
    make_claimed(tmp_path, an_identity(server=server.url))
    open_outbox(tmp_path / "outbox", clock).close()
    return Patient(
        config_of(tmp_path, source=pictures),
        clock,
        synchronised=lambda: True,
        free_bytes=lambda _folder: 5_000_000_000,
        accounts=lambda: None,
        swaps=lambda: False,
    )


def config_of(state: Path, *, source: Path, **settings: int) -> NodeConfig:
    lines = [f'state = "{state}"', "[camera]", 'kind = "replay"', f'source = "{source}"', 'pace = "fast"', "[settings]"]
    path = state / "node.toml"
    path.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in settings.items())]))
    return NodeConfig.load(path)


def found(patient: Patient) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(patient)}


def but(patient: Patient, **changes: object) -> Patient:
    known: dict[str, object] = {
        name: getattr(patient, name) for name in ("config", "clock", "api", "synchronised", "free_bytes", "accounts", "swaps")
    }
    return Patient(**(known | changes))  # type: ignore[arg-type]


def report(patient: Patient, camera: str) -> None:
    at = patient.clock.reading()
    said = CaptureReport(at=at, camera=camera, model_id="m", gallery_revision=0, settings_revision=0)
    CaptureReportFile(patient.config.run_folder).write(said)


def test_a_healthy_node_is_ok_in_every_line(healthy: Patient) -> None:
    findings = list(examine(healthy))
    assert [finding.result for finding in findings] == ["ok"] * 10
    assert exit_code(findings) == 0


def test_a_node_that_is_not_claimed_is_told_to_claim(healthy: Patient) -> None:
    (healthy.config.state / "identity" / "identity.json").unlink()
    finding = found(healthy)["identity"]
    assert (finding.result, "lintel-edge claim" in finding.sentence) == ("fail", True)


def test_a_model_file_with_a_wrong_hash_is_found(healthy: Patient, tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for file in load_model_set(None).folder.glob("*"):
        if file.suffix in {".toml", ".tflite"}:
            (models / file.name).write_bytes(file.read_bytes() + (b" " if file.suffix == ".tflite" else b""))
    config = healthy.config.model_copy(update={"models": healthy.config.models.model_copy(update={"folder": models})})
    finding = found(but(healthy, config=config))["models"]
    assert (finding.result, finding.exit_code) == ("fail", 5)
    assert "install the model set again" in finding.sentence


def test_a_gallery_of_another_model_is_found(healthy: Patient) -> None:
    GalleryCache(healthy.config.state).store_gallery(GallerySnapshot(revision=1, model_id="another", dimension=2, people=()), "e")
    assert found(healthy)["models"].result == "fail"


@pytest.mark.parametrize(
    ("state", "result", "what_to_do"),
    [
        ("ok", "ok", "capture says: ok"),
        ("hours", "ok", "it looks again when they begin"),
        ("dark", "warn", "put on the light"),
        ("covered", "fail", "take off what is before the lens"),
        ("frozen", "fail", "start the camera anew"),
        ("camera_gives_no_frames", "fail", "check the camera's cable"),
    ],
)
def test_what_capture_says_of_its_camera_is_told_with_what_to_do(healthy: Patient, state: str, result: str, what_to_do: str) -> None:
    report(healthy, state)
    finding = found(healthy)["camera"]
    assert (finding.result, what_to_do in finding.sentence) == (result, True)


def test_a_picamera_without_its_package_is_found(healthy: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setitem(sys.modules, "libcamera", None)
    camera = healthy.config.camera.model_copy(update={"kind": "picamera", "source": "0"})
    finding = found(but(healthy, config=healthy.config.model_copy(update={"camera": camera})))["camera"]
    assert (finding.result, finding.exit_code) == ("fail", 4)
    assert "apt install python3-picamera2" in finding.sentence


def test_a_camera_that_cannot_be_opened_is_found(healthy: Patient, tmp_path: Path) -> None:
    patient = but(healthy, config=config_of(tmp_path, source=tmp_path / "nothing.mp4"))
    assert "does not exist" in found(patient)["camera"].sentence


def test_a_camera_that_gives_no_picture_is_found(healthy: Patient, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "1.png").write_bytes(b"broken")
    assert found(healthy)["camera"].result == "fail"


def test_while_capture_has_the_camera_its_word_is_taken(healthy: Patient, tmp_path: Path) -> None:
    patient = but(healthy, config=config_of(tmp_path, source=tmp_path / "nothing.mp4"))
    report(patient, "ok")
    assert found(patient)["camera"].result == "ok"
    report(patient, "camera_gives_no_frames")
    assert found(patient)["camera"].result == "fail"


def test_an_old_report_of_capture_is_not_believed(healthy: Patient, clock: FakeClock) -> None:
    report(healthy, "camera_gives_no_frames")
    clock.go_on(60)
    assert found(healthy)["camera"].result == "ok"


def test_a_server_that_does_not_answer_is_found(healthy: Patient, tmp_path: Path) -> None:
    IdentityFolder(tmp_path).save(an_identity(server="http://127.0.0.1:9"))
    assert "does not answer" in found(healthy)["server"].sentence


def test_a_token_that_is_not_accepted_is_found(healthy: Patient, server: FakeServer) -> None:
    server.faults["settings"] = [(401, {}, "unknown_token")]
    assert "does not accept this node: detail of unknown_token" in found(healthy)["server"].sentence


def test_a_captive_portal_is_no_server(healthy: Patient, server: FakeServer) -> None:
    server.faults["settings"] = ["captive_portal"]
    assert found(healthy)["server"].result == "fail"


def test_a_clock_that_is_not_synchronised_is_a_warning(healthy: Patient) -> None:
    patient = but(healthy, synchronised=lambda: False)
    assert found(patient)["clock"].result == "warn"
    assert exit_code(list(examine(patient))) == 0


@pytest.mark.parametrize(("free", "result"), [(10_000_000, "fail"), (500_000_000, "warn"), (2_000_000_000, "ok")])
def test_a_full_disk_is_found(healthy: Patient, free: int, result: str) -> None:
    free_bytes: Callable[[Path], int] = lambda _folder: free  # noqa: E731
    assert found(but(healthy, free_bytes=free_bytes))["disk"].result == result


@pytest.mark.parametrize(
    ("wanted", "result"),
    [
        (NodeSettings(), "ok"),
        (NodeSettings(interval_ms=500, min_agreeing_frames=4), "warn"),
        (NodeSettings(interval_ms=1000, min_agreeing_frames=4), "fail"),
        (NodeSettings(interval_ms=200, min_agreeing_frames=20), "fail"),
    ],
)
def test_settings_that_could_never_decide_a_pass_are_found(wanted: NodeSettings, result: str) -> None:

    assert judge_settings(wanted).result == result


def test_an_outbox_that_does_not_exist_yet_is_a_warning(healthy: Patient, tmp_path: Path) -> None:
    for file in (tmp_path / "outbox").glob("outbox.db*"):
        file.unlink()
    assert found(healthy)["outbox"].result == "warn"


def test_a_damaged_outbox_is_found(healthy: Patient, tmp_path: Path) -> None:
    for file in (tmp_path / "outbox").glob("outbox.db*"):
        file.unlink()
    (tmp_path / "outbox" / "outbox.db").write_bytes(b"no database" * 1000)
    assert found(healthy)["outbox"].result == "fail"


def test_it_prints_a_line_per_check_and_fails_when_one_does(healthy: Patient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    IdentityFolder(tmp_path).save(an_identity(server="http://127.0.0.1:9"))
    assert doctor.run(tmp_path / "node.toml") == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert [line.split()[:2] for line in lines if line.startswith("fail")] == [["fail", "server"]]


def test_for_programs_it_prints_json(healthy: Patient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.run(tmp_path / "node.toml", as_json=True)
    findings = json.loads(capsys.readouterr().out)
    assert {"check", "result", "sentence"} == set(findings[0])
    assert {finding["result"] for finding in findings} <= {"ok", "warn", "fail"}


def test_a_single_check_can_be_asked_for(healthy: Patient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    IdentityFolder(tmp_path).save(an_identity(server="http://127.0.0.1:9"))
    assert doctor.run(tmp_path / "node.toml", only=("models", "disk")) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["models", "disk"]


def test_a_check_that_does_not_exist_is_refused(healthy: Patient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--only", "modles", "--config", str(tmp_path / "node.toml")]) == 1
    assert capsys.readouterr().err.startswith("lintel-edge: there is no check 'modles'; choose among identity, secrets, models, ")


class _AnswersEverything(ServerApi):
    def settings(self, etag: str | None) -> None:
        return None


def test_plain_http_to_another_machine_is_a_warning(healthy: Patient, tmp_path: Path) -> None:
    IdentityFolder(tmp_path).save(an_identity(server="http://lintel.example.org"))
    patient = but(healthy, api=lambda server, token: _AnswersEverything(server, token=token))
    finding = found(patient)["server"]
    assert (finding.result, "use https" in finding.sentence) == ("warn", True)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [((), 0), ((1,), 1), ((1, 5), 5), ((3, 5, 1), 3)],
)
def test_it_ends_with_the_code_that_a_run_would_end_with(codes: tuple[int, ...], expected: int) -> None:
    assert exit_code([Finding("x", "warn", ""), *(Finding("x", "fail", "", code) for code in codes)]) == expected


def test_a_node_that_waits_for_the_gallery_of_its_new_model_is_told_what_it_goes_on_with(healthy: Patient, tmp_path: Path) -> None:
    shipped = load_model_set(None)
    renamed = tmp_path / "models"
    renamed.mkdir()
    for file in shipped.folder.glob("*"):
        if file.suffix in {".toml", ".tflite", ".npy"}:
            (renamed / file.name).write_bytes(file.read_bytes().replace(shipped.embedder.model_id.encode(), b"a-new-model"))
    config = healthy.config.model_copy(update={"models": healthy.config.models.model_copy(update={"folder": renamed})})
    cache = GalleryCache(healthy.config.state)
    cache.store_gallery(GallerySnapshot(revision=1, model_id=shipped.embedder.model_id, dimension=2, people=()), "e")
    waiting = found(but(healthy, config=config))["models"]
    assert (waiting.result, shipped.embedder.model_id in waiting.sentence) == ("warn", True)
    cache.store_gallery(GallerySnapshot(revision=2, model_id="a-new-model", dimension=2, people=()), "e")
    assert found(but(healthy, config=config))["models"].result == "ok"


@pytest.mark.parametrize("path", ["keys", "keys/signing.key", "identity/token.json"])
def test_a_secret_that_others_may_read_is_found(healthy: Patient, path: str) -> None:
    secret = healthy.config.state / path
    secret.chmod(secret.stat().st_mode | 0o040)
    finding = found(healthy)["secrets"]
    assert (finding.result, f"chmod go= {secret}" in finding.sentence) == ("fail", True)


def test_a_secret_of_the_wrong_account_is_found(healthy: Patient) -> None:
    own = (healthy.config.state / "keys").stat().st_uid
    right, wrong = Accounts(own, own, 0), Accounts(own, own + 1, 0)
    assert found(but(healthy, accounts=lambda: right))["secrets"].result == "ok"
    finding = found(but(healthy, accounts=lambda: wrong))["secrets"]
    assert (finding.result, "chown lintel-courier" in finding.sentence) == ("fail", True)


def test_a_token_that_is_gone_is_found(healthy: Patient) -> None:
    (healthy.config.state / "identity" / "token.json").unlink()
    assert (found(healthy)["secrets"].result, found(healthy)["server"].result) == ("fail", "fail")


def test_where_the_gallery_lies_is_said_plainly(healthy: Patient) -> None:
    in_memory = found(healthy)["gallery"]
    assert (in_memory.result, "until the next contact" in in_memory.sentence) == ("ok", True)
    swapped = found(but(healthy, swaps=lambda: True))["gallery"]
    assert (swapped.result, "turn swap off" in swapped.sentence) == ("warn", True)
    identity = an_identity().model_copy(update={"gallery_secret": b"\x03" * 32})
    run = healthy.config.run_folder
    GalleryCache.of_capture(healthy.config.state, run=run, identity=identity, read_board_key=lambda: b"\x04" * 32)
    assert "board's own key" in found(but(healthy, swaps=lambda: True))["gallery"].sentence


def test_a_card_that_is_fuller_than_the_outbox_may_make_it_is_found(healthy: Patient) -> None:
    finding = found(but(healthy, free_bytes=lambda _folder: 400_000_000))["disk"]
    assert (finding.result, "crops are given up" in finding.sentence) == ("warn", True)
