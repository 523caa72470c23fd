import numpy as np
import pytest

from shared_schema.evaluate.gallery import Member, confusions, highest_stranger, tally, try_gallery
from shared_schema.evaluate.gallery_report import Advice, as_report, report_of
from shared_schema.face.crowd import Crowd
from shared_schema.face.types import Embeddings, FaceError
from shared_schema.face.vectors import unit
from tests.shared_schema.evaluate.made_up_people import CALIBRATION, DIMENSION, MODEL, crowd, likeness, looks, member, tried


def swapped() -> list[Member]:
    """Two people of whom each has one image of the other among four."""
    first, second = looks(0, 4), looks(1, 4)
    mine, yours = first.copy(), second.copy()
    mine[3], yours[3] = second[3], first[3]
    return [member("Ada", mine), member("Bea", yours)]


def test_people_who_differ_are_all_named_right_and_no_stranger_is() -> None:
    report = report_of(tried(crowd(8)), 1000)
    assert (report.tested, report.ended.right, report.ended.misassigned) == (24, 24, 0)
    assert report.suggestion.advice is Advice.KEEP
    assert report.stranger_headroom is not None
    assert report.stranger_headroom > 0
    assert report.own_headroom is not None
    assert report.own_headroom > 0


def test_an_image_of_somebody_else_gets_the_wrong_name_and_both_names_are_told() -> None:
    found = tried(swapped())
    ended = tally(found, found.policy(100))
    assert ended.wrong == 2
    told = {(one.person.name, one.other.name) for one in confusions(found, found.policy(100))}
    assert told == {("Ada", "Bea"), ("Bea", "Ada")}


def test_no_lower_bar_is_suggested_while_anybody_is_misassigned() -> None:
    people = [*crowd(60, spread=0.9)[2:], *swapped()]
    found = tried(people)
    report = report_of(found, 1000)
    assert report.ended.wrong == 2
    assert report.suggestion.advice in {Advice.RAISE, Advice.LOOK}
    assert report.suggestion.strangers_named_one_in >= 1000


def test_the_control_without_the_swap_is_offered_the_lower_bar() -> None:
    report = report_of(tried(crowd(60, spread=0.9)), 1000)
    assert report.ended.right < report.tested
    assert report.ended.misassigned == 0
    assert (report.suggestion.advice, report.suggestion.strangers_named_one_in) == (Advice.LOWER, 10)
    assert "would be named" in report.suggestion.because


def test_too_few_people_bear_out_no_lower_bar() -> None:
    report = report_of(tried(crowd(12, spread=0.9)), 1000)
    assert report.ended.right < report.tested
    assert report.suggestion.advice is Advice.KEEP
    assert "too few" in report.suggestion.because


def test_a_stranger_who_would_be_named_is_answered_with_a_higher_bar_that_stops_it() -> None:
    twin = np.concatenate([likeness(1, 0, share) for share in (0.42, 0.42, 0.42)])
    found = tried([*crowd(6)[2:], member("Ada", looks(0, 3, spread=0.01)), member("Twin", twin)])
    report = report_of(found, 10)
    assert report.ended.strangers_named > 0
    assert report.suggestion.advice is Advice.RAISE
    assert tally(found, found.policy(report.suggestion.strangers_named_one_in)).misassigned == 0


def test_the_highest_stranger_and_the_highest_pair_are_named() -> None:
    found = tried([*crowd(6)[1:], member("Between", likeness(0, 3, 0.4))])
    stranger = highest_stranger(found)
    assert stranger is not None
    assert {stranger.person.name, stranger.other.name} == {"Between", "Person 3"}
    report = report_of(found, 1000)
    assert report.highest_pair is not None
    assert {report.highest_pair.person.name, report.highest_pair.other.name} == {"Between", "Person 3"}
    assert [one.name for one in report.one_sample_only] == ["Between"]


def test_a_sample_is_never_compared_with_a_template_it_is_part_of() -> None:
    alone = member("Ada", np.concatenate([looks(0, 1), looks(1, 1)]))
    found = tried([alone, *crowd(5)[2:]])
    assert all(trial.own is not None and trial.own.similarity < 0.4 for trial in found.trials if trial.of == 0)


def test_a_face_that_many_people_resemble_must_come_closer_here_as_at_the_doors() -> None:
    crowd_of_zero = Crowd(looks(0, 5, spread=0.1), nearest=5, share=0.5, usual=0.4)
    beside = CALIBRATION.beside(crowd_of_zero)
    plain = tried(crowd(3))
    found = try_gallery(crowd(3), model_id=MODEL, calibration=beside, dimension=DIMENSION)
    common, rare = found.trials[0], found.trials[-1]
    assert common.excess > 0 > rare.excess
    assert found.own[0] == pytest.approx(plain.own[0] - common.excess, abs=1e-6)
    assert found.own[-1] == pytest.approx(plain.own[-1] - rare.excess, abs=1e-6)
    strict = found.policy(100_000)
    assert tally(plain, strict).right == 9
    assert tally(found, strict).right == 6


def test_a_gallery_of_one_person_has_no_strangers_and_still_a_report() -> None:
    report = report_of(tried(crowd(1)), 1000)
    assert (report.people, report.ended.right, report.highest_stranger, report.highest_pair) == (1, 3, None, None)
    assert report.suggestion.advice is Advice.KEEP


def test_one_person_with_one_sample_cannot_be_tried() -> None:
    report = report_of(tried([member("Ada", looks(0, 1))]), 1000)
    assert (report.tested, report.own, report.own_headroom) == (0, None, None)
    assert report.suggestion.advice is Advice.ENROL


def test_an_empty_gallery_says_that_nobody_is_enrolled() -> None:
    report = report_of(tried([]), 1000)
    assert (report.people, report.ended.misassigned) == (0, 0)
    assert "Nobody is enrolled" in report.suggestion.because


def test_an_embedding_that_is_no_number_names_its_person_and_nobody_else() -> None:
    rows = looks(0, 2)
    rows[1, 3] = np.nan
    with pytest.raises(FaceError, match="Ada") as caught:
        tried([*crowd(3)[1:], member("Ada", rows)])
    assert caught.value.code == "not_finite"


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (unit(np.ones((2, DIMENSION * 2))), "wrong_dimension"),
        (looks(0, 2) * 3, "not_unit"),
        (np.empty((0, DIMENSION), np.float32), "empty"),
    ],
)
def test_what_another_model_made_or_nobody_is_refused(samples: Embeddings, code: str) -> None:
    with pytest.raises(FaceError) as caught:
        tried([*crowd(3)[1:], member("Ada", samples)])
    assert caught.value.code == code


def test_one_person_twice_is_refused() -> None:
    with pytest.raises(FaceError) as caught:
        tried([*crowd(2), *crowd(1)])
    assert caught.value.code == "mixed_gallery"


def test_a_report_is_made_of_numbers_and_names_and_of_no_embedding() -> None:
    report = as_report(report_of(tried(swapped()), 100))
    assert report["wrong"] == 2
    assert not any(isinstance(value, np.ndarray) for value in report.values())
    assert {"right", "unsure", "unknown", "highest_stranger", "highest_pair", "own_headroom", "confusions", "suggestion"} <= set(report)
