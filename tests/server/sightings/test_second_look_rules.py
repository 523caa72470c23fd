from datetime import datetime, timedelta

import pytest

from server.sightings.second_look import Circumstances, Difference, Reason, difference_of, reason_of
from tests.factories import NOON

BEFORE, AFTER = NOON - timedelta(days=1), NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("node", "server", "difference"),
    [
        (None, None, Difference.SAME),
        (1, 1, Difference.SAME),
        (None, 1, Difference.NAMED),
        (1, None, Difference.UNNAMED),
        (1, 2, Difference.RENAMED),
    ],
)
def test_only_the_people_named_are_compared(node: int | None, server: int | None, difference: Difference) -> None:
    assert difference_of(node, server) is difference


@pytest.mark.parametrize(
    ("merged", "left", "samples", "bar", "reason"),
    [
        (True, True, [AFTER], True, Reason.PERSON_MERGED),
        (False, True, [AFTER], True, Reason.PERSON_LEFT),
        (False, False, [AFTER, AFTER], True, Reason.LATE_ENROLMENT),
        (False, False, [BEFORE, AFTER], True, Reason.NEW_SAMPLE),
        (False, False, [BEFORE], True, Reason.BAR_CHANGED),
        (False, False, [], False, Reason.GALLERY_CHANGED),
    ],
)
def test_the_reason_is_what_happened_to_the_people_first_and_to_the_bars_last(
    *, merged: bool, left: bool, samples: list[datetime], bar: bool, reason: Reason
) -> None:
    known = Circumstances(captured_at=NOON, merged=merged, left=left, sampled_at=samples, bar_moved=bar)
    assert reason_of(known) is reason
