import hashlib
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.local import walk
from deploy.local.portraits import ENROLLED, WALKERS


def test_the_clip_has_the_same_frames_every_time() -> None:
    first = [hashlib.sha256(frame.tobytes()).hexdigest() for frame in islice(walk.frames(), 60)]
    again = [hashlib.sha256(frame.tobytes()).hexdigest() for frame in islice(walk.frames(), 60)]
    assert first == again
    assert len(set(first)) == len(first)


def test_a_walker_comes_closer_with_every_step_and_the_light_changes() -> None:
    steps = list(walk.steps())
    sizes = [step.face_px for step in steps]
    assert sizes == sorted(sizes)
    assert sizes[0] < 40
    assert sizes[-1] > 140
    assert max(step.light for step in steps) > 1.5 * min(step.light for step in steps)
    assert {step.blur_px for step in steps} == {3, 7, 15}


def test_one_walker_is_enrolled_and_one_is_a_stranger() -> None:
    assert [portrait in ENROLLED for portrait in WALKERS] == [True, False]


def test_a_walker_is_drawn_where_the_step_says_and_the_scene_stays_as_it_is() -> None:
    scene = walk.corridor()
    before = scene.copy()
    step = next(step for step in walk.steps() if step.face_px > 80)
    drawn = walk.Walker(WALKERS[0]).draw(scene, step)
    changed = np.argwhere(np.any(drawn != before, axis=2))
    assert np.array_equal(scene, before)
    assert abs(changed[:, 1].mean() - step.x_px) < step.face_px
    assert changed[:, 0].min() < step.y_px


def test_a_built_clip_can_be_read_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = list(islice(walk.frames(), 5))
    monkeypatch.setattr(walk, "frames", lambda: iter(some))
    path = tmp_path / "walk.avi"
    walk.build(path)
    clip = cv2.VideoCapture(str(path))
    assert clip.get(cv2.CAP_PROP_FPS) == walk.FRAMES_PER_SECOND
    read = [frame for ok, frame in (clip.read() for _ in range(6)) if ok]
    assert [frame.shape for frame in read] == [(480, 640, 3)] * 5
    assert [left.name for left in tmp_path.iterdir()] == ["walk.avi"]


def test_a_clip_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot write the clip"):
        walk.build(tmp_path / "no such folder" / "walk.avi")
