import pytest
from pydantic import ValidationError

from shared_schema.face.calibration import Calibration, Point
from shared_schema.face.types import FaceError


def calibration(*points: tuple[float, float]) -> Calibration:
    strangers = tuple(Point(one_in=one_in, similarity=similarity) for one_in, similarity in points)
    return Calibration(measured_on="a test", strangers=strangers, min_margin=0.01, min_own_similarity=0.8, duplicate_similarity=0.95)


TABLE = calibration((10, 0.88), (100, 0.90), (1000, 0.93))


def test_a_measured_rate_gives_the_measured_similarity() -> None:
    assert TABLE.min_similarity(strangers_named_one_in=100, gallery_size=1) == pytest.approx(0.90)


def test_between_points_the_similarity_is_interpolated_by_the_logarithm() -> None:
    assert TABLE.min_similarity(strangers_named_one_in=1, gallery_size=316) == pytest.approx(0.915, abs=1e-3)


def test_a_larger_gallery_and_a_stricter_wish_raise_the_bar_alike() -> None:
    assert TABLE.min_similarity(strangers_named_one_in=10, gallery_size=50) == TABLE.min_similarity(
        strangers_named_one_in=50, gallery_size=10
    )


def test_the_bar_never_falls_as_the_gallery_grows() -> None:
    bars = [TABLE.min_similarity(strangers_named_one_in=1000, gallery_size=size) for size in (0, 1, 2, 9, 100, 5000, 10**6)]
    assert bars == sorted(bars)


def test_beyond_the_table_it_rises_as_between_the_last_points_and_stays_below_one() -> None:
    assert TABLE.min_similarity(strangers_named_one_in=1000, gallery_size=10) == pytest.approx(0.96)
    assert TABLE.min_similarity(strangers_named_one_in=10**6, gallery_size=10**6) < 1


def test_below_the_table_the_lowest_measured_similarity_holds() -> None:
    assert TABLE.min_similarity(strangers_named_one_in=1, gallery_size=1) == pytest.approx(0.88)


@pytest.mark.parametrize(("one_in", "size"), [(0, 5), (-3, 5), (1000, -1)])
def test_a_senseless_wish_is_refused(one_in: int, size: int) -> None:
    with pytest.raises(FaceError):
        TABLE.min_similarity(strangers_named_one_in=one_in, gallery_size=size)


@pytest.mark.parametrize("points", [((10, 0.9), (100, 0.88)), ((100, 0.8), (10, 0.9)), ((10, 0.9),)])
def test_a_table_that_does_not_rise_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValidationError):
        calibration(*points)
