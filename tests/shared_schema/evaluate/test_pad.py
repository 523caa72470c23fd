"""`lintel-face evaluate pad` and `lintel-face challenge`, on recordings made from public-domain portraits."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from skimage import data

from shared_schema.doorway.types import Look
from shared_schema.evaluate import pad
from shared_schema.evaluate.__main__ import main
from shared_schema.evaluate.pad import passes
from shared_schema.evaluate.pad_challenges import evaluate_challenges
from shared_schema.evaluate.pad_held import HANDLINGS, Handling, HeldPicture
from shared_schema.face.manifest import ModelSet
from shared_schema.face.pipeline import FacePipeline
from shared_schema.face.types import Bgr, Box, Quality
from shared_schema.ids import BootNs
from tests.shared_schema.face.puppet import blinking, turned

FPS = 10
CLIP = Path(__file__).parents[3] / "../shared/data/clips/press-event.mp4"


@pytest.fixture(scope="module")
def astronaut() -> Bgr:
    picture = data.astronaut()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)[:300, 60:380])


@pytest.fixture(scope="module")
def living(astronaut: Bgr, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a portrait that turns its head, blinks, and turns on."""
    (face,) = FacePipeline(ModelSet.load(), threads=1).detect(astronaut)
    mesh = face.mesh
    assert mesh is not None
    closings = (0, 0, 0, 0, 0.5, 1, 0.5, 0)
    blinks = [blinking(astronaut, mesh, closed) if closed else astronaut for closed in closings]
    before, after = ([turned(astronaut, mesh, angle) for angle in angles] for angles in ((-27, -18, -9), (9, 18, 27)))
    return film(tmp_path_factory.mktemp("clips") / "living.avi", [*before, *blinks, *after])


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    """One portrait and a file that is no picture."""
    officer = cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    folder = tmp_path / "portraits"
    folder.mkdir()
    cv2.imwrite(str(folder / "officer.jpg"), officer)
    (folder / "notes.txt").write_text("no picture")
    return folder


def film(path: Path, frames: Iterable[Bgr]) -> Path:
    pictures = list(frames)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, pictures[0].shape[1::-1])
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def run_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main([*map(str, arguments), "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([*map(str, arguments)]) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_pad_reports_both_error_rates_with_their_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, living: Path, portraits: Path
) -> None:
    monkeypatch.setattr(pad, "HANDLINGS", HANDLINGS[1:2])
    report = run_json(capsys, "evaluate", "pad", "--clip", living, "--portraits", portraits, "--draws", "1")
    assert (report["attacks"], report["attacks_missed"], report["apcer"]) == (1, 0, 0.0)
    assert report["by_handling"] == {"held still": {"passes": 1, "flagged": 1}}
    living_passes, flagged = report["living"], report["living_flagged"]
    assert isinstance(living_passes, int)
    assert isinstance(flagged, int)
    assert report["bpcer"] == round(flagged / living_passes, 4)
    assert flagged < living_passes / 2
    bars = report["bars"]
    assert isinstance(bars, list)
    assert [bar["apcer"] for bar in bars] == sorted(bar["apcer"] for bar in bars)
    assert [bar["bpcer"] for bar in bars] == sorted((bar["bpcer"] for bar in bars), reverse=True)


def test_what_cannot_be_measured_is_refused(capsys: pytest.CaptureFixture[str], living: Path, portraits: Path, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    assert "no video" in refusal(capsys, "evaluate", "pad", "--clip", portraits / "notes.txt", "--portraits", portraits)
    assert "no face" in refusal(capsys, "evaluate", "pad", "--clip", living, "--portraits", nothing)
    assert "--draws" in refusal(capsys, "evaluate", "pad", "--clip", living, "--portraits", portraits, "--draws", "0")


def test_a_recording_is_cut_into_passes_at_the_asked_rate() -> None:
    quality = Quality(0.8, None, 90, 100.0, 120.0)
    empty = np.zeros((2, 2, 3), np.uint8)
    track = [Look(np.zeros(4, np.float32), quality, empty, BootNs(round(number * 1e9 / 30))) for number in range(61)]
    found = list(passes([track], 5.0, 1.0))
    assert len(found) == 11
    assert all(len(looks) == 6 for looks in found)
    assert {round((looks[-1].at - looks[0].at) / 1e9, 3) for looks in found} == {1.0}
    assert len(next(passes([track], 30.0, 1.0))) == 31
    assert list(passes([[replace(look, at=BootNs(0)) for look in track]], 5.0, 1.0)) == []


def test_one_seed_gives_one_film_and_another_gives_another(astronaut: Bgr) -> None:
    box = Box(100, 60, 90, 90)
    handling = Handling("held", drift=0.2, tilt=10)
    first, again, other = (HeldPicture(astronaut, box, handling, seed=seed).frame(0.4, 0.2) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert first.shape == (480, 640, 3)


def test_the_challenges_are_asked_one_after_the_other(capsys: pytest.CaptureFixture[str], living: Path) -> None:
    assert main(["challenge", "--camera", str(living), "--ask", "blink", "--json"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["passed"] is True
    assert report["asked"][0]["state"] == "passed"
    assert said.err.splitlines() == ["blink: now", "blink: passed"]


def test_a_still_picture_passes_nothing_and_the_rest_is_not_asked(
    capsys: pytest.CaptureFixture[str], astronaut: Bgr, tmp_path: Path
) -> None:
    still = film(tmp_path / "still.avi", [astronaut] * 15)
    report = run_json(capsys, "challenge", "--camera", still, "--ask", "turn-left,blink")
    assert report["passed"] is False
    assert report["asked"] == [{"ask": "turn-left", "state": "failed", "seconds": 1.4}]
    assert report["frames_with_one_face"] == 15


@pytest.mark.slow
def test_a_print_passes_no_challenge_however_it_is_held(portraits: Path) -> None:
    report = evaluate_challenges(portraits, seed=7, models=None)
    assert (report["tries"], report["passed"]) == (12, 0)


def test_an_unknown_challenge_or_camera_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "turn-left" in refusal(capsys, "challenge", "--camera", tmp_path / "a.avi", "--ask", "wink")
    assert "no video" in refusal(capsys, "challenge", "--camera", tmp_path / "a.avi", "--ask", "blink")


def test_the_performer_of_the_clip_turns_to_his_right(capsys: pytest.CaptureFixture[str]) -> None:
    if not CLIP.is_file():
        pytest.skip("the development data (clips) is not beside the project")
    report = run_json(capsys, "challenge", "--camera", CLIP, "--ask", "turn-right")
    assert report["passed"] is True
