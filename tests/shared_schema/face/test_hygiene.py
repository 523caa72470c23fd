import numpy as np
import pytest

from shared_schema.face.enrol import make_template
from shared_schema.face.hygiene import MAX_ACTIVE, Reason, disagree, least_similarity, redundant, sort_out, unlike
from shared_schema.face.types import Embeddings, FaceError
from shared_schema.face.vectors import unit

OWN = 0.933


def looks(count: int, *, person: int, spread: float = 0.25, seed: int = 0) -> Embeddings:
    """Samples of one made-up person; two people have nothing in common."""
    random = np.random.default_rng([person, seed])
    middle = np.eye(64)[person]
    return unit(middle + spread * unit(random.normal(size=(count, 64))))


def test_the_odd_one_of_three_is_set_aside_and_the_honest_ones_stay() -> None:
    rows = np.concatenate([looks(2, person=0), looks(1, person=1)])
    assert unlike(rows, min_own_similarity=OWN) == (2,)
    assert unlike(looks(3, person=0), min_own_similarity=OWN) == ()


def test_two_odd_ones_of_five_are_both_set_aside() -> None:
    rows = np.concatenate([looks(3, person=0), looks(1, person=1), looks(1, person=2)])
    assert sorted(unlike(rows, min_own_similarity=OWN)) == [3, 4]


def test_of_two_samples_nobody_can_say_which_is_wrong_but_that_they_disagree() -> None:
    rows = np.concatenate([looks(1, person=0), looks(1, person=1)])
    sorted_out = sort_out(rows, [0.5, 0.5], min_own_similarity=OWN)
    assert (sorted_out.active, sorted_out.set_aside, sorted_out.disagree) == ((0, 1), {}, True)
    assert not disagree(looks(2, person=0), min_own_similarity=OWN)


def test_a_sample_that_staff_keep_is_never_set_aside() -> None:
    rows = np.concatenate([looks(3, person=0), looks(1, person=1)])
    assert sort_out(rows, [1.0] * 4, min_own_similarity=OWN).set_aside == {3: Reason.UNLIKE}
    assert sort_out(rows, [1.0] * 4, kept={3}, min_own_similarity=OWN).set_aside == {}


def test_the_bar_is_lower_against_the_mean_of_few_others_and_never_above_the_calibrated_one() -> None:
    bars = [least_similarity(others, OWN) for others in (1, 2, 3, 4, 20)]
    assert bars == sorted(bars)
    assert bars[3] == bars[4] == pytest.approx(OWN)
    assert bars[1] == pytest.approx(0.9201, abs=1e-4)


def test_the_bar_follows_what_means_of_equally_similar_samples_reach() -> None:
    # Orthonormal noise: any two samples have the same similarity, so the formula must hold exactly.
    rows = unit(np.eye(16)[0] * 2 + np.eye(16)[1:8])
    pair = float(rows[0] @ rows[1])
    of_four = float(rows[0] @ unit(rows[1:5].sum(0)))
    assert least_similarity(1, of_four) == pytest.approx(pair, abs=1e-6)
    assert least_similarity(2, of_four) == pytest.approx(float(rows[0] @ unit(rows[1:3].sum(0))), abs=1e-6)


def test_beyond_the_cap_the_worse_of_the_most_similar_two_goes_and_the_rest_stay() -> None:
    rows = looks(MAX_ACTIVE, person=0)
    doubled = np.concatenate([rows, rows[3:4]])
    values = [0.5] * MAX_ACTIVE + [0.4]
    assert sort_out(doubled, values, min_own_similarity=0.5).set_aside == {MAX_ACTIVE: Reason.REDUNDANT}
    values[3] = 0.3
    assert sort_out(doubled, values, min_own_similarity=0.5).set_aside == {3: Reason.REDUNDANT}
    assert redundant(doubled, values, range(13), kept={3}) == (MAX_ACTIVE,)


def test_more_kept_samples_than_the_cap_are_all_kept() -> None:
    rows = looks(MAX_ACTIVE + 3, person=0)
    everyone = range(len(rows))
    assert redundant(rows, [1.0] * len(rows), everyone, kept=everyone) == ()
    assert len(redundant(rows, [1.0] * len(rows), everyone)) == 3


def test_samples_without_their_qualities_are_refused() -> None:
    with pytest.raises(FaceError, match="qualities"):
        sort_out(looks(3, person=0), [1.0], min_own_similarity=OWN)


def test_the_template_is_the_mean_of_what_is_left() -> None:
    rows = np.concatenate([looks(3, person=0), looks(1, person=1)])
    template, dropped = make_template(rows, min_own_similarity=OWN)
    assert dropped == (3,)
    assert float(template @ unit(rows[:3].mean(0))) == pytest.approx(1, abs=1e-6)


def test_where_any_similarity_is_enough_nothing_is_set_aside() -> None:
    rows = np.concatenate([looks(3, person=0), looks(1, person=1)])
    assert unlike(rows, min_own_similarity=-1.0) == ()
