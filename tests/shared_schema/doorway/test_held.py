"""A picture held to the camera goes to people; it is never named and never dropped."""

from dataclasses import replace

from shared_schema.doorway import PassDecided
from tests.shared_schema.doorway.fakes import EMPTY, POLICY, Scene, Sight, at, gallery, gist, person, walk

WARY = replace(POLICY, pad=True, max_pad_value=0.6)
GONE = (EMPTY,) * 10
ANN_MATCHES = ("match", person("ann"))


def shown(frames: int, *, held: bool) -> tuple[Scene, ...]:
    return (*((Sight("ann", x=80.0 + n % 3, held=held),) for n in range(frames)), *GONE)


def only(passes: tuple[PassDecided, ...]) -> PassDecided:
    (decided,) = passes
    return decided


def test_a_held_picture_is_unsure_and_says_so() -> None:
    decided = only(walk(shown(8, held=True), gallery("ann", "bob"), WARY))
    assert (decided.outcome, decided.evidence.doubts) == ("unsure", ("pad",))
    assert decided.pad_value is not None
    assert decided.pad_value > WARY.max_pad_value
    assert decided.candidate is not None
    assert decided.candidate.person == person("ann")


def test_a_living_face_is_named_as_soon_as_two_looks_lie_far_enough_apart() -> None:
    decided = only(walk(shown(8, held=False), gallery("ann", "bob"), WARY))
    assert gist([decided]) == [ANN_MATCHES]
    assert decided.until_at == at(2)
    assert decided.pad_value is not None
    assert decided.pad_value < WARY.max_pad_value


def test_where_nobody_asks_for_pictures_a_match_does_not_wait_and_a_picture_is_named() -> None:
    decided = only(walk(shown(8, held=True), gallery("ann", "bob")))
    assert gist([decided]) == [ANN_MATCHES]
    assert (decided.until_at, decided.pad_value) == (at(1), None)


def test_a_match_without_evidence_about_pictures_is_told_when_the_pass_ends() -> None:
    assert gist(walk(shown(2, held=True), gallery("ann", "bob"), WARY)) == [ANN_MATCHES]


def test_a_picture_held_for_long_is_told_of_once_and_never_named() -> None:
    living = tuple((Sight("ann", x=80.0 + n % 3),) for n in range(40))
    passes = walk((*shown(90, held=True)[:-10], *living, *GONE), gallery("ann", "bob"), WARY)
    assert [(decided.outcome, decided.evidence.doubts) for decided in passes] == [("unsure", ("pad",))]


def test_a_held_picture_of_a_stranger_is_as_unknown_as_the_stranger() -> None:
    assert gist(walk(shown(8, held=True), gallery("bob", "dan"), WARY)) == [("unknown", None)]
