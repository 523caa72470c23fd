import itertools
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from edge_client.__main__ import main
from edge_client.capture import load_model_set, print_recorded
from edge_client.capture_report import CaptureReportFile
from edge_client.errors import ModelSetBad
from edge_client.files import write_private
from edge_client.first_contact import FirstContact
from edge_client.identity import IdentityFolder
from edge_client.outbox.delivery import Deliveries
from shared_schema.node import NodeSettings
from shared_schema.observation import Observation
from shared_schema.sealing import CROP, PROBE, unseal
from shared_schema.sighting import Outcome, Sighting
from tests.edge_client.fakes import SEAL, SIGNER, an_identity
from tests.edge_client.scenes import MODELS, STEP_NS, WALK, Node, snapshot
from tests.shared_schema.doorway.fakes import EMPTY, Sight, approach, person


def test_a_person_at_the_door_becomes_a_signed_sighting_with_sealed_images(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.cache.store_gallery(snapshot("ann", "bob", revision=5), "e")
    node.run()
    deliveries = Deliveries.open(tmp_path / "outbox", clock=node.clock)
    leased = next(record.item for record in deliveries.lease(10) if record.item.envelope.kind == "sighting")
    leased.envelope.verify(SIGNER.public_key().public_bytes_raw())
    sighting = Sighting.model_validate_json(leased.envelope.payload)
    assert sighting.outcome is Outcome.MATCH
    assert sighting.candidate is not None
    assert (sighting.candidate.person, sighting.gallery_revision) == (person("ann"), 5)
    assert leased.sealed_probe is not None
    probe = unseal(leased.sealed_probe, private_key=SEAL.private_bytes_raw(), purpose=PROBE)
    assert sha256(probe).hexdigest() == sighting.probe_sha256


def test_the_crop_named_in_the_sighting_is_the_one_on_the_card(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.run()
    (sighting,) = node.sightings()
    files = [path for path in (tmp_path / "outbox").rglob("*") if path.is_file() and path.stat().st_size < 5000]
    opened = []
    for path in files:
        try:
            opened.append(unseal(path.read_bytes(), private_key=SEAL.private_bytes_raw(), purpose=CROP))
        except ValueError:
            continue
    assert sighting.crop is not None
    assert [sha256(crop).hexdigest() for crop in opened] == [sighting.crop.sha256]


def test_each_sighting_is_announced_after_it_is_durable_and_observations_are_not(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.run()
    kinds = [one.kind for one in node.envelopes()]
    assert kinds == ["sighting", "observation"]
    assert [(one.epoch, one.seq) for one in node.recorded] == [(1, 1)]


def test_the_announced_line_names_the_record(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.run()
    print_recorded(node.recorded[0])
    line = json.loads(capsys.readouterr().out)
    envelope = node.envelopes()[0]
    assert line == {"recorded": str(envelope.record_id), "epoch": 1, "seq": 1, "sha256": envelope.sha256}


def test_without_a_gallery_a_pass_is_recorded_as_unknown(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.run()
    (sighting,) = node.sightings()
    assert (sighting.outcome, sighting.candidate, sighting.gallery_revision) == (Outcome.UNKNOWN, None, 0)


def test_the_sightings_time_is_that_of_its_best_frame(tmp_path: Path) -> None:
    scenes = ((Sight("s", quality=0.2),), (Sight("s", x=84, quality=0.9),), (Sight("s", x=88, quality=0.2),), *((EMPTY,) * 10))
    node = Node(tmp_path, scenes)
    began = node.clock.now
    node.run()
    (sighting,) = node.sightings()
    assert (sighting.from_boot_ns, sighting.at.boot_ns, sighting.until_boot_ns) == (
        began + STEP_NS,
        began + 2 * STEP_NS,
        began + 3 * STEP_NS,
    )


def test_a_new_gallery_is_used_without_a_restart(tmp_path: Path) -> None:
    node = Node(tmp_path, (*approach("ann", 4), *((EMPTY,) * 30), *approach("ann", 4), *((EMPTY,) * 10)))
    node.camera.before[34] = lambda: node.cache.store_gallery(snapshot("ann", "bob", revision=2), "e")
    node.run()
    assert [(one.outcome, one.gallery_revision) for one in node.sightings()] == [(Outcome.UNKNOWN, 0), (Outcome.MATCH, 2)]


def test_new_settings_are_used_without_a_restart(tmp_path: Path) -> None:
    node = Node(tmp_path, (*approach("s", 4), *((EMPTY,) * 30), *approach("dan", 4), *((EMPTY,) * 10)))
    node.camera.before[34] = lambda: node.cache.store_settings(NodeSettings(revision=3, keep_crops=False), "e")
    node.run()
    assert [one.crop is not None for one in node.sightings()] == [True, False]
    assert node.reports[-1].settings_revision == 3


def test_a_gallery_of_another_model_is_not_used(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.cache.store_gallery(snapshot("ann", model_id="another"), "e")
    node.run()
    assert [one.gallery_revision for one in node.sightings()] == [0]


def test_settings_of_the_file_win_over_the_servers(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK, keep_crops=False)
    node.cache.store_settings(NodeSettings(keep_crops=True), "e")
    node.run()
    assert [one.crop for one in node.sightings()] == [None]


def test_whatever_is_recorded_after_an_observation_was_seen_after_it(tmp_path: Path) -> None:
    node = Node(tmp_path, (*approach("stranger", 6), *((EMPTY,) * 40), *approach("other", 6), *((EMPTY,) * 40)), observation_ms=1000)
    node.run()
    watched_until = 0
    for envelope in sorted(node.envelopes(), key=lambda one: one.seq):
        if envelope.kind == "observation":
            watched_until = Observation.model_validate_json(envelope.payload).until_boot_ns
        else:
            assert Sighting.model_validate_json(envelope.payload).at.boot_ns >= watched_until
    observed = node.observations()
    assert len(node.sightings()) == 2
    assert [one.from_boot_ns for one in observed[1:]] == [one.until_boot_ns for one in observed[:-1]]
    assert sum(one.funnel.frames for one in observed) == 92


def test_observations_follow_each_other_without_holes_also_when_nobody_came(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 26, observation_ms=1000)
    node.run()
    observed = node.observations()
    assert len(observed) == 5 or len(observed) == 6
    assert all(later.from_boot_ns == earlier.until_boot_ns for earlier, later in itertools.pairwise(observed))
    assert [one.last_seq for one in observed] == list(range(len(observed)))
    assert sum(one.funnel.frames for one in observed) == 26


def test_moments_without_frames_are_blind_intervals(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY, EMPTY, None, None, None, EMPTY, EMPTY))
    began = node.clock.now
    node.run()
    (observation,) = node.observations()
    (blind,) = observation.blind
    assert (blind.from_boot_ns, blind.until_boot_ns) == (began + 2 * STEP_NS, began + 5 * STEP_NS)
    assert blind.reason == "camera_gives_no_frames"


def test_a_camera_that_hung_leaves_a_blind_interval(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 4)
    node.camera.before[2] = lambda: node.clock.go_on(30)
    node.run()
    (observation,) = node.observations()
    assert [blind.reason for blind in observation.blind] == ["stalled"]


def test_told_to_stop_it_finishes_open_passes_and_says_how_far_it_looked(tmp_path: Path) -> None:
    node = Node(tmp_path, (*approach("stranger", 30),))
    capture = node.capture()
    node.camera.before[5] = capture.stop
    capture.run()
    assert [one.kind for one in node.envelopes()] == ["sighting", "observation"]
    assert node.camera.closed
    assert node.reports[-1].camera == "stopped"


def test_a_source_at_its_end_is_reported(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.run()
    last = node.reports[-1]
    assert (last.camera, last.model_id, last.funnel.frames, last.funnel.unknown) == ("ended", MODELS.embedder.model_id, 16, 1)


def test_a_camera_that_gives_nothing_is_reported_at_once(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY, None, EMPTY))
    node.run()
    assert [report.camera for report in node.reports] == ["starting", "ok", "camera_gives_no_frames", "ok", "ended"]


def test_a_source_without_frames_leaves_no_record(tmp_path: Path) -> None:
    node = Node(tmp_path, ())
    node.run()
    assert node.envelopes() == []


@pytest.mark.parametrize("old", [None, ("bob",)])
def test_a_replay_waits_until_the_gallery_is_the_servers(tmp_path: Path, old: tuple[str, ...] | None) -> None:
    node = Node(tmp_path, WALK)
    if old:
        node.cache.store_gallery(snapshot(*old), "old")

    def contact_comes(seconds: float) -> None:
        node.clock.go_on(seconds)
        node.cache.store_gallery(snapshot("ann", "bob"), "e")
        FirstContact(tmp_path / "run").note(node.clock.boot_id)

    node.capture(patience_s=10, sleep=contact_comes).run()
    assert [one.outcome for one in node.sightings()] == [Outcome.MATCH]


def test_a_live_camera_does_not_wait(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.capture(patience_s=0, sleep=lambda _: pytest.fail("people pass meanwhile")).run()
    assert len(node.sightings()) == 1


def test_a_replay_whose_gallery_is_the_servers_begins_at_once(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    FirstContact(tmp_path / "run").note(node.clock.boot_id)
    node.capture(patience_s=10, sleep=lambda _: pytest.fail("nothing to wait for")).run()
    assert len(node.sightings()) == 1


def test_a_replay_does_not_wait_for_ever(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.capture(patience_s=10).run()
    assert [one.outcome for one in node.sightings()] == [Outcome.UNKNOWN]


def test_a_bad_model_set_has_its_own_exit_code(tmp_path: Path) -> None:
    with pytest.raises(ModelSetBad) as refused:
        load_model_set(tmp_path)
    assert refused.value.exit_code == 5


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    node = Node(tmp_path, WALK)
    node.run()
    file = CaptureReportFile(tmp_path / "run")
    assert file.read() is None
    file.write(node.reports[-1])
    assert file.read() == node.reports[-1]
    (tmp_path / "run" / "capture.json").write_text("{half")
    assert file.read() is None


@pytest.mark.parametrize(
    ("root", "unneeded"),
    [("capture", {"requests", "tenacity", "urllib3", "matplotlib"}), ("courier", {"cv2", "numpy", "tflite_runtime", "ai_edge_litert"})],
)
def test_a_process_imports_only_what_it_needs(root: str, unneeded: set[str]) -> None:
    code = f"import sys, edge_client.{root}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert not unneeded & set(done.stdout.split())


@pytest.mark.parametrize(
    ("fault", "code", "sentence"),
    [("unclaimed", 3, "run `lintel-edge claim`"), ("camera", 4, "does not exist"), ("models", 5, "name the folder of a model set")],
)
def test_what_will_never_work_is_one_line_and_an_exit_code(
    tmp_path: Path, fault: str, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "node.toml"
    models = '[models]\nfolder = "none"\n' if fault == "models" else ""
    config.write_text(f'state = "."\n[camera]\nkind = "replay"\nsource = "none.mp4"\n{models}')
    if fault != "unclaimed":
        IdentityFolder(tmp_path).save(an_identity())
        write_private(tmp_path / "identity" / "signing.key", SIGNER.private_bytes_raw())
    assert main(["capture", "--config", str(config)]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("lintel-edge: ")
    assert sentence in printed.err
