"""Which face of a frame continues which track."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.doorway.link import are_one_person, assigned, link, sure_places
from shared_schema.doorway.track import Seen, Track
from shared_schema.doorway.types import Look
from shared_schema.face.types import Box, Quality
from tests.shared_schema.doorway.fakes import POLICY, at, face_of


def box(x: float, width: float = 30.0) -> Box:
    return Box(x - width / 2, 40.0, width, width)


def seen(x: float, who: str | None = None, *, width: float = 30.0, number: int = 0) -> Seen:
    if who is None:
        return Seen(box(x, width), None)
    return Seen(box(x, width), Look(face_of(who), Quality(0.8, None, 30, 100.0, 120.0), np.zeros((2, 2, 3), np.uint8), at(number)))


def track(number: int, *faces: Seen) -> Track:
    """Seen in one frame after the other."""
    begun = Track(number, faces[0], at(0))
    for frame, face in enumerate(faces[1:], 1):
        begun.add(face, at(frame))
    return begun


def test_faces_too_poor_to_compare_cross_by_going_on_as_they_went() -> None:
    right = track(1, seen(40), seen(56), seen(72))
    left = track(2, seen(120), seen(104), seen(88))
    linked = link([right, left], [seen(72), seen(88)], at(3), POLICY)
    assert linked == {0: left, 1: right}


def test_faces_too_poor_to_compare_that_stood_still_stay() -> None:
    right, left = track(1, seen(72), seen(72)), track(2, seen(88), seen(88))
    assert link([right, left], [seen(72), seen(88)], at(2), POLICY) == {0: right, 1: left}


def test_likeness_outweighs_place() -> None:
    right, left = track(1, seen(70, "ann"), seen(70, "ann")), track(2, seen(90, "cyd"), seen(90, "cyd"))
    assert link([right, left], [seen(72, "cyd"), seen(88, "ann")], at(2), POLICY) == {0: left, 1: right}


def test_a_newcomer_like_nobody_does_not_take_the_place_of_a_face_that_was_blurred() -> None:
    own = track(1, seen(70, "ann"), seen(70, "ann"))
    assert link([own], [seen(72), seen(95, "cyd")], at(2), POLICY) == {0: own}


def test_another_face_at_the_very_same_place_is_not_the_same() -> None:
    assert link([track(1, seen(70, "ann"))], [seen(70, "cyd")], at(1), POLICY) == {}


def test_nobody_is_linked_across_the_room_or_to_a_face_of_quite_another_size() -> None:
    alone = track(1, seen(20, "ann", width=10))
    assert link([alone], [seen(120, "ann", width=10)], at(1), POLICY) == {}
    assert link([track(1, seen(70, width=20))], [seen(70, width=60)], at(1), POLICY) == {}


STRENGTHS = st.sampled_from([0.0, 0.0, 0.3, 1.0, 1.1, 2.0, 2.9])
MATRICES = st.integers(1, 4).flatmap(lambda wide: st.lists(st.lists(STRENGTHS, min_size=wide, max_size=wide), min_size=1, max_size=4))


@given(strengths=MATRICES)
def test_the_links_are_the_strongest_on_the_whole(strengths: list[list[float]]) -> None:
    rows, columns = len(strengths), len(strengths[0])
    choices = permutations([*range(columns), *([None] * rows)], rows)
    best = max(sum(strengths[row][column] for row, column in enumerate(choice) if column is not None) for choice in choices)
    found = assigned(strengths)
    assert len(set(found.values())) == len(found)
    assert all(strengths[row][column] > 0 for column, row in found.items())
    assert sum(strengths[row][column] for column, row in found.items()) == pytest.approx(best)


def test_a_face_gives_way_to_one_that_has_no_other_track() -> None:
    assert assigned([[2.0, 1.9], [1.9, 0.0]]) == {0: 1, 1: 0}


@pytest.mark.parametrize("others", [(), (seen(200),)])
def test_a_face_alone_where_it_was_is_sure(others: tuple[Seen, ...]) -> None:
    own = track(1, seen(70), seen(70))
    assert sure_places([own], [box(71), *(other.box for other in others)], at(2)) == {0: own}


def test_no_place_is_sure_with_two_faces_or_two_tracks_near_or_after_a_leap() -> None:
    own = track(1, seen(70), seen(70))
    assert sure_places([own], [box(71), box(92)], at(2)) == {}
    assert sure_places([own, track(2, seen(90), seen(90))], [box(71)], at(2)) == {}
    assert sure_places([own], [box(92)], at(2)) == {}


def test_two_tracks_are_one_person_only_if_alike_and_never_seen_together() -> None:
    one, other = track(1, seen(70, "ann")), track(2, seen(170, "ann"))
    assert are_one_person(one, other, POLICY)
    assert not are_one_person(one, track(2, seen(70, "cyd")), POLICY)
    assert not are_one_person(one, track(2, seen(70)), POLICY)
    other.beside.add(1)
    assert not are_one_person(one, other, POLICY)
    assert not are_one_person(other, one, POLICY)
