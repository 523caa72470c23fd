from dataclasses import replace

import pytest

from shared_schema.evaluate.doorwalk.plan import plan_clip
from shared_schema.evaluate.doorwalk.play import Sighted, nearest
from shared_schema.evaluate.doorwalk.tally import ClipResult, Fate, Result, fate_of, report_of, results_of
from shared_schema.face.types import Box
from tests.shared_schema.evaluate.doorwalk.walkers import decided, names, played, walker

ENROLLED = names("Ann", "Cleo")
ALONE = plan_clip([walker("Ann")], 1)
PAIR = plan_clip((walker("Ann"), walker("Ben", enrolled=False, images=1)), 1)

RIGHT = Sighted(0, 12, decided("match", "Ann"))
WRONG = Sighted(0, 12, decided("match", "Cleo"))
UNSURE = Sighted(0, 12, decided("unsure", "Ann"))
UNKNOWN = Sighted(0, 12, decided("unknown", "Cleo"))


@pytest.mark.parametrize(
    ("sightings", "fate"),
    [
        ((), Fate.MISSED),
        ((UNKNOWN,), Fate.UNKNOWN),
        ((UNKNOWN, UNSURE), Fate.UNSURE),
        ((UNKNOWN, UNSURE, RIGHT), Fate.RIGHT),
        ((RIGHT, WRONG), Fate.WRONG),
        ((Sighted(None, 12, decided("unknown")),), Fate.MISSED),
        ((Sighted(None, 12, decided("match", "Ann")),), Fate.RIGHT),
        ((Sighted(None, 12, decided("match", "Cleo")),), Fate.WRONG),
    ],
)
def test_a_walk_has_one_fate_and_a_wrong_name_outweighs_all(sightings: tuple[Sighted, ...], fate: Fate) -> None:
    assert fate_of(0, ALONE, played(*sightings), ENROLLED) is fate


def test_who_is_named_at_the_other_ones_place_is_named_wrong() -> None:
    sightings = played(Sighted(1, 12, decided("match", "Ann")))
    assert fate_of(0, PAIR, sightings, ENROLLED) is Fate.MISSED
    assert fate_of(1, PAIR, sightings, ENROLLED) is Fate.WRONG


def test_each_of_two_has_their_own_passes() -> None:
    sightings = played(RIGHT, Sighted(1, 20, decided("unknown", "Cleo")), Sighted(None, 3, decided("unknown")))
    result = results_of(PAIR, sightings, None, ENROLLED)
    assert [(one.fate, one.sightings) for one in result.results] == [(Fate.RIGHT, 1), (Fate.UNKNOWN, 1)]
    assert result.nobodys == 1


def test_the_wait_runs_from_the_first_near_frame_to_the_first_right_name() -> None:
    near = ALONE.near_from(0)
    late = results_of(ALONE, played(Sighted(0, near + 3, decided("match", "Ann"))), None, ENROLLED)
    soon = results_of(ALONE, played(Sighted(0, near - 2, decided("match", "Ann"))), None, ENROLLED)
    assert late.results[0].seconds == pytest.approx(0.6)
    assert soon.results[0].seconds == 0.0


def test_a_face_is_the_nearest_walkers_and_a_find_far_from_all_is_nobodys() -> None:
    number = PAIR.near_from(0)
    ann, ben = (walk[number] for walk in PAIR.walks)
    assert ann is not None
    assert ben is not None
    for walker_at, moment in enumerate((ann, ben)):
        half = moment.face_px / 2
        assert nearest(Box(moment.x - half + 3, moment.y - half, 2 * half, 2 * half), PAIR, number) == walker_at
    assert nearest(Box(0, PAIR.size[1] - 40, 40, 40), PAIR, number) is None
    assert nearest(Box(ann.x - 150, ann.y - 150, 300, 300), PAIR, 0) is None


def result(fate: Fate, **changes: object) -> Result:
    one = Result("Ann", enrolled=True, images=3, usable=True, fate=fate, sightings=1, seconds=None, clean=Fate.RIGHT)
    return replace(one, **changes)  # type: ignore[arg-type]


def clip_of(*results: Result) -> ClipResult:
    return ClipResult(results, 1, 30, 1.5)


def test_the_report_sorts_walks_from_strangers_and_leaves_unusable_walks_out() -> None:
    stranger = {"enrolled": False, "clean": None, "name": "Ben"}
    report = report_of(
        [
            clip_of(result(Fate.RIGHT, seconds=0.2), result(Fate.MISSED, sightings=0, clean=Fate.UNSURE)),
            clip_of(result(Fate.WRONG, sightings=2), result(Fate.WRONG, usable=False)),
            clip_of(result(Fate.WRONG, images=1, **stranger), result(Fate.UNSURE, images=2, **stranger)),
            clip_of(result(Fate.UNKNOWN, images=1, usable=False, **stranger)),
        ],
        {},
    )
    fates = [report[key] for key in ("named_right", "named_wrong", "unsure", "unknown", "missed")]
    assert (report["walks"], fates) == (3, [1, 1, 0, 0, 1])
    assert (report["not_usable"], report["not_usable_named_wrong"]) == (1, 1)
    assert (report["strangers"], report["strangers_named"]) == (3, 1)
    assert (report["strangers_one_image"], report["strangers_one_image_named"]) == (2, 1)
    assert (report["strangers_several_images"], report["strangers_several_images_unsure"]) == (1, 1)
    assert (report["sightings_per_walk"], report["sightings_of_nobody"]) == (1.5, 4)
    assert (report["seconds_to_decision_p50"], report["fps"]) == (0.2, 20.0)
    assert report["clean_ceiling"] == pytest.approx(2 / 3, abs=1e-4)


def test_with_labels_every_group_has_its_rates() -> None:
    clips = [clip_of(result(Fate.RIGHT), result(Fate.UNKNOWN, name="Cleo")), clip_of(result(Fate.WRONG, name="Ben", enrolled=False))]
    groups = report_of(clips, {"Ann": "a", "Ben": "b"})["groups"]
    assert isinstance(groups, dict)
    assert (groups["a"]["walks"], groups["a"]["named_right_rate"]) == (1, 1.0)
    assert (groups["b"]["walks"], groups["b"]["strangers_named"]) == (0, 1)
    assert groups["unlabelled"]["unknown_rate"] == 1.0


def test_a_report_of_strangers_alone_has_no_rates_but_is_one() -> None:
    report = report_of([clip_of(result(Fate.UNKNOWN, enrolled=False))], {})
    assert (report["walks"], report["sightings_per_walk"], report["seconds_to_decision_p50"]) == (0, None, None)
