import pytest

from server.recompute.models import Mark
from tests.server.attendance.lecture import Lecture

pytestmark = pytest.mark.django_db


@pytest.fixture
def lecture() -> Lecture:
    return Lecture()


def test_who_was_seen_is_present_and_who_was_never_seen_is_absent_once_the_door_is_covered(lecture: Lecture) -> None:
    lecture.send(lecture.seen(lecture.ada))
    assert lecture.states() == {lecture.ada: "present"}
    lecture.send(lecture.covers())
    assert lecture.states() == {lecture.ada: "present", lecture.grace: "absent"}
    lecture.session.refresh_from_db()
    assert lecture.session.covered_at is not None
    assert not Mark.objects.exists()
