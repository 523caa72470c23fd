import math

from shared_schema.doorway import policy_of
from shared_schema.face.calibration import PadCalibration
from shared_schema.face.manifest import ModelSet
from shared_schema.node import NodeSettings

CALIBRATION = ModelSet.load().embedder.calibration


def test_the_bar_rises_with_the_gallery_and_with_the_wish() -> None:
    small, large = (policy_of(NodeSettings(), CALIBRATION, size).min_similarity for size in (10, 1000))
    strict = policy_of(NodeSettings(strangers_named_one_in=100_000), CALIBRATION, 10).min_similarity
    assert small < large
    assert small < strict


def test_staff_see_a_suggestion_from_a_lower_bar_than_a_name() -> None:
    policy = policy_of(NodeSettings(), CALIBRATION, 100)
    assert policy.unsure_similarity < policy.min_similarity
    same = policy_of(NodeSettings(strangers_unsure_one_in=1000), CALIBRATION, 100)
    assert same.unsure_similarity == same.min_similarity


def test_a_name_before_the_end_of_a_pass_takes_a_little_more() -> None:
    policy = policy_of(NodeSettings(), CALIBRATION, 100)
    later = policy_of(NodeSettings(strangers_named_one_in=1500), CALIBRATION, 100)
    assert policy.min_similarity < policy.early_similarity == later.min_similarity


def test_held_pictures_are_asked_for_only_when_people_wish() -> None:
    assert not policy_of(NodeSettings(), CALIBRATION, 1).pad
    assert policy_of(NodeSettings(pad="review"), CALIBRATION, 1).pad


def test_the_bar_for_held_pictures_is_the_calibrations() -> None:
    calibrated = CALIBRATION.model_copy(update={"pad": PadCalibration(max_pad_value=0.7, measured_on="a test")})
    assert policy_of(NodeSettings(pad="review"), calibrated, 1).max_pad_value == 0.7
    without = CALIBRATION.model_copy(update={"pad": None})
    assert policy_of(NodeSettings(pad="review"), without, 1).max_pad_value == math.inf


def test_durations_become_nanoseconds() -> None:
    policy = policy_of(NodeSettings(cooldown_ms=7, pass_timeout_ms=800), CALIBRATION, 1)
    assert (policy.cooldown_ns, policy.pass_timeout_ns) == (7_000_000, 800_000_000)


def test_looks_of_one_person_are_nearer_than_looks_of_two() -> None:
    policy = policy_of(NodeSettings(), CALIBRATION, 1)
    assert policy.other_similarity < policy.own_similarity <= policy.min_similarity


def test_only_where_frames_come_often_is_a_single_one_too_brief() -> None:
    often, seldom = (policy_of(NodeSettings(interval_ms=ms), CALIBRATION, 1) for ms in (200, 1000))
    assert (often.min_frames, seldom.min_frames) == (2, 1)
