import numpy as np
import pytest

from shared_schema.evaluate.rates import NOT_ACQUIRED, bar_at_rate, best_bar, cosine, folded_accuracy, true_accept_rate


def test_at_most_the_asked_share_of_impostors_lies_above_the_bar() -> None:
    impostors = np.arange(1000) / 1000
    for rate in (0.0, 0.001, 0.01, 0.5):
        assert (impostors > bar_at_rate(impostors, rate)).mean() == pytest.approx(rate, abs=1e-9)


def test_equal_impostors_are_never_split_in_our_favour() -> None:
    impostors = np.array([0.1] * 50 + [0.9] * 50)
    assert (impostors > bar_at_rate(impostors, 0.01)).sum() == 0


def test_too_few_impostors_for_a_rate_leave_the_highest_as_the_bar() -> None:
    assert bar_at_rate(np.array([0.2, 0.7]), 0.001) == 0.7


def test_genuine_comparisons_count_only_above_the_bar() -> None:
    assert true_accept_rate(np.array([0.7, 0.71, 0.9, NOT_ACQUIRED]), np.array([0.2, 0.7]), 0.001) == 0.5


def test_the_best_bar_separates_what_can_be_separated() -> None:
    similarities = np.array([0.1, 0.2, 0.8, 0.9])
    same = np.array([False, False, True, True])
    assert 0.2 < best_bar(similarities, same) < 0.8
    assert best_bar(similarities, np.array([True] * 4)) < 0.1
    assert best_bar(similarities, np.array([False] * 4)) >= 0.9


def test_each_fold_is_judged_by_the_bar_of_the_others() -> None:
    similarities = np.array([0.9, 0.1, 0.9, 0.1, 0.4, 0.3])
    same = np.array([True, False, True, False, True, False])
    folds = np.array([0, 0, 1, 1, 2, 2])
    result = folded_accuracy(similarities, same, folds)
    assert result.mean == pytest.approx((1 + 1 + 0.5) / 3)
    assert result.deviation > 0


def test_a_missing_embedding_matches_nothing() -> None:
    row = np.array([1.0, 0.0], np.float32)
    assert cosine([row, None], [row, row]).tolist() == [1.0, NOT_ACQUIRED]
